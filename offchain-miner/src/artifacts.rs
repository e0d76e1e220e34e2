//! What is too large for the chain: kept in the work directory under its sha256, and named by a small document on chain.

use std::{
	fs, io,
	path::{Path, PathBuf},
	time::{Duration, SystemTime},
};

use serde_json::json;
use sha2::{Digest, Sha256};

/// Folder below the work directory.
const FOLDER: &str = "artifacts";

/// Artifacts are kept for a week.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);

/// How often old ones are looked for.
const PRUNE: Duration = Duration::from_secs(3_600);

/// Characters of a sha256 in hex.
const DIGITS: usize = 64;

/// Something that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
	/// sha256 of its bytes, in lower-case hex.
	pub sha256: String,
	/// How many bytes.
	pub bytes: usize,
	/// What it is, such as `image/png`.
	pub media_type: &'static str,
}

impl Artifact {
	/// The document that stands on chain: `sha256`, `bytes`, `media_type`, and `url` below `public`, if that is given.
	pub fn document(&self, public: Option<&str>) -> Vec<u8> {
		let Self { sha256, bytes, media_type } = self;
		let mut document = json!({ "sha256": sha256, "bytes": bytes, "media_type": media_type });
		if let Some(public) = public {
			document["url"] = format!("{}/{FOLDER}/{sha256}", public.trim_end_matches('/')).into();
		}
		document.to_string().into_bytes()
	}
}

/// The artifacts of one work directory.
#[derive(Clone, Debug)]
pub struct Artifacts {
	folder: PathBuf,
}

impl Artifacts {
	/// Those of this work directory.
	pub fn new(work_dir: &Path) -> Self {
		Self { folder: work_dir.join(FOLDER) }
	}

	/// Keeps these bytes.
	///
	/// # Errors
	///
	/// When they can't be written.
	pub fn keep(&self, bytes: &[u8], media_type: &'static str) -> io::Result<Artifact> {
		let sha256 = hex::encode(Sha256::digest(bytes));
		fs::create_dir_all(&self.folder)?;
		let path = self.folder.join(&sha256);
		if !path.exists() {
			// Whoever sees the name sees all of the bytes.
			let unfinished = self.folder.join(format!("{sha256}.part"));
			fs::write(&unfinished, bytes)?;
			fs::rename(&unfinished, path)?;
		}
		Ok(Artifact { sha256, bytes: bytes.len(), media_type })
	}

	/// Removes what is older than a week, now and every hour.
	pub async fn keep_pruned(self) {
		let mut hours = tokio::time::interval(PRUNE);
		loop {
			hours.tick().await;
			let artifacts = self.clone();
			match tokio::task::spawn_blocking(move || artifacts.prune(SystemTime::now(), KEPT)).await {
				Ok(Ok(0)) | Err(_) => {}
				Ok(Ok(count)) => tracing::info!(event = %"artifacts_pruned", count),
				Ok(Err(error)) => tracing::warn!(event = %"artifacts_pruned", %error),
			}
		}
	}

	/// Removes what was made longer than `kept` before `now`; returns how many.
	fn prune(&self, now: SystemTime, kept: Duration) -> io::Result<usize> {
		let entries = match fs::read_dir(&self.folder) {
			Ok(entries) => entries,
			Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
			Err(error) => return Err(error),
		};
		let mut count = 0usize;
		for entry in entries {
			let entry = entry?;
			let made = entry.metadata()?.modified()?;
			if now.duration_since(made).is_ok_and(|age| age > kept) {
				fs::remove_file(entry.path())?;
				count = count.saturating_add(1);
			}
		}
		Ok(count)
	}

	/// The file with this sha256 in lower-case hex; `None` for anything that is no such name.
	pub fn path(&self, sha256: &str) -> Option<PathBuf> {
		let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
		(sha256.len() == DIGITS && sha256.chars().all(is_digit)).then(|| self.folder.join(sha256))
	}
}

/// What bytes are, by their first few; `None` for what is no image that browsers show.
pub fn image_type(bytes: &[u8]) -> Option<&'static str> {
	match bytes {
		[0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
		[0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
		[b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
		_ => None,
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn artifact_should_be_found_by_its_sha256_when_it_was_kept() {
		let dir = tempfile::tempdir().unwrap();
		let artifacts = Artifacts::new(dir.path());
		let kept = artifacts.keep(b"abc", "image/png").unwrap();
		assert_eq!(kept.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
		assert_eq!(kept.bytes, 3);
		assert_eq!(fs::read(artifacts.path(&kept.sha256).unwrap()).unwrap(), b"abc");
		assert_eq!(artifacts.keep(b"abc", "image/png").unwrap(), kept);
		assert_eq!(fs::read_dir(dir.path().join(FOLDER)).unwrap().count(), 1);
	}

	#[test]
	fn artifact_should_be_removed_when_it_is_older_than_it_is_kept() {
		let dir = tempfile::tempdir().unwrap();
		let artifacts = Artifacts::new(dir.path());
		assert_eq!(artifacts.prune(SystemTime::now(), KEPT).unwrap(), 0);
		let kept = artifacts.keep(b"abc", "image/png").unwrap();
		assert_eq!(artifacts.prune(SystemTime::now(), KEPT).unwrap(), 0);
		assert_eq!(artifacts.prune(SystemTime::now() + KEPT + PRUNE, KEPT).unwrap(), 1);
		assert!(!artifacts.path(&kept.sha256).unwrap().exists());
	}

	#[test]
	fn path_should_be_none_when_the_name_is_no_sha256() {
		let artifacts = Artifacts::new(Path::new("/x"));
		let dots = format!("../{}", "a".repeat(61));
		for name in ["", "abc", &"A".repeat(64), &"a".repeat(65), &dots, &"/".repeat(64)] {
			assert_eq!(artifacts.path(name), None, "{name}");
		}
	}

	#[test]
	fn document_should_fit_the_chain_when_the_address_is_long() {
		let artifact = Artifact { sha256: "a".repeat(64), bytes: usize::MAX, media_type: "image/jpeg" };
		let plain = artifact.document(None);
		assert!(!String::from_utf8(plain).unwrap().contains("url"));
		let public = format!("https://{}.example/", "a".repeat(700));
		let document = artifact.document(Some(&public));
		assert!(document.len() <= millrace_primitives::workload::MAX_MANIFEST_BYTES as usize);
		let shown: serde_json::Value = serde_json::from_slice(&document).unwrap();
		assert_eq!(shown["url"], format!("{public}artifacts/{}", "a".repeat(64)));
	}
}
