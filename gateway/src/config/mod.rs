//! The configuration: defaults, under a TOML file, under environment variables, under flags.

mod flags;
#[cfg(test)]
mod tests;

use std::{
	fs,
	net::SocketAddr,
	path::{Path, PathBuf},
	str::FromStr,
	time::Duration,
};

use anyhow::{bail, ensure, Context};
use millrace_client::{amount, Signer};
use millrace_primitives::{Balance, BlockNumber};
use serde::{Deserialize, Serialize};

use crate::channels::Settings;

pub use flags::{Cli, Command, Flags, KeyCommand, NewKeyFlags};

/// What one answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
	/// Plancks.
	pub max_fee: Balance,
	/// Blocks of one attempt.
	pub timeout: BlockNumber,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
	/// A line of text per event.
	#[default]
	Text,
	/// A JSON object per line.
	Json,
}

/// An amount of money, as the command line `millrace` writes it: `0.02`, `"1.5 MILL"`, `20000planck`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Amount(
	/// Plancks.
	pub Balance,
);

impl FromStr for Amount {
	type Err = String;

	fn from_str(text: &str) -> Result<Self, String> {
		amount::parse(text).map(Self)
	}
}

impl TryFrom<String> for Amount {
	type Error = String;

	fn try_from(text: String) -> Result<Self, String> {
		text.parse()
	}
}

/// The whole configuration; `gateway.example.toml` describes the keys.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
	/// WebSocket addresses of nodes.
	pub urls: Vec<String>,
	/// Address to serve at.
	pub bind: SocketAddr,
	/// File with the paying account's secret.
	pub key_file: Option<PathBuf>,
	/// Name of a development account that pays instead.
	pub dev: Option<String>,
	/// The SQLite file.
	pub database: PathBuf,
	/// Most that an answer may cost.
	pub max_fee: Amount,
	/// Blocks that one attempt may take.
	pub timeout: BlockNumber,
	/// Whether text is streamed in channels where a miner serves them.
	pub channels: bool,
	/// Where the state of the channels is kept.
	pub channel_folder: PathBuf,
	/// What a new channel, and a top-up, locks.
	pub channel_deposit: Amount,
	/// Most channels of one model.
	pub max_channels: usize,
	/// Requests a minute of a key without a limit of its own.
	pub requests_per_minute: Option<u32>,
	/// Answers under way at once.
	pub max_answers: usize,
	/// Open connections.
	pub max_connections: usize,
	/// Largest body of a request in bytes.
	pub max_body_bytes: usize,
	/// Seconds that a client may take to send a request.
	pub read_secs: u64,
	/// Seconds that a client may take to read a piece of an answer.
	pub write_secs: u64,
	/// Seconds for answers under way after SIGTERM.
	pub drain_secs: u64,
	/// Days for which ended jobs are remembered.
	pub keep_days: u32,
	/// How the log is written.
	pub log_format: LogFormat,
	/// What is logged.
	pub log: String,
	/// Whether the log has the inputs of jobs.
	pub log_prompts: bool,
}

impl Default for Config {
	fn default() -> Self {
		Self {
			urls: vec!["ws://127.0.0.1:9944".into()],
			bind: SocketAddr::from(([127, 0, 0, 1], 11_436)),
			key_file: None,
			dev: None,
			database: "millrace-gateway.db".into(),
			max_fee: Amount(millrace_primitives::MILL / 20),
			timeout: 60,
			channels: true,
			channel_folder: "millrace-gateway-channels".into(),
			channel_deposit: Amount(millrace_primitives::MILL),
			max_channels: 8,
			requests_per_minute: None,
			max_answers: 512,
			max_connections: 1_024,
			max_body_bytes: 1_048_576,
			read_secs: 30,
			write_secs: 30,
			drain_secs: 120,
			keep_days: 30,
			log_format: LogFormat::Text,
			log: "info".into(),
			log_prompts: false,
		}
	}
}

impl Config {
	/// The file of `--config`, if any, under the flags and their environment variables.
	///
	/// # Errors
	///
	/// The file can't be read, or a value is wrong; the message has its place.
	pub fn load(flags: &Flags) -> anyhow::Result<Self> {
		let mut config = match &flags.config {
			Some(path) => read(path)?,
			None => Self::default(),
		};
		config.apply(flags);
		config.check()?;
		Ok(config)
	}

	/// How channels are used.
	pub fn channel_settings(&self) -> Settings {
		let Self { channel_folder, channel_deposit, max_channels, .. } = self;
		Settings { folder: channel_folder.clone(), deposit: channel_deposit.0, most: *max_channels }
	}

	fn apply(&mut self, flags: &Flags) {
		fn set<T: Clone>(key: &mut T, flag: &Option<T>) {
			if let Some(value) = flag {
				key.clone_from(value);
			}
		}
		if !flags.urls.is_empty() {
			self.urls.clone_from(&flags.urls);
		}
		if flags.key_file.is_some() || flags.dev.is_some() {
			self.key_file.clone_from(&flags.key_file);
			self.dev.clone_from(&flags.dev);
		}
		set(&mut self.bind, &flags.bind);
		set(&mut self.database, &flags.database);
		set(&mut self.max_fee, &flags.max_fee);
		set(&mut self.timeout, &flags.timeout);
		set(&mut self.channels, &flags.channels);
		set(&mut self.channel_folder, &flags.channel_folder);
		set(&mut self.channel_deposit, &flags.channel_deposit);
		set(&mut self.max_channels, &flags.max_channels);
		if flags.requests_per_minute.is_some() {
			self.requests_per_minute = flags.requests_per_minute;
		}
		set(&mut self.max_answers, &flags.max_answers);
		set(&mut self.max_connections, &flags.max_connections);
		set(&mut self.max_body_bytes, &flags.max_body_bytes);
		set(&mut self.read_secs, &flags.read_secs);
		set(&mut self.write_secs, &flags.write_secs);
		set(&mut self.drain_secs, &flags.drain_secs);
		set(&mut self.keep_days, &flags.keep_days);
		set(&mut self.log_format, &flags.log_format);
		set(&mut self.log, &flags.log);
		set(&mut self.log_prompts, &flags.log_prompts);
	}

	fn check(&self) -> anyhow::Result<()> {
		ensure!(!self.urls.is_empty(), "urls is empty; name at least one node");
		ensure!(
			self.key_file.is_none() || self.dev.is_none(),
			"key_file and dev are both set; keep the one that is to pay"
		);
		ensure!(
			!self.channels || self.channel_deposit.0 >= self.max_fee.0,
			"channel_deposit is below max_fee; a channel must reach for one answer"
		);
		ensure!(self.max_body_bytes >= 1_024, "max_body_bytes is below 1024");
		ensure!(self.requests_per_minute != Some(0), "requests_per_minute is 0; leave it out for no limit");
		for (name, value) in [("max_answers", self.max_answers), ("max_connections", self.max_connections)] {
			ensure!(value > 0, "{name} is 0");
		}
		for (name, value) in [("read_secs", self.read_secs), ("write_secs", self.write_secs)] {
			ensure!(value > 0, "{name} is 0");
		}
		if let Err(error) = tracing_subscriber::EnvFilter::try_new(&self.log) {
			bail!("log = {:?} is no filter: {error}; expected such as \"info\"", self.log);
		}
		Ok(())
	}

	/// What one answer may take.
	pub fn limits(&self) -> Limits {
		Limits { max_fee: self.max_fee.0, timeout: self.timeout }
	}

	/// How long a client may take to send a request.
	pub fn read_timeout(&self) -> Duration {
		Duration::from_secs(self.read_secs)
	}

	/// The paying account's key.
	///
	/// # Errors
	///
	/// None is named, its file can't be read or can be read by others, or it is no key.
	pub fn signer(&self) -> anyhow::Result<Signer> {
		match (&self.key_file, &self.dev) {
			(Some(path), _) => payer(path),
			(None, Some(name)) => Ok(Signer::from_uri(&format!("//{name}"))?),
			(None, None) => bail!("no account pays: set key_file, or dev on a development chain"),
		}
	}
}

fn read(path: &Path) -> anyhow::Result<Config> {
	let shown = path.display();
	let text = fs::read_to_string(path).with_context(|| format!("can't read {shown}"))?;
	let mut config: Config = toml::from_str(&text).with_context(|| format!("in {shown}"))?;
	// Paths of the file are beside it.
	let folder = path.parent().unwrap_or(Path::new(""));
	config.database = folder.join(&config.database);
	config.channel_folder = folder.join(&config.channel_folder);
	config.key_file = config.key_file.map(|file| folder.join(file));
	Ok(config)
}

/// The key from the first line of a file that nobody but its owner can read.
fn payer(path: &Path) -> anyhow::Result<Signer> {
	let shown = path.display();
	let meta = fs::metadata(path).with_context(|| format!("can't read {shown}"))?;
	#[cfg(unix)]
	if std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o077 != 0 {
		bail!("{shown} can be read by others than its owner; run chmod 600 on it");
	}
	let text = fs::read_to_string(path).with_context(|| format!("can't read {shown}"))?;
	let secret = text.lines().next().unwrap_or_default().trim();
	Signer::from_uri(secret).with_context(|| format!("the first line of {shown}"))
}
