//! What a running miner takes over from a changed file, on SIGHUP.

use std::time::Duration;

use super::{Config, Limits};

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
}

impl From<&Config> for Settings {
	fn from(config: &Config) -> Self {
		Self {
			poll: Duration::from_secs(config.poll_secs.get()),
			drain: Duration::from_secs(config.drain_secs),
			keep_secs: config.keep_secs,
			limits: config.limits,
		}
	}
}

/// Keys that are taken over at once.
const LIVE: [&str; 7] = ["urls", "poll_secs", "drain_secs", "keep_secs", "log", "limits", "offer"];

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
	let (old, new) = (toml::Table::try_from(old)?, toml::Table::try_from(new)?);
	let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
	keys.sort_unstable();
	keys.dedup();
	let changed = keys.into_iter().filter(|key| old.get(*key) != new.get(*key)).cloned();
	let (live, restart) = changed.partition(|key| LIVE.contains(&key.as_str()));
	Ok(Changes { live, restart })
}
