//! Requests whose clients gave them names, so that each is charged once.

use rusqlite::{params, OptionalExtension};

use super::{now, Store};

/// What became of a claim to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
	/// Nobody had it; now this request has.
	New,
	/// The same request has it already.
	Same,
	/// Another request has it.
	Other,
}

impl Store {
	/// Claims a name of a key's, empty for nobody's, for the request whose hash is `body`.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn claim(&self, key: &str, name: &str, body: [u8; 32]) -> rusqlite::Result<Claim> {
		self.with(|connection| {
			let claimed = connection.execute(
				"INSERT INTO requests (key, name, body, created) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
				params![key, name, body, now()],
			)?;
			if claimed > 0 {
				return Ok(Claim::New);
			}
			let had = connection
				.query_row("SELECT body FROM requests WHERE key = ?1 AND name = ?2", [key, name], |row| row.get(0))
				.optional()?;
			Ok(if had == Some(body) { Claim::Same } else { Claim::Other })
		})
	}

	/// Gives a name back: its request came to nothing.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn release(&self, key: &str, name: &str) -> rusqlite::Result<()> {
		self.with(|connection| {
			connection.execute("DELETE FROM requests WHERE key = ?1 AND name = ?2", [key, name]).map(drop)
		})
	}

	/// Forgets names that were claimed so many seconds ago.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn forget_requests(&self, older_than: i64) -> rusqlite::Result<usize> {
		self.with(|connection| {
			connection.execute("DELETE FROM requests WHERE created < ?1", [now().saturating_sub(older_than)])
		})
	}
}
