//! A small record in a file that is either the old one or the new one, whatever happens.
//!
//! The file has two places, used in turn, each a page of the disk: [`MAGIC`], a number that only rises (8 bytes
//! little-endian), the length of the content (4 bytes), the first 8 bytes of blake2-256 over number and content, and the
//! content. The place with the higher number counts. One that was only half written fails its check, and then the other
//! one counts, which was on disk before this one was begun.

use std::{
	fs::{self, File, OpenOptions, TryLockError},
	io::{self, Write},
	path::{Path, PathBuf},
	sync::{Arc, Mutex, PoisonError},
};

use millrace_primitives::job::payload_hash;
use tokio::task::JoinHandle;

/// What every place begins with.
const MAGIC: [u8; 8] = *b"mrecord2";

/// Bytes before the content.
const HEAD: usize = 28;

/// Bytes of a place.
const PLACE: usize = 4_096;

/// A record that one process at a time may use.
#[derive(Debug)]
pub struct Record {
	path: PathBuf,
	/// Shared with what is on its way to the disk, which must not keep the lock.
	file: Arc<File>,
	/// Of the content that counts.
	number: Mutex<u64>,
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
		let bytes = fs::read(&path);
		let (number, content) = match bytes {
			Ok(bytes) => match newest(&bytes) {
				Some((number, content)) => (number, Some(content.to_vec())),
				None => return Err(StoreError::Corrupt { path }),
			},
			Err(error) if error.kind() == io::ErrorKind::NotFound => {
				create(&path).map_err(failed)?;
				(0, None)
			}
			Err(error) => return Err(failed(error)),
		};
		let content = content.filter(|content| !content.is_empty());
		let file = Arc::new(OpenOptions::new().write(true).open(&path).map_err(failed)?);
		// What another process has written may still be on its way.
		file.sync_data().map_err(failed)?;
		Ok((Self { path, file, number: Mutex::new(number), _lock: lock }, content))
	}

	/// Replaces what it holds. On disk when this returns.
	///
	/// # Errors
	///
	/// [`StoreError`]; it holds what it held before, or the new bytes.
	pub fn put(&self, content: &[u8]) -> Result<(), StoreError> {
		self.write(content)?;
		self.flush()
	}

	/// Replaces what it holds: for every process from now on, and once [`Record::flush`] has returned for the disk as well.
	/// Must not be called again before that.
	fn write(&self, content: &[u8]) -> Result<(), StoreError> {
		let mut number = self.number.lock().unwrap_or_else(PoisonError::into_inner);
		let next = number.saturating_add(1);
		let place = place(next, content).ok_or_else(|| {
			let error = io::Error::new(io::ErrorKind::FileTooLarge, "more than a record can hold");
			StoreError::Io { path: self.path.clone(), error }
		})?;
		write_at(&self.file, &place, offset(next))
			.map_err(|error| StoreError::Io { path: self.path.clone(), error })?;
		*number = next;
		Ok(())
	}

	fn flush(&self) -> Result<(), StoreError> {
		self.file.sync_data().map_err(|error| StoreError::Io { path: self.path.clone(), error })
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
/// When it can't be read, or is no record; one that is not there is `None`.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
	match fs::read(path) {
		Ok(bytes) => match newest(&bytes) {
			Some((_, content)) => Ok(Some(content.to_vec()).filter(|content| !content.is_empty())),
			None => Err(StoreError::Corrupt { path: path.to_owned() }),
		},
		Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
		Err(error) => Err(StoreError::Io { path: path.to_owned(), error }),
	}
}

/// A record whose content reaches the disk a moment after it was replaced. A process that is killed loses nothing; when
/// the machine loses its power, what was put last may be lost, and nothing before it.
#[derive(Debug)]
pub struct Behind {
	record: Record,
	flush: Option<JoinHandle<Result<(), StoreError>>>,
}

impl Behind {
	/// Nothing of the record is under way to the disk.
	pub fn new(record: Record) -> Self {
		Self { record, flush: None }
	}

	/// Replaces what it holds, once what it held is on disk.
	///
	/// # Errors
	///
	/// [`StoreError`]; nothing was replaced then.
	pub async fn put(&mut self, content: &[u8]) -> Result<(), StoreError> {
		self.settle().await?;
		self.record.write(content)?;
		let (file, path) = (self.record.file.clone(), self.record.path.clone());
		let flush = move || file.sync_data().map_err(|error| StoreError::Io { path, error });
		self.flush = Some(tokio::task::spawn_blocking(flush));
		Ok(())
	}

	/// Waits until all is on disk.
	///
	/// # Errors
	///
	/// [`StoreError::Io`].
	pub async fn settle(&mut self) -> Result<(), StoreError> {
		let Some(flush) = &mut self.flush else { return Ok(()) };
		let done = flush.await;
		self.flush = None;
		done.unwrap_or_else(|error| {
			Err(StoreError::Io { path: self.record.path.clone(), error: io::Error::other(error) })
		})
	}

	/// The record.
	pub fn record(&self) -> &Record {
		&self.record
	}
}

/// Makes a record that holds nothing. Its two places are there from the start, so that a write changes no other page.
fn create(path: &Path) -> io::Result<()> {
	let new = path.with_extension("new");
	let mut file = private().truncate(true).open(&new)?;
	let mut bytes = place(0, &[]).unwrap_or_default();
	bytes.resize(2 * PLACE, 0);
	file.write_all(&bytes)?;
	file.sync_all()?;
	fs::rename(&new, path)?;
	// The new name is on disk only when its folder is.
	path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Where the content of this number is.
fn offset(number: u64) -> u64 {
	if number.is_multiple_of(2) {
		0
	} else {
		PLACE as u64
	}
}

fn check(number: u64, content: &[u8]) -> [u8; 8] {
	let mut bytes = number.to_le_bytes().to_vec();
	bytes.extend(content);
	let mut check = [0; 8];
	check.copy_from_slice(&payload_hash(&bytes).0[..8]);
	check
}

/// The bytes of a place; `None`: the content does not fit.
fn place(number: u64, content: &[u8]) -> Option<Vec<u8>> {
	let length = u32::try_from(content.len()).ok().filter(|_| content.len() <= PLACE - HEAD)?;
	let mut bytes = MAGIC.to_vec();
	bytes.extend(number.to_le_bytes());
	bytes.extend(length.to_le_bytes());
	bytes.extend(check(number, content));
	bytes.extend(content);
	Some(bytes)
}

/// Number and content of a place, if it is whole.
fn whole(place: &[u8]) -> Option<(u64, &[u8])> {
	let (magic, rest) = place.split_first_chunk::<8>()?;
	let (number, rest) = rest.split_first_chunk::<8>()?;
	let (length, rest) = rest.split_first_chunk::<4>()?;
	let (sum, rest) = rest.split_first_chunk::<8>()?;
	let (number, length) = (u64::from_le_bytes(*number), usize::try_from(u32::from_le_bytes(*length)).ok()?);
	let content = rest.get(..length)?;
	(*magic == MAGIC && *sum == check(number, content)).then_some((number, content))
}

/// Number and content of the place that counts; `None`: neither is whole, which no crash brings about.
fn newest(bytes: &[u8]) -> Option<(u64, &[u8])> {
	bytes.chunks(PLACE).take(2).filter_map(whole).max_by_key(|(number, _)| *number)
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
	std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(not(unix))]
fn write_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
	use io::{Seek, SeekFrom};
	file.seek(SeekFrom::Start(offset))?;
	file.write_all(bytes)
}

/// To write a file that nobody else can read.
pub(super) fn private() -> OpenOptions {
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
	fn record_should_hold_the_old_bytes_when_the_new_ones_were_only_half_written() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("channel-7");
		let (record, _) = Record::open(folder.path(), "channel-7").unwrap();
		record.put(b"first").unwrap();
		record.put(b"second").unwrap();
		drop(record);
		let whole = fs::read(&path).unwrap();
		// The second one is in the first place again.
		for (index, byte) in whole.iter().enumerate().take(HEAD + b"second".len()) {
			let mut torn = whole.clone();
			torn[index] = !byte;
			fs::write(&path, torn).unwrap();
			assert_eq!(Record::open(folder.path(), "channel-7").unwrap().1.as_deref(), Some(&b"first"[..]), "{index}");
		}
	}

	#[test]
	fn record_should_be_refused_when_it_is_none() {
		let folder = tempfile::tempdir().unwrap();
		fs::write(folder.path().join("channel-7"), b"something else").unwrap();
		assert!(matches!(Record::open(folder.path(), "channel-7"), Err(StoreError::Corrupt { .. })));
		assert!(matches!(read(&folder.path().join("channel-7")), Err(StoreError::Corrupt { .. })));
	}

	#[test]
	fn record_should_refuse_what_does_not_fit_and_hold_what_it_held() {
		let folder = tempfile::tempdir().unwrap();
		let (record, _) = Record::open(folder.path(), "channel-7").unwrap();
		record.put(&[7; PLACE - HEAD]).unwrap();
		assert!(matches!(record.put(&[8; PLACE - HEAD + 1]), Err(StoreError::Io { .. })));
		drop(record);
		assert_eq!(Record::open(folder.path(), "channel-7").unwrap().1.as_deref(), Some(&[7; PLACE - HEAD][..]));
	}

	#[tokio::test]
	async fn what_was_put_should_be_seen_at_once_and_in_order_when_the_disk_comes_later() {
		let folder = tempfile::tempdir().unwrap();
		let (record, _) = Record::open(folder.path(), "channel-7").unwrap();
		let mut behind = Behind::new(record);
		for content in 1..=9u8 {
			behind.put(&[content]).await.unwrap();
			assert_eq!(read(&folder.path().join("channel-7")).unwrap(), Some(vec![content]));
		}
		behind.settle().await.unwrap();
	}
}
