//! What must outlive the process: one row per (genesis hash, job, attempt), in a redb file.

#[cfg(test)]
mod tests;

use std::{
	fs,
	path::{Path, PathBuf},
	sync::{
		atomic::{AtomicU64, Ordering},
		Mutex, PoisonError,
	},
	time::{SystemTime, UNIX_EPOCH},
};

use codec::{Decode, DecodeAll, Encode};
use millrace_primitives::{JobId, H256};
use redb::{Database, DatabaseError, Durability, ReadableDatabase, ReadableTable, TableDefinition};

use crate::core::{Row, RowState, Ticket};

const ROWS: TableDefinition<&[u8; 41], &[u8]> = TableDefinition::new("rows");
/// Jobs whose receipts are not in files yet.
const RECEIPTS: TableDefinition<u64, ()> = TableDefinition::new("receipts");
const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
const GENESIS: &str = "genesis";
const FORMAT: &str = "format";
/// Raised when a row's encoding changes.
const FORMAT_VERSION: u32 = 1;

/// Why the journal can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
	/// Another process holds the file.
	#[error("the journal {0} is in use by another process; one working directory serves one miner")]
	InUse(PathBuf),
	/// The file belongs to another chain.
	#[error("the journal belongs to the chain with genesis {known}, but the node serves {found}; use another work_dir for another chain")]
	OtherChain {
		/// The chain of the journal.
		known: H256,
		/// The chain of the node.
		found: H256,
	},
	/// The file was written by a version with other rows.
	#[error("the journal has format {0}; this version reads format 1")]
	Format(u32),
	/// A row can't be decoded.
	#[error("the journal holds a row that can't be decoded: {0}")]
	Corrupt(#[from] codec::Error),
	/// The directory can't be made.
	#[error("the working directory can't be used: {0}")]
	Io(#[from] std::io::Error),
	/// The database failed.
	#[error("the journal can't be read or written: {0}")]
	Database(#[from] Box<redb::Error>),
}

impl JournalError {
	/// Whether the disk refused, as a full or read-only one does: a later try can succeed.
	pub fn is_of_the_disk(&self) -> bool {
		match self {
			Self::Io(_) => true,
			Self::Database(error) => matches!(**error, redb::Error::Io(_) | redb::Error::PreviousIo),
			_ => false,
		}
	}
}

/// Any of redb's errors as the boxed common one.
fn db<E: Into<redb::Error>>(error: E) -> JournalError {
	JournalError::Database(Box::new(error.into()))
}

/// A row as it is stored.
#[derive(Encode, Decode)]
enum Stored {
	/// The attempt may need more work.
	Open(Row),
	/// The attempt is over; kept for a while, with the second at which it ended.
	Closed(u64, Row),
}

/// A change of the journal.
#[derive(Clone, Debug)]
pub enum Change {
	/// Write the row.
	Put(Row),
	/// The attempt is over.
	Close(Ticket),
}

/// The open journal. After an error of the disk it opens its file anew at the next use: what was not on disk then is as
/// it would be after a crash.
pub struct Journal {
	/// `None` after an error of the disk: redb takes nothing more then.
	database: Mutex<Option<Database>>,
	genesis: H256,
	directory: PathBuf,
	keep_secs: AtomicU64,
	receipts: bool,
	/// Seconds since 1970, by a clock that may be set to anything at any time.
	now: fn() -> u64,
}

impl Journal {
	/// Opens `miner.redb` in `directory`, or makes it, for the chain `genesis`. Closed answers are kept `keep_secs`
	/// seconds.
	pub fn open(directory: &Path, genesis: H256, keep_secs: u64) -> Result<Self, JournalError> {
		let database = Mutex::new(Some(open(directory, genesis)?));
		let (directory, keep_secs) = (directory.into(), keep_secs.into());
		Ok(Self { database, genesis, directory, keep_secs, receipts: false, now: now_secs })
	}

	fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T, JournalError>) -> Result<T, JournalError> {
		let mut held = self.database.lock().unwrap_or_else(PoisonError::into_inner);
		let database = match held.take() {
			Some(database) => database,
			None => open(&self.directory, self.genesis)?,
		};
		let result = work(&database);
		if !result.as_ref().is_err_and(JournalError::is_of_the_disk) {
			*held = Some(database);
		}
		result
	}

	/// Where the journal is.
	pub fn directory(&self) -> &Path {
		&self.directory
	}

	/// From now on closed answers are kept so long.
	pub fn keep(&self, secs: u64) {
		self.keep_secs.store(secs, Ordering::Relaxed);
	}

	fn keep_secs(&self) -> u64 {
		self.keep_secs.load(Ordering::Relaxed)
	}

	/// The same, and it notes the jobs with an answer when they are over, until [`Journal::has_receipt`].
	pub fn with_receipts(self, receipts: bool) -> Self {
		Self { receipts, ..self }
	}

	/// The jobs with an answer whose receipts are still to be written to files.
	pub fn without_receipt(&self) -> Result<Vec<JobId>, JournalError> {
		self.with(|database| {
			let read = database.begin_read().map_err(db)?;
			let table = read.open_table(RECEIPTS).map_err(db)?;
			let mut jobs = Vec::new();
			for item in table.iter().map_err(db)? {
				jobs.push(item.map_err(db)?.0.value());
			}
			Ok(jobs)
		})
	}

	/// Notes that a job's receipt is in a file, or that there is none to be had. Lost in a crash it is only done again.
	pub fn has_receipt(&self, job: JobId) -> Result<(), JournalError> {
		self.with(|database| {
			let mut write = database.begin_write().map_err(db)?;
			write.set_durability(Durability::None).map_err(db)?;
			write.open_table(RECEIPTS).map_err(db)?.remove(job).map_err(db)?;
			write.commit().map_err(db)
		})
	}

	/// The rows that may need more work.
	pub fn open_rows(&self) -> Result<Vec<Row>, JournalError> {
		self.with(|database| {
			let read = database.begin_read().map_err(db)?;
			let table = read.open_table(ROWS).map_err(db)?;
			let mut rows = Vec::new();
			for item in table.iter().map_err(db)? {
				let (_, value) = item.map_err(db)?;
				if let Stored::Open(row) = Stored::decode_all(&mut value.value())? {
					rows.push(row);
				}
			}
			Ok(rows)
		})
	}

	/// The rows of those of these attempts that an answer was signed for, closed or not.
	pub fn signed(&self, tickets: &[Ticket]) -> Result<Vec<Row>, JournalError> {
		self.with(|database| {
			let read = database.begin_read().map_err(db)?;
			let table = read.open_table(ROWS).map_err(db)?;
			let mut rows = Vec::new();
			for ticket in tickets {
				let Some(value) = table.get(&self.key(*ticket)).map_err(db)? else { continue };
				let (Stored::Open(row) | Stored::Closed(_, row)) = Stored::decode_all(&mut value.value())?;
				if row.state.is_signed() {
					rows.push(row);
				}
			}
			Ok(rows)
		})
	}

	/// Writes `changes` in their order, all or none. On disk before it returns when one of them is an answer or a
	/// failure; the others lose nothing in a crash, the inference is only made again.
	pub fn apply(&self, changes: &[Change]) -> Result<(), JournalError> {
		let durable = changes.iter().any(|change| match change {
			Change::Put(row) => matches!(row.state, RowState::Finished(_) | RowState::Failing { .. }),
			Change::Close(_) => false,
		});
		let durability = if durable { Durability::Immediate } else { Durability::None };
		self.with(|database| {
			let mut write = database.begin_write().map_err(db)?;
			write.set_durability(durability).map_err(db)?;
			{
				let mut table = write.open_table(ROWS).map_err(db)?;
				let mut receipts = write.open_table(RECEIPTS).map_err(db)?;
				for change in changes {
					match change {
						Change::Put(row) => {
							let key = self.key(row.assignment.ticket);
							table.insert(&key, &Stored::Open(row.clone()).encode()[..]).map_err(db)?;
						}
						Change::Close(ticket) => {
							// In one transaction: what a crash undoes is closed, and noted, once more.
							if self.close(&mut table, *ticket)? && self.receipts {
								receipts.insert(ticket.job, ()).map_err(db)?;
							}
						}
					}
				}
			}
			write.commit().map_err(db)
		})
	}

	/// Removes what was closed long enough ago and returns how many rows that were.
	pub fn prune(&self) -> Result<usize, JournalError> {
		let (now, keep) = ((self.now)(), self.keep_secs());
		// A time as far in the future is from a clock that was wrong: such a row would else stay until that day.
		let old = |at: u64| at.abs_diff(now) >= keep;
		self.with(|database| {
			let mut write = database.begin_write().map_err(db)?;
			write.set_durability(Durability::Immediate).map_err(db)?;
			let mut removed = 0;
			{
				let mut table = write.open_table(ROWS).map_err(db)?;
				let over =
					|value: &[u8]| matches!(Stored::decode(&mut &value[..]), Ok(Stored::Closed(at, _)) if old(at));
				for item in table.extract_if(|_, value| over(value)).map_err(db)? {
					item.map_err(db)?;
					removed += 1;
				}
			}
			write.commit().map_err(db)?;
			Ok(removed)
		})
	}

	/// Returns whether the attempt had an answer.
	fn close(
		&self,
		table: &mut redb::Table<'_, &'static [u8; 41], &'static [u8]>,
		ticket: Ticket,
	) -> Result<bool, JournalError> {
		let key = self.key(ticket);
		let stored = match table.remove(&key).map_err(db)? {
			Some(value) => Stored::decode_all(&mut value.value())?,
			None => return Ok(false),
		};
		let Stored::Open(row) = stored else { return Ok(false) };
		let answered = matches!(row.state, RowState::Finished(_) | RowState::Submitted(_));
		// Somebody may ask for an answer later; and what was signed must be known if the attempt comes back.
		if row.state.is_signed() && self.keep_secs() > 0 {
			table.insert(&key, &Stored::Closed((self.now)(), row).encode()[..]).map_err(db)?;
		}
		Ok(answered)
	}

	fn key(&self, ticket: Ticket) -> [u8; 41] {
		let mut key = [0; 41];
		key[..32].copy_from_slice(self.genesis.as_bytes());
		key[32..40].copy_from_slice(&ticket.job.to_be_bytes());
		key[40] = ticket.attempt;
		key
	}
}

fn open(directory: &Path, genesis: H256) -> Result<Database, JournalError> {
	fs::create_dir_all(directory)?;
	let path = directory.join("miner.redb");
	let database = Database::create(&path).map_err(|error| match error {
		DatabaseError::DatabaseAlreadyOpen => JournalError::InUse(path),
		other => db(other),
	})?;
	let write = database.begin_write().map_err(db)?;
	{
		write.open_table(ROWS).map_err(db)?;
		write.open_table(RECEIPTS).map_err(db)?;
		let mut meta = write.open_table(META).map_err(db)?;
		let stored = |key| -> Result<Option<Vec<u8>>, JournalError> {
			Ok(meta.get(key).map_err(db)?.map(|value| value.value().to_vec()))
		};
		match (stored(FORMAT)?, stored(GENESIS)?) {
			(Some(format), Some(known)) => {
				let format = u32::decode_all(&mut &format[..])?;
				let known = H256::decode_all(&mut &known[..])?;
				if format != FORMAT_VERSION {
					return Err(JournalError::Format(format));
				}
				if known != genesis {
					return Err(JournalError::OtherChain { known, found: genesis });
				}
			}
			_ => {
				meta.insert(FORMAT, &FORMAT_VERSION.encode()[..]).map_err(db)?;
				meta.insert(GENESIS, &genesis.encode()[..]).map_err(db)?;
			}
		}
	}
	write.commit().map_err(db)?;
	Ok(database)
}

fn now_secs() -> u64 {
	SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
