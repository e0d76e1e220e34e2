//! The command line. Each flag is also an environment variable.

use std::{
	net::SocketAddr,
	num::{NonZeroU64, NonZeroUsize},
	path::PathBuf,
};

use clap::{Args, Parser, Subcommand};
use millrace_client::session::network::Multiaddr;

use super::{
	engine::EngineKind,
	offer::Offer,
	value::{Accel, Genesis, LogFormat, NodeUrl},
};
use crate::{init::Options, owner::OWNER};

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
	/// Write a configuration and make the operator's key; then say what the owner has to sign.
	Init(Box<Options>),
	/// Say what this machine has, and which of the configured models fit it.
	Probe(Box<Asked>),
	/// Look at everything that work depends on, and say how to mend what is broken. Exits with 1 if something is.
	Doctor(Box<Asked>),
	/// List the models of the engines, what the chain knows of them, and what is asked for them there.
	Models(Box<Asked>),
	/// Print the commands that make the configured offers, for the owner to sign.
	Offer(Box<Offered>),
	/// Print the configuration in force: the file, under the environment, under the flags.
	Config(Box<Flags>),
	/// What the miner starts a task with.
	#[command(name = crate::task::sandbox::SUBCOMMAND, hide = true)]
	TaskChild {
		/// Which of its processes.
		part: std::ffi::OsString,
	},
}

/// A question about a configuration.
#[derive(Clone, Debug, Args)]
pub struct Asked {
	/// As for `run`.
	#[command(flatten)]
	pub flags: Flags,
	/// Answer in JSON.
	#[arg(long)]
	pub json: bool,
}

/// For whom to print offers.
#[derive(Clone, Debug, Args)]
pub struct Offered {
	/// As for `run`, and JSON.
	#[command(flatten)]
	pub asked: Asked,
	/// The owner's key in the keystore of `millrace`.
	#[arg(long, value_name = "NAME", default_value = OWNER)]
	pub owner: String,
}

/// Flags; each wins over its environment variable, and that over the key of the same name in the file.
#[derive(Clone, Debug, Default, Args)]
pub struct Flags {
	/// TOML file with the configuration.
	#[arg(long, value_name = "FILE", env = "MILLRACE_MINER_CONFIG")]
	pub config: Option<PathBuf>,
	/// WebSocket address of a node; may be repeated: when one is away, the next is tried.
	#[arg(long = "url", value_name = "URL", env = "MILLRACE_MINER_URLS", value_delimiter = ',')]
	pub urls: Vec<NodeUrl>,
	/// Hash of the chain's block 0; another chain is refused.
	#[arg(long, value_name = "HASH", env = "MILLRACE_MINER_GENESIS")]
	pub genesis: Option<Genesis>,
	/// File with the operator's secret: a mnemonic, a 0x seed or a secret URI. Only its owner may read it.
	#[arg(long, value_name = "FILE", env = "MILLRACE_MINER_OPERATOR_KEY_FILE")]
	pub operator_key_file: Option<PathBuf>,
	/// Use the well-known key //NAME//operator. For development chains only.
	#[arg(long, value_name = "NAME", env = "MILLRACE_MINER_DEV_OPERATOR")]
	pub dev_operator: Option<String>,
	/// Directory of the journal.
	#[arg(long, value_name = "DIR", env = "MILLRACE_MINER_WORK_DIR")]
	pub work_dir: Option<PathBuf>,
	/// What the llama engine computes on.
	#[arg(long, env = "MILLRACE_MINER_ACCEL")]
	pub accel: Option<Accel>,
	/// Use only this engine, instead of those of the file.
	#[arg(long, env = "MILLRACE_MINER_ENGINE")]
	pub engine: Option<EngineKind>,
	/// GGUF file for the llama engine; may be repeated.
	#[arg(long, value_name = "PATH", env = "MILLRACE_MINER_MODEL", value_delimiter = ',')]
	pub model: Vec<PathBuf>,
	/// Address of an Ollama server.
	#[arg(long, value_name = "URL", env = "MILLRACE_MINER_OLLAMA_URL")]
	pub ollama_url: Option<String>,
	/// Threads of one inference.
	#[arg(long, value_name = "N", env = "MILLRACE_MINER_THREADS")]
	pub threads: Option<usize>,
	/// What the owner asks for a model, as the keys of an [[offer]]: 'model = "NAME", per_gpu_second = "0.02", slots =
	/// 1'. May be repeated; replaces those of the file.
	#[arg(long, value_name = "KEYS", env = "MILLRACE_MINER_OFFER")]
	pub offer: Vec<Offer>,
	/// Inferences at a time.
	#[arg(long, value_name = "N", env = "MILLRACE_MINER_SLOTS")]
	pub slots: Option<NonZeroUsize>,
	/// Seconds after which the chain is read even if no block is announced.
	#[arg(long, value_name = "SECONDS", env = "MILLRACE_MINER_POLL_SECS")]
	pub poll_secs: Option<NonZeroU64>,
	/// Address for `GET /healthz`; port 0 takes a free one and logs it.
	#[arg(long, value_name = "ADDRESS", env = "MILLRACE_MINER_HTTP_BIND")]
	pub http_bind: Option<SocketAddr>,
	/// Let `http_bind` be an address that other machines reach. Nothing there asks for a password.
	#[arg(long, value_name = "BOOL", env = "MILLRACE_MINER_HTTP_ALLOW_REMOTE", num_args = 0..=1,
		default_missing_value = "true", require_equals = true)]
	pub http_allow_remote: Option<bool>,
	/// How the log is written.
	#[arg(long, env = "MILLRACE_MINER_LOG_FORMAT")]
	pub log_format: Option<LogFormat>,
	/// What is logged, as RUST_LOG has it, which wins over this.
	#[arg(long, value_name = "FILTER", env = "MILLRACE_MINER_LOG")]
	pub log: Option<String>,
	/// Seconds that running inferences may go on after SIGTERM.
	#[arg(long, value_name = "SECONDS", env = "MILLRACE_MINER_DRAIN_SECS")]
	pub drain_secs: Option<u64>,
	/// Seconds for which answered attempts stay in the journal.
	#[arg(long, value_name = "SECONDS", env = "MILLRACE_MINER_KEEP_SECS")]
	pub keep_secs: Option<u64>,
	/// Tell the chain at stop that no jobs are taken, and at start that they are again.
	#[arg(long, value_name = "BOOL", env = "MILLRACE_MINER_MANAGE_READY", num_args = 0..=1,
		default_missing_value = "true", require_equals = true)]
	pub manage_ready: Option<bool>,
	/// Write the receipts of answered jobs to files.
	#[arg(long, value_name = "BOOL", env = "MILLRACE_MINER_RECEIPTS", num_args = 0..=1,
		default_missing_value = "true", require_equals = true)]
	pub receipts: Option<bool>,
	/// The same as --receipts=false.
	#[arg(long, conflicts_with = "receipts")]
	pub no_receipts: bool,
	/// File with the secret of the miner's receipt key, to sign receipts as JSON too. Only its owner may read it.
	#[arg(long, value_name = "FILE", env = "MILLRACE_MINER_RECEIPT_KEY_FILE")]
	pub receipt_key_file: Option<PathBuf>,
	/// Largest input that is worked on; a larger one fails as Denied.
	#[arg(long, value_name = "BYTES", env = "MILLRACE_MINER_LIMITS_MAX_INPUT_BYTES")]
	pub max_input_bytes: Option<u32>,
	/// Attempts that may wait for a slot; one more fails as Denied.
	#[arg(long, value_name = "N", env = "MILLRACE_MINER_LIMITS_MAX_QUEUE")]
	pub max_queue: Option<usize>,
	/// Free megabytes of the work directory's disk below which no new work is taken.
	#[arg(long, value_name = "MB", env = "MILLRACE_MINER_LIMITS_MIN_FREE_DISK_MB")]
	pub min_free_disk_mb: Option<u64>,
	/// Multiaddr to serve sessions of streaming channels on, such as /ip4/0.0.0.0/tcp/9930; may be repeated.
	#[arg(long, value_name = "MULTIADDR", env = "MILLRACE_MINER_SESSION_LISTEN", value_delimiter = ',')]
	pub session_listen: Vec<Multiaddr>,
	/// Multiaddr at which others reach this machine, where that is not what it listens on; may be repeated.
	#[arg(
		long = "session-public-address",
		value_name = "MULTIADDR",
		env = "MILLRACE_MINER_SESSION_PUBLIC_ADDRESSES",
		value_delimiter = ','
	)]
	pub session_public_addresses: Vec<Multiaddr>,
	/// Answers of sessions at a time, beside the slots.
	#[arg(long, value_name = "N", env = "MILLRACE_MINER_SESSION_STREAMS")]
	pub session_streams: Option<NonZeroUsize>,
	/// Seconds that a client may take to counter-sign a checkpoint.
	#[arg(long, value_name = "SECONDS", env = "MILLRACE_MINER_SESSION_VOUCHER_SECS")]
	pub session_voucher_secs: Option<NonZeroU64>,
	/// Run tasks: programs that the allow-list names.
	#[arg(long, value_name = "BOOL", env = "MILLRACE_MINER_TASK_ENABLED", num_args = 0..=1,
		default_missing_value = "true", require_equals = true)]
	pub task_enabled: Option<bool>,
	/// Folder with a file for each program that tasks may run.
	#[arg(long, value_name = "DIR", env = "MILLRACE_MINER_TASK_ALLOWLIST_DIR")]
	pub task_allowlist_dir: Option<PathBuf>,
	/// Host that the inputs of tasks may be fetched from; may be repeated.
	#[arg(long = "task-host", value_name = "HOST", env = "MILLRACE_MINER_TASK_HOSTS", value_delimiter = ',')]
	pub task_hosts: Vec<String>,
	/// Megabytes that the workspaces of all tasks together may take.
	#[arg(long, value_name = "MB", env = "MILLRACE_MINER_TASK_QUOTA_MB")]
	pub task_quota_mb: Option<u64>,
	/// Hours for which finished tasks and their outputs are kept.
	#[arg(long, value_name = "HOURS", env = "MILLRACE_MINER_TASK_KEEP_FINISHED_HOURS")]
	pub task_keep_finished_hours: Option<u32>,
	/// Hours for which failed tasks are kept.
	#[arg(long, value_name = "HOURS", env = "MILLRACE_MINER_TASK_KEEP_FAILED_HOURS")]
	pub task_keep_failed_hours: Option<u32>,
}
