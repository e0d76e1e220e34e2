//! The configuration: defaults, under a TOML file, under environment variables, under flags.

mod engine;
mod file;
mod flags;
mod offer;
mod reload;
pub(crate) mod secret;
#[cfg(test)]
mod tests;
mod value;

use std::{
	net::SocketAddr,
	num::{NonZeroU64, NonZeroUsize},
	path::PathBuf,
};

use anyhow::{bail, Context};
use millrace_client::{receipt::json::ReceiptSigner, Signer};
use millrace_primitives::job::MAX_INPUT_BYTES;
use serde::{Deserialize, Serialize};

use crate::{
	session::settings::SessionSettings,
	task::{AllowList, TaskSettings},
};

pub use engine::{EngineConfig, EngineKind};
pub(crate) use file::{parse_as, place_of};
pub use file::{ConfigError, Place};
pub use flags::{Asked, Cli, Command, Flags, Offered};
pub use offer::Offer;
pub use reload::{changes, keep, Changes, Settings};
pub use value::{Accel, Amount, Genesis, LogFormat, NodeUrl};

/// Bounds on the work that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
	/// Largest input in bytes.
	pub max_input_bytes: u32,
	/// Attempts that may wait for a slot.
	pub max_queue: usize,
	/// Free megabytes of the work directory's disk below which no new work is taken.
	pub min_free_disk_mb: u64,
}

impl Default for Limits {
	fn default() -> Self {
		// The chain takes no larger inputs, and gives no more jobs than slots are offered.
		Self { max_input_bytes: MAX_INPUT_BYTES, max_queue: 1_024, min_free_disk_mb: 256 }
	}
}

/// The whole configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
	/// WebSocket addresses of nodes; when one is away, the next is tried.
	pub urls: Vec<NodeUrl>,
	/// Hash of the chain's block 0; another chain is refused.
	pub genesis: Option<Genesis>,
	/// File with the operator's secret.
	pub operator_key_file: Option<PathBuf>,
	/// Name of a development operator.
	pub dev_operator: Option<String>,
	/// Directory of the journal.
	pub work_dir: PathBuf,
	/// What the llama engine computes on.
	pub accel: Accel,
	/// Inferences at a time.
	pub slots: NonZeroUsize,
	/// Seconds after which the chain is read even if no block is announced.
	pub poll_secs: NonZeroU64,
	/// Address for `GET /healthz`.
	pub http_bind: Option<SocketAddr>,
	/// Whether `http_bind` may be an address that other machines reach.
	pub http_allow_remote: bool,
	/// How the log is written.
	pub log_format: LogFormat,
	/// What is logged.
	pub log: String,
	/// Seconds that running inferences may go on after SIGTERM.
	pub drain_secs: u64,
	/// Seconds for which answered attempts stay in the journal.
	pub keep_secs: u64,
	/// Whether to call `set_ready(false)` at stop, and to take it back at start.
	pub manage_ready: bool,
	/// Whether to write the receipts of answered jobs to files in the work directory.
	pub receipts: bool,
	/// File with the secret of the miner's receipt key, which signs those receipts as JSON too.
	pub receipt_key_file: Option<PathBuf>,
	/// Bounds on the work that is taken.
	pub limits: Limits,
	/// Programs of this machine that clients may run.
	pub task: TaskSettings,
	/// Whether and where clients of streaming channels are served.
	pub session: SessionSettings,
	/// The engines, in the order in which they are asked.
	#[serde(rename = "engine")]
	pub engines: Vec<EngineConfig>,
	/// What the owner asks for each model.
	#[serde(rename = "offer")]
	pub offers: Vec<Offer>,
}

impl Default for Config {
	fn default() -> Self {
		const POLL: NonZeroU64 = NonZeroU64::new(3).expect("3 is not 0");
		Self {
			urls: vec![NodeUrl("ws://127.0.0.1:9944".into())],
			genesis: None,
			operator_key_file: None,
			dev_operator: None,
			work_dir: "millrace-miner".into(),
			accel: Accel::Auto,
			slots: NonZeroUsize::MIN,
			poll_secs: POLL,
			http_bind: None,
			http_allow_remote: false,
			log_format: LogFormat::Text,
			log: "info,llama_cpp_2=warn".into(),
			drain_secs: 30,
			keep_secs: 3_600,
			manage_ready: true,
			receipts: true,
			receipt_key_file: None,
			limits: Limits::default(),
			task: TaskSettings::default(),
			session: SessionSettings::default(),
			engines: Vec::new(),
			offers: Vec::new(),
		}
	}
}

impl Config {
	/// The file of `--config`, if any, under the flags and their environment variables.
	///
	/// # Errors
	///
	/// With the place in the file, if the file is at fault, or a file of the allow-list.
	pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
		let config = Self::merge(flags)?;
		config.check().map_err(|what| ConfigError::Value { from: flags.config.clone(), what })?;
		if config.task.enabled {
			AllowList::read(&config.task.allowlist_dir)?;
		}
		Ok(config)
	}

	/// As [`Config::load`], but neither an operator nor an engine has to be named.
	///
	/// # Errors
	///
	/// With the place in the file, if the file is at fault.
	pub fn merge(flags: &Flags) -> Result<Self, ConfigError> {
		let mut config = match &flags.config {
			Some(path) => file::read(path)?,
			None => Self::default(),
		};
		config.apply(flags);
		config.check_values().map_err(|what| ConfigError::Value { from: flags.config.clone(), what })?;
		Ok(config)
	}

	fn apply(&mut self, flags: &Flags) {
		fn set<T: Clone>(key: &mut T, flag: &Option<T>) {
			if let Some(value) = flag {
				key.clone_from(value);
			}
		}
		fn set_some<T: Clone>(key: &mut Option<T>, flag: &Option<T>) {
			if flag.is_some() {
				key.clone_from(flag);
			}
		}
		if !flags.urls.is_empty() {
			self.urls.clone_from(&flags.urls);
		}
		if !flags.offer.is_empty() {
			self.offers.clone_from(&flags.offer);
		}
		set_some(&mut self.genesis, &flags.genesis);
		set(&mut self.work_dir, &flags.work_dir);
		set(&mut self.accel, &flags.accel);
		set(&mut self.slots, &flags.slots);
		set(&mut self.poll_secs, &flags.poll_secs);
		set_some(&mut self.http_bind, &flags.http_bind);
		set(&mut self.http_allow_remote, &flags.http_allow_remote);
		set(&mut self.log_format, &flags.log_format);
		set(&mut self.log, &flags.log);
		set(&mut self.drain_secs, &flags.drain_secs);
		set(&mut self.keep_secs, &flags.keep_secs);
		set(&mut self.manage_ready, &flags.manage_ready);
		set(&mut self.receipts, &flags.receipts);
		self.receipts &= !flags.no_receipts;
		set_some(&mut self.receipt_key_file, &flags.receipt_key_file);
		set(&mut self.limits.max_input_bytes, &flags.max_input_bytes);
		set(&mut self.limits.max_queue, &flags.max_queue);
		set(&mut self.limits.min_free_disk_mb, &flags.min_free_disk_mb);
		set(&mut self.task.enabled, &flags.task_enabled);
		set(&mut self.task.allowlist_dir, &flags.task_allowlist_dir);
		if !flags.task_hosts.is_empty() {
			self.task.hosts.clone_from(&flags.task_hosts);
		}
		if !flags.session_listen.is_empty() {
			self.session.listen.clone_from(&flags.session_listen);
		}
		if !flags.session_public_addresses.is_empty() {
			self.session.public_addresses.clone_from(&flags.session_public_addresses);
		}
		set(&mut self.session.streams, &flags.session_streams);
		set(&mut self.session.voucher_secs, &flags.session_voucher_secs);
		set(&mut self.task.quota_mb, &flags.task_quota_mb);
		set(&mut self.task.keep_finished_hours, &flags.task_keep_finished_hours);
		set(&mut self.task.keep_failed_hours, &flags.task_keep_failed_hours);
		if flags.operator_key_file.is_some() || flags.dev_operator.is_some() {
			self.operator_key_file.clone_from(&flags.operator_key_file);
			self.dev_operator.clone_from(&flags.dev_operator);
		}
		let kind = flags.engine.or(match (&flags.model[..], &flags.ollama_url) {
			([], None) => None,
			([], Some(_)) => Some(EngineKind::Ollama),
			_ => Some(EngineKind::Llama),
		});
		let threads = flags.threads;
		match kind {
			Some(EngineKind::Llama) => {
				self.engines = vec![EngineConfig::Llama { models: flags.model.clone(), threads }];
			}
			Some(EngineKind::Ollama) => {
				let url = flags.ollama_url.clone().unwrap_or_else(engine::default_ollama);
				self.engines = vec![EngineConfig::Ollama { url, threads, keep_alive: None, timeout_secs: None }];
			}
			None => {}
		}
	}

	/// What is wrong with the values that are there.
	fn check_values(&self) -> Result<(), String> {
		if self.urls.is_empty() {
			return Err("urls is empty; name at least one node".into());
		}
		if self.operator_key_file.is_some() && self.dev_operator.is_some() {
			return Err("operator_key_file and dev_operator are both set; keep one".into());
		}
		if self.receipt_key_file.is_some() && !self.receipts {
			return Err("receipt_key_file is set, but receipts are switched off".into());
		}
		for engine in &self.engines {
			if matches!(engine, EngineConfig::Llama { models, .. } if models.is_empty()) {
				return Err("the llama engine has no models; name GGUF files".into());
			}
		}
		if let Some(bind) = self.http_bind.filter(|bind| !bind.ip().is_loopback() && !self.http_allow_remote) {
			return Err(format!(
				"http_bind = \"{bind}\" can be reached by other machines, and nothing there asks for a password; take an \
				 address such as 127.0.0.1:9920, or set http_allow_remote = true if a firewall or proxy guards it"
			));
		}
		let offered = self.offers.iter().fold(0u64, |sum, offer| sum.saturating_add(offer.slots.get().into()));
		if offered > u64::try_from(self.slots.get()).unwrap_or(u64::MAX) {
			return Err(format!(
				"the offers have {offered} slots together, the miner has slots = {}; jobs beyond would wait until \
				 their deadlines",
				self.slots
			));
		}
		self.task.check()?;
		self.session.check()?;
		if let Err(error) = tracing_subscriber::EnvFilter::try_new(&self.log) {
			return Err(format!(
				"log = {:?} is no filter: {error}; expected such as \"info\" or \"debug,llama_cpp_2=warn\"",
				self.log
			));
		}
		Ok(())
	}

	/// What is missing for work.
	fn check(&self) -> Result<(), String> {
		if self.operator_key_file.is_none() && self.dev_operator.is_none() {
			return Err("no operator: set operator_key_file, or dev_operator on a development chain".into());
		}
		if self.engines.is_empty() {
			return Err("no engine: add an [[engine]] to the configuration, or pass --model".into());
		}
		Ok(())
	}

	/// Inferences at a time: of jobs, and of sessions beside them.
	pub fn inferences(&self) -> usize {
		self.slots.get().saturating_add(self.session.slots())
	}

	/// The addresses of the nodes as text.
	pub fn addresses(&self) -> Vec<String> {
		self.urls.iter().map(|url| url.0.clone()).collect()
	}

	/// The configuration as a file.
	///
	/// # Errors
	///
	/// When a path is not UTF-8.
	pub fn to_toml(&self) -> anyhow::Result<String> {
		Ok(toml::to_string(self)?)
	}

	/// The operator's key.
	///
	/// # Errors
	///
	/// When there is none, others can read its file, or it is no key.
	pub fn signer(&self) -> anyhow::Result<Signer> {
		let secret = match (&self.operator_key_file, &self.dev_operator) {
			(Some(path), _) => secret::read(path)?,
			(None, Some(name)) => format!("//{name}//operator"),
			(None, None) => bail!("no operator"),
		};
		Signer::from_uri(secret.trim()).context("the operator's secret can't be used")
	}

	/// The miner's receipt key, if it has one.
	///
	/// # Errors
	///
	/// When others can read its file, or it is no key.
	pub fn receipt_signer(&self) -> anyhow::Result<Option<ReceiptSigner>> {
		let Some(path) = &self.receipt_key_file else { return Ok(None) };
		ReceiptSigner::from_secret(&secret::read(path)?).context("the receipt key can't be used").map(Some)
	}
}
