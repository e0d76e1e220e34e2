//! What API keys may spend: their budgets, what jobs and answers under way may still cost, and what was paid.
//!
//! Jobs reserve by their records, which a job outlives a process with. An answer in a channel ends with its process, so that
//! its reservation is only in memory.

use std::{
	collections::HashMap,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use millrace_primitives::Balance;
use rusqlite::{params, Connection, OptionalExtension};

use super::{from_sql, month, now, to_sql, ApiKey, Store};

/// How a key stands that has no money left, in plancks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverBudget {
	/// Of the month.
	pub budget: Balance,
	/// Paid this month.
	pub spent: Balance,
	/// What answers under way may still cost.
	pub reserved: Balance,
	/// What this one may cost.
	pub needed: Balance,
}

/// Plancks, by the keys' public names.
#[derive(Debug, Default)]
pub(super) struct Reserved(Mutex<HashMap<String, Balance>>);

impl Reserved {
	fn lock(&self) -> MutexGuard<'_, HashMap<String, Balance>> {
		self.0.lock().unwrap_or_else(PoisonError::into_inner)
	}

	fn of(&self, key: &str) -> Balance {
		self.lock().get(key).copied().unwrap_or_default()
	}

	fn add(&self, key: &str, plancks: Balance) {
		let mut all = self.lock();
		let sum = all.entry(key.to_owned()).or_default();
		*sum = sum.saturating_add(plancks);
	}

	fn free(&self, key: &str, plancks: Balance) {
		let mut all = self.lock();
		if let Some(sum) = all.get_mut(key) {
			*sum = sum.saturating_sub(plancks);
			if *sum == 0 {
				all.remove(key);
			}
		}
	}
}

/// What an answer in a channel may still cost its key. Free again when this is dropped: [`Store::end_answer`]
/// comes before.
#[derive(Debug, Default)]
pub struct Reservation(Option<(Arc<Reserved>, String, Balance)>);

impl Drop for Reservation {
	fn drop(&mut self) {
		if let Some((reserved, key, plancks)) = self.0.take() {
			reserved.free(&key, plancks);
		}
	}
}

impl Store {
	/// Whether a key's budget does not reach for `needed` plancks more.
	pub(super) fn over_budget(
		&self,
		connection: &Connection,
		key: Option<&ApiKey>,
		needed: Balance,
		at: i64,
	) -> rusqlite::Result<Option<OverBudget>> {
		let Some((key, budget)) = key.and_then(|key| Some((key, key.budget?))) else { return Ok(None) };
		let spent = connection
			.prepare_cached("SELECT plancks FROM spent WHERE key = ?1 AND month = ?2")?
			.query_row(params![key.id, month(at)], |row| row.get(0))
			.optional()?
			.unwrap_or(0);
		let jobs = connection
			.prepare_cached("SELECT COALESCE(SUM(max_fee), 0) FROM jobs WHERE key = ?1 AND ended IS NULL")?
			.query_row([&key.id], |row| row.get(0))?;
		let (spent, jobs): (Balance, Balance) = (from_sql(spent), from_sql(jobs));
		let reserved = jobs.saturating_add(self.reserved.of(&key.id));
		let whole = spent.saturating_add(reserved).saturating_add(needed);
		Ok((whole > budget).then_some(OverBudget { budget, spent, reserved, needed }))
	}

	/// Reserves `max_fee` for each of `count` answers: for all of them, or for none.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn reserve(
		&self,
		key: Option<&ApiKey>,
		max_fee: Balance,
		count: u32,
	) -> rusqlite::Result<Result<Vec<Reservation>, OverBudget>> {
		let Some(limited) = key.filter(|key| key.budget.is_some()) else {
			return Ok(Ok((0..count).map(|_| Reservation::default()).collect()));
		};
		// Whoever reserves has the connection, so that two can't take the same money.
		self.with(|connection| {
			let needed = max_fee.saturating_mul(count.into());
			if let Some(over) = self.over_budget(connection, key, needed, now())? {
				return Ok(Err(over));
			}
			let reserve = |_| {
				self.reserved.add(&limited.id, max_fee);
				Reservation(Some((self.reserved.clone(), limited.id.clone(), max_fee)))
			};
			Ok(Ok((0..count).map(reserve).collect()))
		})
	}
}

/// Charges a key what was paid.
pub(super) fn charge(connection: &Connection, key: &str, fee: Balance) -> rusqlite::Result<()> {
	if fee == 0 {
		return Ok(());
	}
	let mut change = connection.prepare_cached(
		"INSERT INTO spent (key, month, plancks) VALUES (?1, ?2, ?3)
		 ON CONFLICT (key, month) DO UPDATE SET plancks = plancks + excluded.plancks",
	)?;
	change.execute(params![key, month(now()), to_sql(fee)]).map(drop)
}
