//! API keys: only their hashes are kept.

use millrace_primitives::Balance;
use rand::{rngs::OsRng, RngCore};
use rusqlite::{params, OptionalExtension, Row};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{from_sql, month, now, to_sql, Store};

/// What API keys begin with, as OpenAI's do: some clients look at it.
const PREFIX: &str = "sk-millrace-";

/// A part of the gateway that a key opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
	/// Chats.
	Chat,
	/// Completions, and Ollama's `generate`.
	Completions,
	/// Embeddings.
	Embeddings,
	/// Jobs under their own numbers.
	Jobs,
	/// What models there are, and what they cost.
	Models,
	/// What Prometheus reads.
	Metrics,
}

impl Scope {
	/// As it is written.
	pub const fn name(self) -> &'static str {
		match self {
			Self::Chat => "chat",
			Self::Completions => "completions",
			Self::Embeddings => "embeddings",
			Self::Jobs => "jobs",
			Self::Models => "models",
			Self::Metrics => "metrics",
		}
	}
}

/// What a key is made with. `None`: no limit.
#[derive(Clone, Debug, Default)]
pub struct NewKey {
	/// For people.
	pub name: String,
	/// The models that it may use.
	pub models: Option<Vec<String>>,
	/// The parts that it may use.
	pub scopes: Option<Vec<Scope>>,
	/// Plancks a month.
	pub budget: Option<Balance>,
	/// Requests a minute.
	pub per_minute: Option<u32>,
	/// Tokens a minute, of prompts and answers together.
	pub tokens_per_minute: Option<u32>,
}

/// A key that is let in, and its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
	/// Its public name.
	pub id: String,
	/// The models that it may use.
	pub models: Option<Vec<String>>,
	/// The parts that it may use.
	pub scopes: Option<Vec<Scope>>,
	/// Plancks a month.
	pub budget: Option<Balance>,
	/// Requests a minute.
	pub per_minute: Option<u32>,
	/// Tokens a minute, of prompts and answers together.
	pub tokens_per_minute: Option<u32>,
}

/// A key as it is listed.
#[derive(Clone, Debug)]
pub struct KeyRow {
	/// Its limits.
	pub key: ApiKey,
	/// For people.
	pub name: String,
	/// Seconds since 1970.
	pub created: i64,
	/// Seconds since 1970; `None`: it is let in.
	pub revoked: Option<i64>,
	/// Plancks that it has spent this month.
	pub spent: Balance,
}

fn hash(secret: &str) -> [u8; 32] {
	Sha256::digest(secret.as_bytes()).into()
}

fn random<const N: usize>() -> String {
	let mut bytes = [0; N];
	OsRng.fill_bytes(&mut bytes);
	hex::encode(bytes)
}

fn list<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Vec<T>>> {
	let text: Option<String> = row.get(column)?;
	// Nothing else writes these columns; what can't be read allows nothing.
	Ok(text.map(|text| serde_json::from_str(&text).unwrap_or_default()))
}

fn read(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
	Ok(ApiKey {
		id: row.get("id")?,
		models: list(row, "models")?,
		scopes: list(row, "scopes")?,
		budget: row.get::<_, Option<i64>>("budget")?.map(from_sql),
		per_minute: row.get("per_minute")?,
		tokens_per_minute: row.get("tokens_per_minute")?,
	})
}

impl Store {
	/// Makes a key, and returns its public name and its secret, which is kept nowhere.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn new_key(&self, new: &NewKey) -> rusqlite::Result<(String, String)> {
		let (id, secret) = (format!("key_{}", random::<6>()), format!("{PREFIX}{}", random::<24>()));
		let text = |list: serde_json::Value| list.to_string();
		let models = new.models.as_ref().map(|models| text(models.as_slice().into()));
		let scopes = new.scopes.as_ref().map(|scopes| text(scopes.iter().map(|scope| scope.name()).collect()));
		let budget = new.budget.map(to_sql);
		self.with_disk(|connection| {
			connection.execute(
				"INSERT INTO keys (id, hash, name, models, scopes, budget, per_minute, created, tokens_per_minute)
				 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
				params![
					id,
					hash(&secret),
					new.name,
					models,
					scopes,
					budget,
					new.per_minute,
					now(),
					new.tokens_per_minute
				],
			)
		})?;
		Ok((id, secret))
	}

	/// All keys, revoked ones included, oldest first.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn list_keys(&self) -> rusqlite::Result<Vec<KeyRow>> {
		self.with(|connection| {
			let mut query = connection.prepare(
				"SELECT keys.*, COALESCE(plancks, 0) AS spent FROM keys
				 LEFT JOIN spent ON spent.key = keys.id AND spent.month = ?1 ORDER BY keys.rowid",
			)?;
			let rows = query.query_map([month(now())], |row| {
				Ok(KeyRow {
					key: read(row)?,
					name: row.get("name")?,
					created: row.get("created")?,
					revoked: row.get("revoked")?,
					spent: from_sql(row.get("spent")?),
				})
			})?;
			rows.collect()
		})
	}

	/// Ends the use of a key; returns whether it was in use.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn revoke_key(&self, id: &str) -> rusqlite::Result<bool> {
		self.with_disk(|connection| {
			let changed = connection
				.execute("UPDATE keys SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL", params![id, now()])?;
			Ok(changed > 0)
		})
	}

	/// Whether a key was ever made: from then on nobody is let in without one.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn has_keys(&self) -> rusqlite::Result<bool> {
		self.with(|connection| {
			connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM keys)")?.query_row([], |row| row.get(0))
		})
	}

	/// The key with this secret, unless it is revoked. Only hashes are compared, so that the time it takes says nothing of
	/// the secrets.
	///
	/// # Errors
	///
	/// SQLite's.
	pub fn find_key(&self, secret: &str) -> rusqlite::Result<Option<ApiKey>> {
		self.with(|connection| {
			let mut query = connection.prepare_cached("SELECT * FROM keys WHERE hash = ?1 AND revoked IS NULL")?;
			query.query_row([hash(secret)], read).optional()
		})
	}
}
