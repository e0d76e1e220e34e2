//! Who may use the gateway, and who pays.

use std::{collections::HashSet, fs, path::Path};

use anyhow::{bail, Context};
use millrace_client::Signer;
use rand::{rngs::OsRng, RngCore};
use sha2::{Digest, Sha256};

/// What API keys begin with, as OpenAI's do: some clients look at it.
const PREFIX: &str = "sk-millrace-";

/// The API keys that are let in, by their sha256.
#[derive(Clone, Debug)]
pub enum ApiKeys {
	/// Whoever reaches the address.
	Anybody,
	/// Those with one of these keys.
	Listed(HashSet<[u8; 32]>),
}

impl ApiKeys {
	/// Reads a file with a sha256 in hex at the start of each line; empty lines and those that begin with `#` do not count.
	///
	/// # Errors
	///
	/// The file can't be read, has no key, or a line that is none; the line is named.
	pub fn read(path: &Path) -> anyhow::Result<Self> {
		let text = fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
		let mut keys = HashSet::new();
		for (index, line) in text.lines().enumerate() {
			let line = line.trim();
			if line.is_empty() || line.starts_with('#') {
				continue;
			}
			let hash = line.split_whitespace().next().unwrap_or_default();
			let bytes = hex::decode(hash).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
			let Some(bytes) = bytes else {
				bail!(
					"{}, line {}: expected 64 hex digits, the sha256 of a key; `millrace-gateway new-key` prints such lines",
					path.display(),
					index.saturating_add(1)
				);
			};
			keys.insert(bytes);
		}
		if keys.is_empty() {
			bail!("{} has no key; `millrace-gateway new-key` makes one", path.display());
		}
		Ok(Self::Listed(keys))
	}

	/// Whether a request with this `Authorization` header is let in. Only hashes are compared, so that the time it takes
	/// says nothing of the keys.
	pub fn allow(&self, authorization: Option<&str>) -> bool {
		match self {
			Self::Anybody => true,
			Self::Listed(keys) => authorization
				.and_then(|header| header.strip_prefix("Bearer "))
				.is_some_and(|key| keys.contains(&hash(key.trim()))),
		}
	}
}

fn hash(key: &str) -> [u8; 32] {
	Sha256::digest(key.as_bytes()).into()
}

/// Prints a new API key, and what lets it in.
pub fn print_new() {
	let mut bytes = [0; 24];
	OsRng.fill_bytes(&mut bytes);
	let key = format!("{PREFIX}{}", hex::encode(bytes));
	println!("key:                   {key}");
	println!("line for --api-keys:   {}", hex::encode(hash(&key)));
}

/// The paying account's key from the first line of a file.
///
/// # Errors
///
/// The file can't be read, others than its owner can read it, or it has no key.
pub fn payer(path: &Path) -> anyhow::Result<Signer> {
	let meta = fs::metadata(path).with_context(|| format!("can't read {}", path.display()))?;
	#[cfg(unix)]
	if std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o077 != 0 {
		bail!("{} can be read by others than its owner; run chmod 600 on it", path.display());
	}
	let text = fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
	let secret = text.lines().next().unwrap_or_default().trim();
	Signer::from_uri(secret).with_context(|| format!("the first line of {}", path.display()))
}

#[cfg(test)]
mod tests {
	use super::*;

	fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("keys");
		fs::write(&path, text).unwrap();
		(folder, path)
	}

	#[test]
	fn request_should_be_let_in_only_with_a_listed_key() {
		let (_folder, path) = file(&format!("# laptop\n\n{} me\n", hex::encode(hash("sk-one"))));
		let keys = ApiKeys::read(&path).unwrap();
		assert!(keys.allow(Some("Bearer sk-one")));
		for header in [None, Some("Bearer sk-two"), Some("sk-one"), Some("Bearer "), Some("Basic sk-one")] {
			assert!(!keys.allow(header), "{header:?}");
		}
		assert!(ApiKeys::Anybody.allow(None));
	}

	#[test]
	fn file_should_be_refused_with_its_line_when_that_is_no_hash() {
		let (_folder, path) = file("# a comment\nsk-one\n");
		let error = ApiKeys::read(&path).unwrap_err().to_string();
		assert!(error.contains("line 2"), "{error}");
		let (_folder, path) = file("# nobody\n");
		assert!(ApiKeys::read(&path).unwrap_err().to_string().contains("no key"));
	}

	#[cfg(unix)]
	#[test]
	fn payer_should_be_refused_when_others_can_read_the_file() {
		use std::os::unix::fs::PermissionsExt;
		let (_folder, path) = file("//Alice\n");
		fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
		assert!(payer(&path).err().unwrap().to_string().contains("chmod 600"));
		fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
		assert_eq!(payer(&path).unwrap().account_id(), Signer::from_uri("//Alice").unwrap().account_id());
	}
}
