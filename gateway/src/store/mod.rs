//! What must outlive the process: API keys and what they have spent, and every job with the transaction that posts it.
//! Of answers in channels only what they cost their keys is kept.
//!
//! One SQLite file. A process that is killed loses nothing of it. Only what must be there after a power cut too waits for
//! the disk; everything else takes well under a millisecond and reaches the disk with the next of those, or a little later.

mod answers;
mod budget;
mod jobs;
mod keys;
mod requests;
#[cfg(test)]
mod tests;

use std::{
	path::Path,
	sync::{Arc, Mutex, PoisonError},
	time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{bail, Context};
use millrace_primitives::Balance;
use rusqlite::{Connection, OpenFlags};

pub use budget::{OverBudget, Reservation};
pub use jobs::{Ended, JobRow, NewJob, Stored};
pub use keys::{ApiKey, KeyRow, NewKey, Scope};
pub use requests::Claim;

/// Pages of 4 KiB that changes may take up beside the file before one of them has to wait until they are in it.
/// [`Store::checkpoint`] sees to it that none has to.
const MOST_PAGES: u32 = 16_384;

/// How long another program may hold the file.
const PATIENCE: Duration = Duration::from_secs(10);

/// From an empty file to the newest schema, a version each. A file of an older version takes the steps that it lacks; one
/// of a newer version is refused.
const STEPS: [&str; 5] =
	[FIRST, "ALTER TABLE keys ADD COLUMN tokens_per_minute INTEGER", REQUESTS, NO_ANSWERS, ANSWERS];

/// Answers in channels that are under way, and how many plancks their channels had paid before them.
const ANSWERS: &str = "
	CREATE TABLE answers (
		channel INTEGER PRIMARY KEY,
		key TEXT NOT NULL,
		before INTEGER NOT NULL,
		most INTEGER NOT NULL
	) STRICT;
";

/// Answers in channels had records as jobs have.
const NO_ANSWERS: &str = "
	DELETE FROM jobs WHERE channel IS NOT NULL;
	ALTER TABLE jobs DROP COLUMN channel;
";

const REQUESTS: &str = "
	CREATE TABLE requests (
		key TEXT NOT NULL,
		name TEXT NOT NULL,
		body BLOB NOT NULL,
		created INTEGER NOT NULL,
		PRIMARY KEY (key, name)
	) STRICT, WITHOUT ROWID;
	CREATE INDEX requests_created ON requests (created);
";

const FIRST: &str = "
	CREATE TABLE keys (
		id TEXT PRIMARY KEY,
		hash BLOB NOT NULL UNIQUE,
		name TEXT NOT NULL,
		models TEXT,
		scopes TEXT,
		budget INTEGER,
		per_minute INTEGER,
		created INTEGER NOT NULL,
		revoked INTEGER
	) STRICT;
	CREATE TABLE jobs (
		seq INTEGER PRIMARY KEY AUTOINCREMENT,
		id TEXT NOT NULL UNIQUE,
		key TEXT NOT NULL,
		idempotency TEXT,
		body BLOB,
		model TEXT NOT NULL,
		workload TEXT NOT NULL,
		max_fee INTEGER NOT NULL,
		created INTEGER NOT NULL,
		tx_hash BLOB,
		tx_bytes BLOB,
		tx_nonce INTEGER,
		tx_after INTEGER,
		tx_until INTEGER,
		job INTEGER,
		block INTEGER,
		outcome TEXT,
		reason TEXT,
		input_tokens INTEGER,
		output_tokens INTEGER,
		gpu_ms INTEGER,
		fee INTEGER,
		ended INTEGER,
		channel INTEGER
	) STRICT;
	CREATE UNIQUE INDEX jobs_idempotency ON jobs (key, idempotency) WHERE idempotency IS NOT NULL;
	CREATE INDEX jobs_open ON jobs (key) WHERE ended IS NULL;
	CREATE INDEX jobs_ended ON jobs (ended) WHERE ended IS NOT NULL;
	CREATE TABLE spent (
		key TEXT NOT NULL,
		month INTEGER NOT NULL,
		plancks INTEGER NOT NULL,
		PRIMARY KEY (key, month)
	) STRICT, WITHOUT ROWID;
";

/// The file.
pub struct Store {
	connection: Mutex<Connection>,
	/// Only for [`Store::checkpoint`].
	second: Mutex<Connection>,
	/// For answers in channels.
	reserved: Arc<budget::Reserved>,
}

impl Store {
	/// Opens the file, and makes it where there is none. Only its owner may read it: it holds inputs of jobs under way.
	///
	/// # Errors
	///
	/// When it can't be made or read, or another version wrote it.
	pub fn open(path: &Path) -> anyhow::Result<Self> {
		let shown = path.display();
		if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
			std::fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
		}
		private(path).with_context(|| format!("can't open {shown}"))?;
		let connect = || {
			let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
			Connection::open_with_flags(path, flags).with_context(|| format!("can't open {shown}"))
		};
		Self::prepare(connect()?, connect()?).with_context(|| format!("can't use {shown}"))
	}

	fn prepare(mut connection: Connection, second: Connection) -> anyhow::Result<Self> {
		connection.busy_timeout(PATIENCE)?;
		connection.pragma_update(None, "journal_mode", "WAL")?;
		connection.pragma_update(None, "synchronous", "NORMAL")?;
		connection.pragma_update(None, "wal_autocheckpoint", MOST_PAGES)?;
		let change = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
		let version = change.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))?;
		let Some(missing) = usize::try_from(version).ok().and_then(|version| STEPS.get(version..)) else {
			bail!("it has version {version} of the records, this program knows {}", STEPS.len());
		};
		for step in missing {
			change.execute_batch(step)?;
		}
		change.pragma_update(None, "user_version", i64::try_from(STEPS.len()).unwrap_or(i64::MAX))?;
		change.commit()?;
		Ok(Self { connection: Mutex::new(connection), second: Mutex::new(second), reserved: Arc::default() })
	}

	/// Takes over into the file what has changed, beside whoever uses it; waits for the disk.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn checkpoint(&self) -> rusqlite::Result<()> {
		let second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
		second.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
	}

	/// One after another.
	fn with<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
		work(&mut self.connection.lock().unwrap_or_else(PoisonError::into_inner))
	}

	/// What is changed is on disk when this returns, and so is everything that was changed before. Does not block what else
	/// the thread has to do.
	fn with_disk<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
		let work = || {
			let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
			connection.pragma_update(None, "synchronous", "FULL")?;
			let done = work(&mut connection);
			connection.pragma_update(None, "synchronous", "NORMAL")?;
			done
		};
		match tokio::runtime::Handle::try_current().map(|handle| handle.runtime_flavor()) {
			Ok(tokio::runtime::RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
			_ => work(),
		}
	}
}

/// Makes the file, if it is not there, readable to nobody else. What SQLite puts beside it gets the same rights.
fn private(path: &Path) -> std::io::Result<()> {
	let mut options = std::fs::OpenOptions::new();
	options.write(true).create(true).truncate(false);
	#[cfg(unix)]
	std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
	options.open(path).map(drop)
}

/// Seconds since 1970.
pub fn now() -> i64 {
	let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
	i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The month of a time, counted from January 1970, in UTC. Budgets begin anew with it.
pub fn month(seconds: i64) -> i64 {
	let (year, month, _) = civil(seconds.div_euclid(86_400));
	year.saturating_sub(1970).saturating_mul(12).saturating_add(month).saturating_sub(1)
}

/// Year, month and day of the days since 1970, after Howard Hinnant's "chrono-compatible low-level date algorithms".
pub fn civil(days: i64) -> (i64, i64, i64) {
	let days = days.saturating_add(719_468);
	let era = days.div_euclid(146_097);
	let day = days.rem_euclid(146_097);
	let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
	let day = day - (365 * year + year / 4 - year / 100);
	// From March on.
	let month = (5 * day + 2) / 153;
	let day = day - (153 * month + 2) / 5 + 1;
	let month = if month < 10 { month + 3 } else { month - 9 };
	let year = year.saturating_add(era.saturating_mul(400));
	(if month <= 2 { year.saturating_add(1) } else { year }, month, day)
}

/// SQLite counts up to 2^63 - 1 plancks, 9 million MILL.
fn to_sql(plancks: Balance) -> i64 {
	i64::try_from(plancks).unwrap_or(i64::MAX)
}

fn from_sql(plancks: i64) -> Balance {
	Balance::try_from(plancks).unwrap_or_default()
}
