//! The configuration: a TOML file, and flags that override it.

use std::{
	fs,
	net::SocketAddr,
	path::{Path, PathBuf},
};

use anyhow::{bail, ensure, Context};
use clap::{Args, Parser, Subcommand, ValueEnum};
use millrace_client::{receipt::json::ReceiptSigner, Signer};
use serde::Deserialize;

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "millrace-miner", version, about = "Runs models for Millrace and submits proofs of the answers")]
pub struct Cli {
	/// What to do.
	#[command(subcommand)]
	pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
	/// Work for the chain until told to stop.
	Run(Box<Flags>),
}

/// Flags; each overrides the key of the same name in the file.
#[derive(Debug, Default, Args)]
pub struct Flags {
	/// TOML file with the configuration.
	#[arg(long, value_name = "FILE")]
	pub config: Option<PathBuf>,
	/// WebSocket address of a node.
	#[arg(long, value_name = "URL")]
	pub url: Option<String>,
	/// File with the operator's secret: a mnemonic, a 0x seed or a secret URI. Only its owner may read it.
	#[arg(long, value_name = "FILE", conflicts_with = "dev_operator")]
	pub operator_key_file: Option<PathBuf>,
	/// Use the well-known key //NAME//operator. For development chains only.
	#[arg(long, value_name = "NAME")]
	pub dev_operator: Option<String>,
	/// Directory of the journal.
	#[arg(long, value_name = "DIR")]
	pub work_dir: Option<PathBuf>,
	/// Use only this engine, instead of those of the file.
	#[arg(long)]
	pub engine: Option<EngineKind>,
	/// GGUF file for the llama engine; may be repeated.
	#[arg(long, value_name = "PATH")]
	pub model: Vec<PathBuf>,
	/// Address of an Ollama server.
	#[arg(long, value_name = "URL")]
	pub ollama_url: Option<String>,
	/// Threads of one inference.
	#[arg(long, value_name = "N")]
	pub threads: Option<usize>,
	/// Inferences at a time.
	#[arg(long, value_name = "N")]
	pub slots: Option<usize>,
	/// Address for `GET /healthz`; port 0 takes a free one and logs it.
	#[arg(long, value_name = "ADDRESS")]
	pub http_bind: Option<SocketAddr>,
	/// How the log is written.
	#[arg(long)]
	pub log_format: Option<LogFormat>,
	/// Seconds that running inferences may go on after SIGTERM.
	#[arg(long, value_name = "SECONDS")]
	pub drain_secs: Option<u64>,
	/// Do not write the receipts of answered jobs to files.
	#[arg(long)]
	pub no_receipts: bool,
	/// File with the secret of the miner's receipt key, to sign receipts as JSON too. Only its owner may read it.
	#[arg(long, value_name = "FILE")]
	pub receipt_key_file: Option<PathBuf>,
}

/// The engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineKind {
	/// llama.cpp inside the miner.
	Llama,
	/// An Ollama server.
	Ollama,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
	/// A line of text per event.
	#[default]
	Text,
	/// A JSON object per line.
	Json,
}

/// An engine to use.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum EngineConfig {
	/// llama.cpp inside the miner.
	Llama {
		/// GGUF files.
		models: Vec<PathBuf>,
		/// Threads of one inference; by default the cores, shared among the slots.
		threads: Option<usize>,
	},
	/// An Ollama server.
	Ollama {
		/// Its address.
		#[serde(default = "default_ollama")]
		url: String,
		/// Threads of one inference; by default Ollama's choice.
		threads: Option<usize>,
	},
}

/// The whole configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
	/// WebSocket address of a node.
	pub url: String,
	/// File with the operator's secret.
	pub operator_key_file: Option<PathBuf>,
	/// Name of a development operator.
	pub dev_operator: Option<String>,
	/// Directory of the journal.
	pub work_dir: PathBuf,
	/// Inferences at a time.
	pub slots: usize,
	/// Address for `GET /healthz`.
	pub http_bind: Option<SocketAddr>,
	/// How the log is written.
	pub log_format: LogFormat,
	/// Seconds that running inferences may go on after SIGTERM.
	pub drain_secs: u64,
	/// Seconds for which answered attempts stay in the journal.
	pub keep_secs: u64,
	/// Whether to call `set_ready` at start and stop, which costs the operator fees.
	pub manage_ready: bool,
	/// Whether to write the receipts of answered jobs to files in the work directory.
	pub receipts: bool,
	/// File with the secret of the miner's receipt key, which signs those receipts as JSON too.
	pub receipt_key_file: Option<PathBuf>,
	/// The engines, in the order in which they are asked.
	#[serde(rename = "engine")]
	pub engines: Vec<EngineConfig>,
}

impl Default for Config {
	fn default() -> Self {
		Self {
			url: "ws://127.0.0.1:9944".into(),
			operator_key_file: None,
			dev_operator: None,
			work_dir: "millrace-miner".into(),
			slots: 1,
			http_bind: None,
			log_format: LogFormat::Text,
			drain_secs: 30,
			keep_secs: 3_600,
			manage_ready: false,
			receipts: true,
			receipt_key_file: None,
			engines: Vec::new(),
		}
	}
}

fn default_ollama() -> String {
	"http://127.0.0.1:11434".into()
}

impl Config {
	/// The file of `--config`, if any, under the flags.
	pub fn load(flags: &Flags) -> anyhow::Result<Self> {
		let mut config = match &flags.config {
			Some(path) => {
				let text = fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
				toml::from_str(&text).with_context(|| format!("{} is no valid configuration", path.display()))?
			}
			None => Self::default(),
		};
		config.apply(flags);
		config.check()?;
		Ok(config)
	}

	fn apply(&mut self, flags: &Flags) {
		fn set<T: Clone>(key: &mut T, flag: &Option<T>) {
			if let Some(value) = flag {
				key.clone_from(value);
			}
		}
		set(&mut self.url, &flags.url);
		set(&mut self.work_dir, &flags.work_dir);
		set(&mut self.slots, &flags.slots);
		set(&mut self.log_format, &flags.log_format);
		set(&mut self.drain_secs, &flags.drain_secs);
		self.receipts &= !flags.no_receipts;
		if flags.receipt_key_file.is_some() {
			self.receipt_key_file.clone_from(&flags.receipt_key_file);
		}
		if flags.http_bind.is_some() {
			self.http_bind = flags.http_bind;
		}
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
				let url = flags.ollama_url.clone().unwrap_or_else(default_ollama);
				self.engines = vec![EngineConfig::Ollama { url, threads }];
			}
			None => {}
		}
	}

	fn check(&self) -> anyhow::Result<()> {
		ensure!(self.slots > 0, "slots is 0; the miner could never work");
		match (&self.operator_key_file, &self.dev_operator) {
			(Some(_), Some(_)) => bail!("operator_key_file and dev_operator are both set; keep one"),
			(None, None) => bail!("no operator: set operator_key_file, or dev_operator on a development chain"),
			_ => {}
		}
		ensure!(
			self.receipts || self.receipt_key_file.is_none(),
			"receipt_key_file is set, but receipts are switched off"
		);
		ensure!(!self.engines.is_empty(), "no engine: add an [[engine]] to the configuration, or pass --model");
		for engine in &self.engines {
			if let EngineConfig::Llama { models, .. } = engine {
				ensure!(!models.is_empty(), "the llama engine has no models; name GGUF files");
			}
		}
		Ok(())
	}

	/// The operator's key.
	pub fn signer(&self) -> anyhow::Result<Signer> {
		let secret = match (&self.operator_key_file, &self.dev_operator) {
			(Some(path), _) => read_secret(path)?,
			(None, Some(name)) => format!("//{name}//operator"),
			(None, None) => bail!("no operator"),
		};
		Signer::from_uri(secret.trim()).context("the operator's secret can't be used")
	}

	/// The miner's receipt key, if it has one.
	pub fn receipt_signer(&self) -> anyhow::Result<Option<ReceiptSigner>> {
		let Some(path) = &self.receipt_key_file else { return Ok(None) };
		ReceiptSigner::from_secret(&read_secret(path)?).context("the receipt key can't be used").map(Some)
	}
}

/// Reads a secret that nobody but its owner can read.
fn read_secret(path: &Path) -> anyhow::Result<String> {
	let shown = path.display();
	#[cfg(unix)]
	{
		use std::os::unix::fs::PermissionsExt;
		let mode = fs::metadata(path).with_context(|| format!("can't read {shown}"))?.permissions().mode();
		ensure!(mode & 0o077 == 0, "{shown} can be read by others (mode {:o}); run chmod 600 on it", mode & 0o777);
	}
	fs::read_to_string(path).with_context(|| format!("can't read {shown}"))
}

#[cfg(test)]
mod tests {
	use super::*;

	fn flags(line: &str) -> Flags {
		let line = format!("millrace-miner run {line}");
		let Command::Run(flags) = Cli::try_parse_from(line.split_whitespace()).unwrap().command;
		*flags
	}

	#[test]
	fn example_should_be_a_valid_configuration_when_read() {
		let path = concat!(env!("CARGO_MANIFEST_DIR"), "/miner.example.toml");
		let config = Config::load(&flags(&format!("--config {path}"))).unwrap();
		assert_eq!(config.engines.len(), 1);
	}

	#[test]
	fn load_should_be_refused_when_a_key_is_unknown() {
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("miner.toml");
		for text in ["slot = 2", "[[engine]]\nkind = \"llama\"\nmodels = []\nthread = 1", "[[engine]]\nkind = \"x\""] {
			fs::write(&path, text).unwrap();
			let error = Config::load(&flags(&format!("--config {} --dev-operator Bob", path.display()))).unwrap_err();
			assert!(error.to_string().contains("no valid configuration"), "{error}");
		}
	}

	#[test]
	fn flags_should_win_when_the_file_has_the_key_too() {
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("miner.toml");
		fs::write(&path, "slots = 2\nurl = \"ws://a\"\ndev_operator = \"Eve\"\n[[engine]]\nkind = \"ollama\"").unwrap();
		let line = format!("--config {} --slots 3 --dev-operator Bob --model x.gguf --threads 1", path.display());
		let config = Config::load(&flags(&line)).unwrap();
		assert_eq!((config.slots, config.url.as_str()), (3, "ws://a"));
		assert_eq!(config.dev_operator.as_deref(), Some("Bob"));
		let engine = EngineConfig::Llama { models: vec!["x.gguf".into()], threads: Some(1) };
		assert_eq!(config.engines, vec![engine]);
	}

	#[test]
	fn load_should_say_what_is_missing_when_there_is_no_operator_or_engine() {
		let error = Config::load(&flags("--model x.gguf")).unwrap_err();
		assert!(error.to_string().contains("no operator"));
		let error = Config::load(&flags("--dev-operator Bob")).unwrap_err();
		assert!(error.to_string().contains("no engine"));
	}

	#[cfg(unix)]
	#[test]
	fn signer_should_be_refused_when_others_can_read_the_key_file() {
		use std::os::unix::fs::PermissionsExt;
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("key");
		fs::write(&path, "//Bob//operator\n").unwrap();
		fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
		let mut config = Config { operator_key_file: Some(path.clone()), ..Config::default() };
		assert!(config.signer().unwrap_err().to_string().contains("chmod 600"));
		fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
		let from_file = config.signer().unwrap().account_id();
		config.operator_key_file = None;
		config.dev_operator = Some("Bob".into());
		assert_eq!(config.signer().unwrap().account_id(), from_file);
	}

	#[cfg(unix)]
	#[test]
	fn receipt_signer_should_be_refused_when_others_can_read_its_file() {
		use std::os::unix::fs::PermissionsExt;
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("receipt.key");
		let (key, secret) = ReceiptSigner::generate();
		fs::write(&path, format!("{secret}\n")).unwrap();
		fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
		let line = format!("--dev-operator Bob --model x.gguf --receipt-key-file {}", path.display());
		let config = Config::load(&flags(&line)).unwrap();
		assert!(config.receipt_signer().unwrap_err().to_string().contains("chmod 600"));
		fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
		assert_eq!(config.receipt_signer().unwrap().unwrap().public(), key.public());
		assert!(Config::load(&flags(&format!("{line} --no-receipts"))).is_err());
	}
}
