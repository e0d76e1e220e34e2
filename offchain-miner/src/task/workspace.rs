//! The folder of one task.

use std::{
	fs, io,
	os::unix::fs::{chown, MetadataExt, PermissionsExt},
	path::{Path, PathBuf},
};

use super::sandbox::Identity;

/// What the task reads.
pub(super) const INPUT: &str = "input";
/// What it works with.
pub(super) const WORK: &str = "work";
/// What it makes.
pub(super) const OUTPUT: &str = "output";
/// What it prints.
pub(super) const LOGS: &str = "logs";

/// The most folders that are looked into below each other: deeper ones count as full.
const MAX_DEPTH: usize = 64;

/// Makes the folders of a new task. Those that it writes to belong to the user that it runs as.
pub(super) fn make(path: &Path, identity: Option<Identity>) -> io::Result<()> {
	make_folder(path)?;
	for name in [INPUT, WORK, OUTPUT, LOGS] {
		let folder = path.join(name);
		make_folder(&folder)?;
		if let Some(identity) = identity.filter(|_| name != INPUT) {
			chown(&folder, Some(identity.user), Some(identity.group))?;
		}
	}
	Ok(())
}

/// A folder that others may enter, whatever the umask is: the folder of all workspaces is closed.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
	fs::create_dir(path)?;
	fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

/// Removes a folder and all below it, whatever modes a task gave to them.
pub(super) fn remove(path: &Path) -> io::Result<()> {
	let result = match fs::remove_dir_all(path) {
		Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
			open_up(path, MAX_DEPTH)?;
			fs::remove_dir_all(path)
		}
		other => other,
	};
	match result {
		Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
		other => other,
	}
}

fn open_up(path: &Path, depth: usize) -> io::Result<()> {
	fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
	if depth == 0 {
		return Ok(());
	}
	for entry in fs::read_dir(path)? {
		let entry = entry?;
		if entry.file_type()?.is_dir() {
			open_up(&entry.path(), depth - 1)?;
		}
	}
	Ok(())
}

/// What folders take on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
	/// Bytes, by blocks.
	pub bytes: u64,
	/// Files and folders.
	pub files: u64,
}

impl Taken {
	/// All that is below some folders; no longer looked at once it is more than `most`.
	pub fn by(folders: &[PathBuf], most: Self) -> io::Result<Self> {
		let mut taken = Self::default();
		let mut open: Vec<(PathBuf, usize)> = folders.iter().map(|folder| (folder.clone(), 0)).collect();
		while let Some((folder, depth)) = open.pop() {
			if depth > MAX_DEPTH {
				return Err(io::Error::other(format!("more than {MAX_DEPTH} folders below each other")));
			}
			for entry in vanishing(fs::read_dir(&folder))?.into_iter().flatten() {
				let entry = entry?;
				let Some(found) = vanishing(entry.metadata())? else { continue };
				taken.bytes = taken.bytes.saturating_add(found.blocks().saturating_mul(512));
				taken.files = taken.files.saturating_add(1);
				if taken.exceeds(most) {
					return Ok(taken);
				}
				if found.is_dir() {
					open.push((entry.path(), depth + 1));
				}
			}
		}
		Ok(taken)
	}

	/// Whether there is more of anything.
	pub fn exceeds(self, most: Self) -> bool {
		self.bytes > most.bytes || self.files > most.files
	}
}

/// What was removed while it was looked at takes nothing.
fn vanishing<T>(found: io::Result<T>) -> io::Result<Option<T>> {
	match found {
		Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
		other => other.map(Some),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn taken_should_stop_when_there_is_more_than_the_most() {
		let dir = tempfile::tempdir().unwrap();
		for name in 0..20 {
			fs::write(dir.path().join(name.to_string()), [1; 5_000]).unwrap();
		}
		let folders = [dir.path().to_owned()];
		let all = Taken::by(&folders, Taken { bytes: u64::MAX, files: u64::MAX }).unwrap();
		assert!(all.files == 20 && all.bytes >= 100_000, "{all:?}");
		let most = Taken { bytes: u64::MAX, files: 5 };
		assert!(Taken::by(&folders, most).unwrap().exceeds(most));
		let most = Taken { bytes: 20_000, files: 100 };
		assert!(Taken::by(&folders, most).unwrap().exceeds(most));
	}

	#[test]
	fn folder_should_be_removed_when_its_modes_forbid_it() {
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("a");
		fs::create_dir_all(path.join("b/c")).unwrap();
		fs::write(path.join("b/c/d"), "").unwrap();
		fs::set_permissions(path.join("b"), fs::Permissions::from_mode(0o0)).unwrap();
		remove(&path).unwrap();
		assert!(!path.exists());
		remove(&path).unwrap();
	}
}
