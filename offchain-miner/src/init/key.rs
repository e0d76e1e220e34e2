//! The operator's key file.

use std::{
	fs::OpenOptions,
	io::{self, Write},
	path::Path,
};

use anyhow::Context;
use millrace_client::Signer;
use rand::{rngs::OsRng, RngCore};

/// Makes a key in a file that only its owner reads, unless there is one already; says whether it made one. The words
/// go nowhere else.
pub(super) fn make_or_keep(path: &Path) -> anyhow::Result<bool> {
	let mut entropy = [0; 16];
	OsRng.fill_bytes(&mut entropy);
	let words = Signer::mnemonic(&entropy)?;
	match create(path, &format!("{words}\n")) {
		Ok(()) => Ok(true),
		Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
		Err(error) => Err(error).with_context(|| format!("can't write {}", path.display())),
	}
}

/// Writes a new file of mode 600, on disk when this returns.
pub(super) fn create(path: &Path, text: &str) -> io::Result<()> {
	let mut options = OpenOptions::new();
	options.write(true).create_new(true);
	#[cfg(unix)]
	std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
	let mut file = options.open(path)?;
	file.write_all(text.as_bytes())?;
	file.sync_all()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn keys_should_differ_and_stay_when_they_are_made() {
		let dir = tempfile::tempdir().unwrap();
		let (one, two) = (dir.path().join("1"), dir.path().join("2"));
		assert!(make_or_keep(&one).unwrap() && make_or_keep(&two).unwrap());
		let read = |path: &Path| std::fs::read_to_string(path).unwrap();
		let words = read(&one);
		assert_ne!(words, read(&two));
		assert!(Signer::from_uri(words.trim()).is_ok());
		assert!(!make_or_keep(&one).unwrap());
		assert_eq!(read(&one), words);
	}
}
