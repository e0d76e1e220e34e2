//! What answers in channels cost their keys. The record of one begins before anything is signed for it and goes when its key is
//! charged, so that one that its process did not see the end of is charged by the next process.

use millrace_primitives::{Balance, ChannelId};
use rusqlite::{params, Connection, OptionalExtension, TransactionBehavior};

use super::{budget::charge, from_sql, to_sql, Store};

/// What may be charged for an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bound {
	/// All that was paid since it began: the process saw it through.
	None,
	/// At most what was reserved: others may have used the channel since.
	Reserved,
}

impl Store {
	/// Notes that a channel, in which `before` plancks have been signed for, answers a key, empty for nobody's, who has reserved
	/// `most` plancks for it.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn begin_answer(&self, channel: ChannelId, key: &str, before: Balance, most: Balance) -> rusqlite::Result<()> {
		if key.is_empty() {
			return Ok(());
		}
		self.with(|connection| {
			let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
			// One whose end could not be written.
			settle(&change, channel, before, Bound::Reserved)?;
			change
				.prepare_cached("INSERT INTO answers (channel, key, before, most) VALUES (?1, ?2, ?3, ?4)")?
				.execute(params![number(channel), key, to_sql(before), to_sql(most)])?;
			change.commit()
		})
	}

	/// Charges the key that a channel answered what has been signed for since, now that `total` plancks have been.
	///
	/// # Errors
	///
	/// SQLite's. It is charged later then.
	pub fn end_answer(&self, channel: ChannelId, key: &str, total: Balance) -> rusqlite::Result<()> {
		if key.is_empty() {
			return Ok(());
		}
		self.settle_answer(channel, total, Bound::None)
	}

	/// As [`Store::end_answer`] for an answer that an earlier process began: at most what it had reserved.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn recover_answer(&self, channel: ChannelId, total: Balance) -> rusqlite::Result<()> {
		self.settle_answer(channel, total, Bound::Reserved)
	}

	/// The channels with an answer whose end is not known.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn open_answers(&self) -> rusqlite::Result<Vec<ChannelId>> {
		self.with(|connection| {
			let mut query = connection.prepare("SELECT channel FROM answers ORDER BY channel")?;
			let rows = query.query_map([], |row| row.get::<_, i64>(0))?;
			rows.map(|channel| Ok(ChannelId::try_from(channel?).unwrap_or_default())).collect()
		})
	}

	fn settle_answer(&self, channel: ChannelId, total: Balance, bound: Bound) -> rusqlite::Result<()> {
		self.with(|connection| {
			let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
			settle(&change, channel, total, bound)?;
			change.commit()
		})
	}
}

/// Charges for an answer and forgets it, if there is one.
fn settle(connection: &Connection, channel: ChannelId, total: Balance, bound: Bound) -> rusqlite::Result<()> {
	let found = connection
		.prepare_cached("DELETE FROM answers WHERE channel = ?1 RETURNING key, before, most")?
		.query_row([number(channel)], |row| {
			Ok((row.get::<_, String>(0)?, from_sql(row.get(1)?), from_sql(row.get(2)?)))
		})
		.optional()?;
	let Some((key, before, most)) = found else { return Ok(()) };
	let paid = total.saturating_sub(before);
	charge(connection, &key, if bound == Bound::Reserved { paid.min(most) } else { paid })
}

/// SQLite counts up to 2^63 - 1 channels.
fn number(channel: ChannelId) -> i64 {
	i64::try_from(channel).unwrap_or(i64::MAX)
}
