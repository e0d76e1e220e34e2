//! Every job that the gateway posts, from before its transaction goes out.

use millrace_client::Signed;
use millrace_primitives::{Balance, BlockNumber, JobId, Usage, H256};
use rand::{rngs::OsRng, RngCore};
use rusqlite::{params, Connection, OptionalExtension, Row, Transaction, TransactionBehavior};

use super::{from_sql, month, now, to_sql, ApiKey, OverBudget, Store};

/// A job that is about to be posted.
#[derive(Clone, Debug)]
pub struct NewJob<'a> {
	/// The API key that pays; `None`: nobody's.
	pub key: Option<&'a ApiKey>,
	/// The client's name for the request, and the hash of what it asks.
	pub idempotency: Option<(&'a str, [u8; 32])>,
	/// The model's name.
	pub model: &'a str,
	/// The workload's name.
	pub workload: &'a str,
	/// Plancks that it may cost.
	pub max_fee: Balance,
}

/// What became of an attempt to store a [`NewJob`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
	/// It is to be posted, under this number.
	New(i64),
	/// A request of this name was stored before: here it is.
	Known(Box<JobRow>),
	/// A request of this name was stored before, with another body.
	Other,
	/// The key has no money left for it.
	OverBudget(OverBudget),
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
	/// `settled`, `failed`, `expired`, `cancelled`; `refused` when the chain did not take it, `lost` when its transaction
	/// can be in no block any more.
	pub outcome: String,
	/// Words for what failed.
	pub reason: Option<String>,
	/// What it took.
	pub usage: Usage,
	/// Plancks paid.
	pub fee: Balance,
}

/// A job as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
	/// In the order of storing.
	pub seq: i64,
	/// The gateway's name for it.
	pub id: String,
	/// The API key's public name; empty: nobody's.
	pub key: String,
	/// The model's name.
	pub model: String,
	/// The workload's name.
	pub workload: String,
	/// Plancks that it may cost.
	pub max_fee: Balance,
	/// Seconds since 1970.
	pub created: i64,
	/// The hash of the transaction that posts it, once it was signed.
	pub tx_hash: Option<H256>,
	/// Its number on chain and the block of its submission, once it is in one.
	pub posted: Option<(JobId, BlockNumber)>,
	/// How it ended, and when, in seconds since 1970.
	pub ended: Option<(Ended, i64)>,
}

/// A job whose end is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
	/// The job.
	pub row: JobRow,
	/// The transaction; `None`: it was never signed, so that there is no job.
	pub signed: Option<Signed>,
}

fn hash(row: &Row<'_>) -> rusqlite::Result<Option<H256>> {
	Ok(row.get::<_, Option<[u8; 32]>>("tx_hash")?.map(H256))
}

fn number<T: TryFrom<i64> + Default>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
	Ok(T::try_from(row.get::<_, Option<i64>>(column)?.unwrap_or_default()).unwrap_or_default())
}

fn read(row: &Row<'_>) -> rusqlite::Result<JobRow> {
	let posted = match row.get::<_, Option<i64>>("job")? {
		Some(_) => Some((number(row, "job")?, number(row, "block")?)),
		None => None,
	};
	let ended = match row.get::<_, Option<i64>>("ended")? {
		Some(at) => {
			let usage = Usage {
				input_tokens: number(row, "input_tokens")?,
				output_tokens: number(row, "output_tokens")?,
				gpu_ms: number(row, "gpu_ms")?,
			};
			let fee = from_sql(row.get::<_, Option<i64>>("fee")?.unwrap_or_default());
			Some((Ended { outcome: row.get("outcome")?, reason: row.get("reason")?, usage, fee }, at))
		}
		None => None,
	};
	Ok(JobRow {
		seq: row.get("seq")?,
		id: row.get("id")?,
		key: row.get("key")?,
		model: row.get("model")?,
		workload: row.get("workload")?,
		max_fee: from_sql(row.get("max_fee")?),
		created: row.get("created")?,
		tx_hash: hash(row)?,
		posted,
		ended,
	})
}

/// Whether a job ended without having been one: asked again, it is posted anew.
fn was_never(row: &JobRow) -> bool {
	row.ended.as_ref().is_some_and(|(ended, _)| ended.outcome == "refused" || ended.outcome == "lost")
}

/// What was stored before under this name of a key's.
fn known(connection: &Connection, key: &str, (name, body): (&str, [u8; 32])) -> rusqlite::Result<Option<Stored>> {
	let found = connection.query_row("SELECT * FROM jobs WHERE key = ?1 AND idempotency = ?2", [key, name], |row| {
		Ok((read(row)?, row.get::<_, Option<[u8; 32]>>("body")?))
	});
	Ok(found.optional()?.map(|(row, stored)| match stored == Some(body) {
		true => Stored::Known(Box::new(row)),
		false => Stored::Other,
	}))
}

/// Stores a job, and returns its number.
fn insert(change: &Transaction<'_>, new: &NewJob<'_>, at: i64) -> rusqlite::Result<i64> {
	let mut bytes = [0; 12];
	OsRng.fill_bytes(&mut bytes);
	let (name, body) = new.idempotency.unzip();
	change.execute(
		"INSERT INTO jobs (id, key, idempotency, body, model, workload, max_fee, created)
		 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
		params![
			format!("job_{}", hex::encode(bytes)),
			new.key.map_or("", |key| &key.id),
			name,
			body,
			new.model,
			new.workload,
			to_sql(new.max_fee),
			at
		],
	)?;
	Ok(change.last_insert_rowid())
}

impl Store {
	/// Notes a job before anything is signed for it, and so reserves its fee.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn begin_job(&self, new: &NewJob<'_>) -> rusqlite::Result<Stored> {
		let (key, at) = (new.key.map_or("", |key| &key.id), now());
		self.with(|connection| {
			let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
			match new.idempotency.map(|named| known(&change, key, named)).transpose()?.flatten() {
				Some(Stored::Known(row)) if was_never(&row) => {
					change.execute("UPDATE jobs SET idempotency = NULL WHERE seq = ?1", [row.seq])?;
				}
				Some(stored) => return Ok(stored),
				None => {}
			}
			if let Some(over) = self.over_budget(&change, new.key, new.max_fee, at)? {
				return Ok(Stored::OverBudget(over));
			}
			let seq = insert(&change, new, at)?;
			change.commit()?;
			Ok(Stored::New(seq))
		})
	}

	/// As [`Store::begin_job`] for `count` jobs that are alike and have no name: all of them, or none.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn begin_jobs(&self, new: &NewJob<'_>, count: u32) -> rusqlite::Result<Result<Vec<i64>, OverBudget>> {
		let at = now();
		self.with(|connection| {
			let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
			let needed = new.max_fee.saturating_mul(count.into());
			if let Some(over) = self.over_budget(&change, new.key, needed, at)? {
				return Ok(Err(over));
			}
			let all = (0..count).map(|_| insert(&change, new, at)).collect::<rusqlite::Result<_>>()?;
			change.commit()?;
			Ok(Ok(all))
		})
	}

	/// What a request of this name would find: nothing, a job that goes on or has ended, or another request.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn known(&self, key: &str, named: (&str, [u8; 32])) -> rusqlite::Result<Option<Stored>> {
		let found = self.with(|connection| known(connection, key, named))?;
		Ok(found.filter(|stored| !matches!(stored, Stored::Known(row) if was_never(row))))
	}

	/// Notes the transaction that will post a job, before it goes out: on disk, or a power cut would have it posted twice.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn note_signed(&self, seq: i64, signed: &Signed) -> rusqlite::Result<()> {
		self.with_disk(|connection| {
			connection.execute(
				"UPDATE jobs SET tx_hash = ?2, tx_bytes = ?3, tx_nonce = ?4, tx_after = ?5, tx_until = ?6 WHERE seq = ?1",
				params![
					seq,
					signed.hash.0,
					signed.bytes,
					i64::try_from(signed.nonce).unwrap_or(i64::MAX),
					signed.after,
					signed.until
				],
			)?;
			Ok(())
		})
	}

	/// Notes the number that the chain gave a job.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn note_posted(&self, seq: i64, job: JobId, block: BlockNumber) -> rusqlite::Result<()> {
		self.with(|connection| {
			connection.execute(
				"UPDATE jobs SET job = ?2, block = ?3 WHERE seq = ?1",
				params![seq, i64::try_from(job).unwrap_or(i64::MAX), block],
			)?;
			Ok(())
		})
	}

	/// Notes how a job ended, once, and charges its key what was paid. The input goes.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn end_job(&self, seq: i64, ended: &Ended) -> rusqlite::Result<()> {
		let at = now();
		self.with(|connection| {
			let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
			let Usage { input_tokens, output_tokens, gpu_ms } = ended.usage;
			let fee = to_sql(ended.fee);
			let changed = change
				.prepare(
					"UPDATE jobs SET ended = ?2, outcome = ?3, reason = ?4, input_tokens = ?5, output_tokens = ?6,
					 gpu_ms = ?7, fee = ?8, tx_bytes = NULL WHERE seq = ?1 AND ended IS NULL",
				)?
				.execute(params![seq, at, ended.outcome, ended.reason, input_tokens, output_tokens, gpu_ms, fee])?;
			if changed > 0 && fee > 0 {
				change
					.prepare(
						"INSERT INTO spent (key, month, plancks) SELECT key, ?2, ?3 FROM jobs WHERE seq = ?1
						 ON CONFLICT (key, month) DO UPDATE SET plancks = plancks + excluded.plancks",
					)?
					.execute(params![seq, month(at), fee])?;
			}
			change.commit()
		})
	}

	/// A job of a key, by the gateway's name for it; `key` is empty for nobody's.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn job(&self, key: &str, id: &str) -> rusqlite::Result<Option<JobRow>> {
		self.with(|connection| {
			connection.query_row("SELECT * FROM jobs WHERE key = ?1 AND id = ?2", [key, id], read).optional()
		})
	}

	/// A job by its number here.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn job_by_seq(&self, seq: i64) -> rusqlite::Result<Option<JobRow>> {
		self.with(|connection| connection.query_row("SELECT * FROM jobs WHERE seq = ?1", [seq], read).optional())
	}

	/// A key's jobs, the latest first, from before the one with this number on; at most `limit`.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn list_jobs(&self, key: &str, before: Option<i64>, limit: u32) -> rusqlite::Result<Vec<JobRow>> {
		self.with(|connection| {
			let mut query =
				connection.prepare("SELECT * FROM jobs WHERE key = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3")?;
			let rows = query.query_map(params![key, before.unwrap_or(i64::MAX), limit], read)?;
			rows.collect()
		})
	}

	/// The jobs whose end is not known, oldest first.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn open_jobs(&self) -> rusqlite::Result<Vec<Posting>> {
		self.with(|connection| {
			let mut query = connection.prepare("SELECT * FROM jobs WHERE ended IS NULL ORDER BY seq")?;
			let rows = query.query_map([], |row| {
				let bytes: Option<Vec<u8>> = row.get("tx_bytes")?;
				let signed = match hash(row)?.zip(bytes) {
					Some((hash, bytes)) => Some(Signed {
						hash,
						bytes,
						nonce: number(row, "tx_nonce")?,
						after: number(row, "tx_after")?,
						until: number(row, "tx_until")?,
					}),
					None => None,
				};
				Ok(Posting { row: read(row)?, signed })
			})?;
			rows.collect()
		})
	}

	/// Forgets jobs that ended so many seconds ago.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn forget_jobs(&self, older_than: i64) -> rusqlite::Result<usize> {
		self.with(|connection| {
			connection.execute("DELETE FROM jobs WHERE ended < ?1", [now().saturating_sub(older_than)])
		})
	}
}
