//! The key by which clients know the miner's sessions.

use std::{fs, path::Path};

use anyhow::Context;
use millrace_client::session::network::Keypair;

use crate::config::secret;

/// The key's file in the work directory.
const FILE: &str = "session.key";

/// Reads the key, or makes it: 64 hex digits of an ed25519 secret, in a file that only its owner can read.
///
/// # Errors
///
/// When the file can't be read or written, others can read it, or it holds no key.
pub fn load(work_dir: &Path) -> anyhow::Result<Keypair> {
	let path = work_dir.join(FILE);
	if !path.exists() {
		make(work_dir, &path)?;
	}
	read(&path)
}

/// Reads the key; `None`: it is not made yet.
///
/// # Errors
///
/// As [`load`].
pub fn find(work_dir: &Path) -> anyhow::Result<Option<Keypair>> {
	let path = work_dir.join(FILE);
	path.exists().then(|| read(&path)).transpose()
}

fn read(path: &Path) -> anyhow::Result<Keypair> {
	let text = secret::read(path)?;
	let mut bytes = [0; 32];
	hex::decode_to_slice(text.trim(), &mut bytes).with_context(|| format!("{} holds no key", path.display()))?;
	Keypair::ed25519_from_bytes(bytes).with_context(|| format!("{} holds no key", path.display()))
}

fn make(work_dir: &Path, path: &Path) -> anyhow::Result<()> {
	use std::{io::Write, os::unix::fs::OpenOptionsExt};
	let secret: [u8; 32] = rand::random();
	fs::create_dir_all(work_dir).with_context(|| format!("can't make {}", work_dir.display()))?;
	let new = path.with_extension("new");
	let write = || {
		let mut file = fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&new)?;
		file.write_all(hex::encode(secret).as_bytes())?;
		file.sync_all()?;
		fs::rename(&new, path)
	};
	write().with_context(|| format!("can't write {}", path.display()))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn key_should_be_the_same_when_it_is_read_again() {
		let folder = tempfile::tempdir().unwrap();
		let made = load(folder.path()).unwrap().public();
		assert_eq!(load(folder.path()).unwrap().public(), made);
	}

	#[test]
	fn key_should_be_refused_when_others_can_read_it() {
		use std::os::unix::fs::PermissionsExt;
		let folder = tempfile::tempdir().unwrap();
		load(folder.path()).unwrap();
		let path = folder.path().join(FILE);
		fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
		assert!(load(folder.path()).unwrap_err().to_string().contains("chmod 600"));
	}
}
