//! The disk of the work directory.

use std::path::Path;

use serde::Serialize;

/// Bytes of the disk that a path is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Disk {
	/// All of them.
	pub total: u64,
	/// Those that this process may still fill.
	pub free: u64,
}

/// The disk of `path`, or of the nearest folder above that exists.
///
/// # Errors
///
/// When the system does not say.
pub fn of(path: &Path) -> std::io::Result<Disk> {
	let absolute = std::path::absolute(path)?;
	let existing = absolute.ancestors().find(|path| path.exists()).unwrap_or(&absolute);
	let found = rustix::fs::statvfs(existing)?;
	Ok(Disk {
		total: found.f_blocks.saturating_mul(found.f_frsize),
		free: found.f_bavail.saturating_mul(found.f_frsize),
	})
}

/// Why the disk of `path` takes no more work: fewer than `min_free_mb` megabytes (10^6 bytes) are free. A disk that
/// can't be asked counts as free: what is written there says more.
pub fn too_full(path: &Path, min_free_mb: u64) -> Option<String> {
	let free_mb = of(path).ok()?.free / 1_000_000;
	(free_mb < min_free_mb).then(|| {
		format!("{free_mb} MB are free on the disk of {}; limits.min_free_disk_mb is {min_free_mb}", path.display())
	})
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn disk_should_be_too_full_when_less_is_free_than_wanted() {
		let dir = tempfile::tempdir().unwrap();
		assert_eq!(too_full(dir.path(), 0), None);
		assert!(too_full(dir.path(), u64::MAX).unwrap().contains("min_free_disk_mb"));
	}

	#[test]
	fn disk_should_be_that_of_the_folder_above_when_the_path_does_not_exist() {
		let dir = tempfile::tempdir().unwrap();
		assert_eq!(of(&dir.path().join("a/b")).unwrap().total, of(dir.path()).unwrap().total);
	}
}
