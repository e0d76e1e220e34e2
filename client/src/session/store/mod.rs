//! A small record in a file that is either an old one or the new one, whatever happens.
//!
//! The file has four places, each a page of the disk: [`MAGIC`], a number that only rises (8 bytes little-endian), the length
//! of the content (4 bytes), the first 8 bytes of blake2-256 over number and content, and the content. The place with the
//! highest number counts. One that was only half written fails its check. Written to is never the place that counts, nor
//! the last one that is known to be on disk, nor one that is on its way there: so one of them is whole after a power cut.

#[cfg(test)]
mod tests;

use std::{
	fs::{self, File, OpenOptions, TryLockError},
	io::{self, Write},
	path::{Path, PathBuf},
	sync::{Arc, Mutex, MutexGuard, PoisonError},
	time::Duration,
};

use millrace_primitives::job::payload_hash;
use tokio::{
	sync::Notify,
	task::{spawn_blocking, JoinHandle},
	time::timeout,
};

/// What every place begins with.
const MAGIC: [u8; 8] = *b"mrecord2";

/// Bytes before the content.
const HEAD: usize = 28;

/// Bytes of a place.
const PLACE: usize = 4_096;

/// How many there are.
const PLACES: usize = 4;

/// So long what was put waits for more, before all of it goes to the disk at once.
const TOGETHER: Duration = Duration::from_millis(50);

/// Which place is what.
#[derive(Clone, Copy, Debug, Default)]
struct Places {
	/// Of the content that counts.
	number: u64,
	/// Where that is.
	latest: usize,
	/// The last one that is known to be on disk.
	safe: usize,
	/// One that is on its way there.
	leaving: Option<usize>,
}

impl Places {
	/// One that nothing hangs on.
	fn free(&self) -> usize {
		let taken = |place: &usize| [Some(self.latest), Some(self.safe), self.leaving].contains(&Some(*place));
		(0..PLACES).find(|place| !taken(place)).expect("one of four is none of three")
	}

	fn is_safe(&self) -> bool {
		self.latest == self.safe
	}
}

#[derive(Debug, Default)]
struct State {
	places: Places,
	/// Whether a task sees to it that what counts reaches the disk.
	flushing: bool,
	/// Why that did not go well, until it was told.
	failed: Option<io::Error>,
}

/// What is shared with what is on its way to the disk, which must not keep the lock.
#[derive(Debug)]
struct Pages {
	path: PathBuf,
	file: File,
	state: Mutex<State>,
	/// No more waiting for what may be put yet.
	hurry: Notify,
}

impl Pages {
	fn state(&self) -> MutexGuard<'_, State> {
		self.state.lock().unwrap_or_else(PoisonError::into_inner)
	}

	fn failed(&self, error: io::Error) -> StoreError {
		StoreError::Io { path: self.path.clone(), error }
	}

	/// Replaces what counts: for every process from now on, for the disk with the next flush.
	fn write(&self, content: &[u8]) -> Result<(), StoreError> {
		let mut state = self.state();
		let (next, free) = (state.places.number.saturating_add(1), state.places.free());
		let too_long = || io::Error::new(io::ErrorKind::FileTooLarge, "more than a record can hold");
		let bytes = place(next, content).ok_or_else(|| self.failed(too_long()))?;
		write_at(&self.file, &bytes, offset(free)).map_err(|error| self.failed(error))?;
		(state.places.number, state.places.latest) = (next, free);
		Ok(())
	}

	/// What counts now is on disk when this returns. By one at a time.
	fn flush(&self) -> io::Result<()> {
		let leaving = {
			let mut state = self.state();
			state.places.leaving = Some(state.places.latest);
			state.places.latest
		};
		let done = self.file.sync_data();
		let mut state = self.state();
		state.places.leaving = None;
		if done.is_ok() {
			state.places.safe = leaving;
		}
		done
	}

	/// Flushes until nothing more was put.
	async fn keep_flushing(self: Arc<Self>) {
		loop {
			let _ = timeout(TOGETHER, self.hurry.notified()).await;
			let pages = self.clone();
			let done = spawn_blocking(move || pages.flush()).await.unwrap_or_else(|error| Err(io::Error::other(error)));
			let mut state = self.state();
			state.failed = done.err();
			if state.places.is_safe() || state.failed.is_some() {
				state.flushing = false;
				return;
			}
		}
	}
}

/// A record that one process at a time may use.
#[derive(Debug)]
pub struct Record {
	pages: Arc<Pages>,
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
		let (places, content) = match bytes {
			Ok(bytes) => match newest(&bytes) {
				Some((latest, number, content)) => {
					(Places { number, latest, safe: latest, leaving: None }, Some(content.to_vec()))
				}
				None => return Err(StoreError::Corrupt { path }),
			},
			Err(error) if error.kind() == io::ErrorKind::NotFound => {
				create(&path).map_err(failed)?;
				(Places::default(), None)
			}
			Err(error) => return Err(failed(error)),
		};
		let content = content.filter(|content| !content.is_empty());
		let file = OpenOptions::new().write(true).open(&path).map_err(failed)?;
		// What another process has written may still be on its way.
		file.sync_data().map_err(failed)?;
		let state = Mutex::new(State { places, ..State::default() });
		let pages = Arc::new(Pages { path, file, state, hurry: Notify::new() });
		Ok((Self { pages, _lock: lock }, content))
	}

	/// Replaces what it holds. On disk when this returns.
	///
	/// # Errors
	///
	/// [`StoreError`]; it holds what it held before, or the new bytes.
	pub fn put(&self, content: &[u8]) -> Result<(), StoreError> {
		self.pages.write(content)?;
		self.pages.flush().map_err(|error| self.pages.failed(error))
	}

	/// Takes it away.
	///
	/// # Errors
	///
	/// [`StoreError::Io`].
	pub fn remove(&self) -> Result<(), StoreError> {
		match fs::remove_file(&self.pages.path) {
			Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.pages.failed(error)),
			_ => {
				// The lock's file is empty; one that is left behind does no harm.
				let _ = fs::remove_file(self.pages.path.with_file_name(format!("{}.lock", self.name())));
				Ok(())
			}
		}
	}

	fn name(&self) -> String {
		self.pages.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
	}

	/// That what it holds makes no sense.
	pub fn corrupt(&self) -> StoreError {
		StoreError::Corrupt { path: self.pages.path.clone() }
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
			Some((_, _, content)) => Ok(Some(content.to_vec()).filter(|content| !content.is_empty())),
			None => Err(StoreError::Corrupt { path: path.to_owned() }),
		},
		Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
		Err(error) => Err(StoreError::Io { path: path.to_owned(), error }),
	}
}

/// A record whose content reaches the disk a moment after it was replaced, with whatever replaced it meanwhile. A process
/// that is killed loses nothing; when the machine loses its power, what was put in the last twentieth of a second, and while
/// that was on its way, may be lost.
#[derive(Debug)]
pub struct Behind {
	record: Record,
	flush: Option<JoinHandle<()>>,
}

impl Behind {
	/// Nothing of the record is under way to the disk.
	pub fn new(record: Record) -> Self {
		Self { record, flush: None }
	}

	/// Replaces what it holds.
	///
	/// # Errors
	///
	/// [`StoreError`], that of what was put before included; nothing was replaced then.
	///
	/// # Panics
	///
	/// Outside of a tokio runtime.
	pub fn put(&mut self, content: &[u8]) -> Result<(), StoreError> {
		let pages = &self.record.pages;
		self.told()?;
		pages.write(content)?;
		if !std::mem::replace(&mut pages.state().flushing, true) {
			self.flush = Some(tokio::spawn(pages.clone().keep_flushing()));
		}
		Ok(())
	}

	/// Waits until all is on disk.
	///
	/// # Errors
	///
	/// [`StoreError::Io`].
	pub async fn settle(&mut self) -> Result<(), StoreError> {
		if let Some(flush) = &mut self.flush {
			self.record.pages.hurry.notify_one();
			let ended = flush.await;
			self.flush = None;
			ended.map_err(|error| self.record.pages.failed(io::Error::other(error)))?;
		}
		self.told()
	}

	/// What went wrong behind our back.
	fn told(&self) -> Result<(), StoreError> {
		let failed = self.record.pages.state().failed.take();
		failed.map_or(Ok(()), |error| Err(self.record.pages.failed(error)))
	}

	/// The record.
	pub fn record(&self) -> &Record {
		&self.record
	}
}

/// Makes a record that holds nothing. Its places are there from the start, so that a write changes no other page.
fn create(path: &Path) -> io::Result<()> {
	let new = path.with_extension("new");
	let mut file = private().truncate(true).open(&new)?;
	let mut bytes = place(0, &[]).unwrap_or_default();
	bytes.resize(PLACES * PLACE, 0);
	file.write_all(&bytes)?;
	file.sync_all()?;
	fs::rename(&new, path)?;
	// The new name is on disk only when its folder is.
	path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Where a place begins.
fn offset(place: usize) -> u64 {
	u64::try_from(place.saturating_mul(PLACE)).unwrap_or(u64::MAX)
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

/// The place that counts, its number and its content; `None`: none is whole, which no crash brings about.
fn newest(bytes: &[u8]) -> Option<(usize, u64, &[u8])> {
	let places = bytes.chunks(PLACE).take(PLACES).enumerate();
	let found = places.filter_map(|(place, bytes)| whole(bytes).map(|(number, content)| (place, number, content)));
	found.max_by_key(|(_, number, _)| *number)
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
