//! What a running miner takes over from a changed file, on SIGHUP.

use std::{collections::BTreeSet, time::Duration};

use anyhow::Context;

use super::{Config, Limits};
use crate::session::settings::SessionSettings;

/// The part of the configuration that can change while the miner works, in the form in which it works with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
	/// The chain is read after this time even if no block is announced.
	pub poll: Duration,
	/// So long may running inferences go on after SIGTERM.
	pub drain: Duration,
	/// So long do answered attempts stay in the journal.
	pub keep_secs: u64,
	/// Bounds on the work that is taken.
	pub limits: Limits,
	/// How channels are served; where they are does not change.
	pub session: SessionSettings,
}

impl From<&Config> for Settings {
	fn from(config: &Config) -> Self {
		Self {
			poll: Duration::from_secs(config.poll_secs.get()),
			drain: Duration::from_secs(config.drain_secs),
			keep_secs: config.keep_secs,
			limits: config.limits,
			session: config.session.clone(),
		}
	}
}

/// Keys that are taken over at once.
const LIVE: [&str; 9] = [
	"urls",
	"poll_secs",
	"drain_secs",
	"keep_secs",
	"log",
	"limits",
	"offer",
	"session.streams",
	"session.voucher_secs",
];

/// Tables of which some keys are taken over at once and others are not: each stands for itself, as `TABLE.KEY`.
const PARTED: [&str; 1] = ["session"];

/// The keys that differ between two configurations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
	/// Taken over at once.
	pub live: Vec<String>,
	/// Need a restart.
	pub restart: Vec<String>,
}

/// What differs between the configuration in force and a new one.
///
/// # Errors
///
/// When a path is not UTF-8.
pub fn changes(old: &Config, new: &Config) -> anyhow::Result<Changes> {
	let (old, new) = (table(old)?, table(new)?);
	let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
	let changed = keys.into_iter().filter(|key| old.get(*key) != new.get(*key)).cloned();
	let (live, restart) = changed.partition(|key| LIVE.contains(&key.as_str()));
	Ok(Changes { live, restart })
}

/// The configuration `new`, but with the values of `old` for these keys, which are named as in [`Changes`].
///
/// # Errors
///
/// When a path is not UTF-8.
pub fn keep(new: &Config, old: &Config, keys: &[String]) -> anyhow::Result<Config> {
	let (mut now, old) = (table(new)?, table(old)?);
	for key in keys {
		match old.get(key) {
			Some(value) => now.insert(key.clone(), value.clone()),
			None => now.remove(key),
		};
	}
	let mut whole = toml::Table::new();
	for (key, value) in now {
		match key.split_once('.') {
			Some((outer, inner)) => {
				let part = whole.entry(outer).or_insert_with(|| toml::Table::new().into());
				part.as_table_mut().context("a value stands where a table should")?.insert(inner.to_owned(), value);
			}
			None => drop(whole.insert(key, value)),
		}
	}
	Ok(whole.try_into()?)
}

/// The keys and values of a configuration, those of a parted table by themselves.
fn table(config: &Config) -> anyhow::Result<toml::Table> {
	let mut table = toml::Table::try_from(config)?;
	for outer in PARTED {
		if let Some(toml::Value::Table(inner)) = table.remove(outer) {
			table.extend(inner.into_iter().map(|(key, value)| (format!("{outer}.{key}"), value)));
		}
	}
	Ok(table)
}
