//! A small record in a file that is either the old one or the new one, whatever happens.

use std::{
	fs::{self, File, OpenOptions, TryLockError},
	io::{self, Write},
	path::{Path, PathBuf},
};

/// A record that one process at a time may use.
#[derive(Debug)]
pub struct Record {
	path: PathBuf,
	/// Locked while this lives.
	_lock: File,
}

/// Why a record can't be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
	/// Another process uses it.
	#[error("{} is in use by another program", path.display())]
	InUse {
		/// The record.
		path: PathBuf,
	},
	/// The disk refused.
	#[error("{}: {error}", path.display())]
	Io {
		/// The record.
		path: PathBuf,
		/// Why.
		error: io::Error,
	},
	/// It holds something else.
	#[error("{} holds no state of a channel", path.display())]
	Corrupt {
		/// The record.
		path: PathBuf,
	},
}

impl Record {
	/// Opens the record `name` in `folder`, which is made if need be; also returns what it holds.
	///
	/// # Errors
	///
	/// See [`StoreError`].
	pub fn open(folder: &Path, name: &str) -> Result<(Self, Option<Vec<u8>>), StoreError> {
		let path = folder.join(name);
		let failed = |error| StoreError::Io { path: path.clone(), error };
		fs::create_dir_all(folder).map_err(failed)?;
		let lock = private().open(folder.join(format!("{name}.lock"))).map_err(failed)?;
		match lock.try_lock() {
			Ok(()) => {}
			Err(TryLockError::WouldBlock) => return Err(StoreError::InUse { path }),
			Err(TryLockError::Error(error)) => return Err(failed(error)),
		}
		let bytes = read(&path).map_err(failed)?;
		Ok((Self { path, _lock: lock }, bytes))
	}

	/// Replaces what it holds. On disk when this returns.
	///
	/// # Errors
	///
	/// [`StoreError::Io`]; it holds what it held before, or the new bytes.
	pub fn put(&self, bytes: &[u8]) -> Result<(), StoreError> {
		let write = || {
			let new = self.path.with_extension("new");
			let mut file = private().truncate(true).open(&new)?;
			file.write_all(bytes)?;
			file.sync_all()?;
			fs::rename(&new, &self.path)?;
			// The new name is on disk only when its folder is.
			self.path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
		};
		write().map_err(|error| StoreError::Io { path: self.path.clone(), error })
	}

	/// Takes it away.
	///
	/// # Errors
	///
	/// [`StoreError::Io`].
	pub fn remove(&self) -> Result<(), StoreError> {
		match fs::remove_file(&self.path) {
			Err(error) if error.kind() != io::ErrorKind::NotFound => {
				Err(StoreError::Io { path: self.path.clone(), error })
			}
			_ => {
				// The lock's file is empty; one that is left behind does no harm.
				let _ = fs::remove_file(self.path.with_file_name(format!("{}.lock", self.name())));
				Ok(())
			}
		}
	}

	fn name(&self) -> String {
		self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
	}

	/// That what it holds makes no sense.
	pub fn corrupt(&self) -> StoreError {
		StoreError::Corrupt { path: self.path.clone() }
	}
}

/// What a record holds, without keeping others from it.
///
/// # Errors
///
/// When it can't be read; one that is not there is `None`.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
	match fs::read(path) {
		Ok(bytes) => Ok(Some(bytes)),
		Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
		Err(error) => Err(error),
	}
}

/// To write a file that nobody else can read.
fn private() -> OpenOptions {
	let mut options = OpenOptions::new();
	options.create(true).write(true).truncate(false);
	#[cfg(unix)]
	std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
	options
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn record_should_hold_the_last_bytes_when_it_is_opened_again() {
		let folder = tempfile::tempdir().unwrap();
		let (record, before) = Record::open(folder.path(), "channel-7").unwrap();
		assert_eq!(before, None);
		record.put(b"one").unwrap();
		record.put(b"2").unwrap();
		drop(record);
		let (record, held) = Record::open(folder.path(), "channel-7").unwrap();
		assert_eq!(held.as_deref(), Some(&b"2"[..]));
		record.remove().unwrap();
		drop(record);
		assert_eq!(Record::open(folder.path(), "channel-7").unwrap().1, None);
	}

	#[test]
	fn record_should_be_refused_when_it_is_in_use() {
		let folder = tempfile::tempdir().unwrap();
		let held = Record::open(folder.path(), "channel-7").unwrap();
		assert!(matches!(Record::open(folder.path(), "channel-7"), Err(StoreError::InUse { .. })));
		drop(held);
		assert!(Record::open(folder.path(), "channel-7").is_ok());
	}

	#[test]
	fn record_should_hold_the_old_bytes_when_a_new_file_was_only_begun() {
		let folder = tempfile::tempdir().unwrap();
		let (record, _) = Record::open(folder.path(), "channel-7").unwrap();
		record.put(b"old").unwrap();
		drop(record);
		fs::write(folder.path().join("channel-7.new"), b"ne").unwrap();
		assert_eq!(Record::open(folder.path(), "channel-7").unwrap().1.as_deref(), Some(&b"old"[..]));
	}
}
