//! The command line. Each flag is also an environment variable.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use millrace_primitives::BlockNumber;

use super::{Amount, LogFormat};
use crate::store::Scope;

/// Serves OpenAI's and Ollama's APIs; answers are jobs on Millrace, paid by one account.
#[derive(Debug, Parser)]
#[command(name = "millrace-gateway", version)]
pub struct Cli {
	/// What to do.
	#[command(subcommand)]
	pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
	/// Serve until stopped.
	Run(Box<Flags>),
	/// Make, list and revoke API keys. A running gateway minds it at once.
	#[command(subcommand)]
	Key(KeyCommand),
	/// Print the description of the HTTP interface, as /openapi.json serves it.
	Openapi,
}

/// Commands for API keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
	/// Make a key and print it, once. From the first one on nobody is let in without a key.
	New(NewKeyFlags),
	/// All keys, with what they have spent this month.
	List(Database),
	/// End the use of a key.
	Revoke {
		/// Its public name, key_...
		id: String,
		/// Where it is.
		#[command(flatten)]
		database: Database,
	},
}

/// Where keys are.
#[derive(Clone, Debug, Args)]
pub struct Database {
	/// The gateway's SQLite file.
	#[arg(long, value_name = "FILE", env = "MILLRACE_GATEWAY_DATABASE", default_value = "millrace-gateway.db")]
	pub database: PathBuf,
	/// Print JSON; amounts are strings of plancks.
	#[arg(long)]
	pub json: bool,
}

/// A key to be made.
#[derive(Debug, Args)]
pub struct NewKeyFlags {
	/// For whom or what it is.
	#[arg(long, default_value = "")]
	pub name: String,
	/// Model that it may use; may be repeated [default: all].
	#[arg(long = "model", value_name = "NAME")]
	pub models: Vec<String>,
	/// Part of the gateway that it opens; may be repeated [default: all].
	#[arg(long = "scope", value_name = "PART")]
	pub scopes: Vec<Scope>,
	/// Most that it may spend in a month.
	#[arg(long, value_name = "AMOUNT")]
	pub budget: Option<Amount>,
	/// Requests a minute.
	#[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
	pub per_minute: Option<u32>,
	/// Tokens a minute, of prompts and answers together.
	#[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
	pub tokens_per_minute: Option<u32>,
	/// Where it goes.
	#[command(flatten)]
	pub database: Database,
}

/// Flags; each wins over its environment variable, and that over the key of the same name in the file.
#[derive(Clone, Debug, Default, Args)]
pub struct Flags {
	/// TOML file with the configuration.
	#[arg(long, value_name = "FILE", env = "MILLRACE_GATEWAY_CONFIG")]
	pub config: Option<PathBuf>,
	/// WebSocket address of a node; may be repeated: when one is away, the next is tried.
	#[arg(long = "url", value_name = "URL", env = "MILLRACE_GATEWAY_URLS", value_delimiter = ',')]
	pub urls: Vec<String>,
	/// Address to serve at. Other than loopback ones need an API key.
	#[arg(long, env = "MILLRACE_GATEWAY_BIND")]
	pub bind: Option<SocketAddr>,
	/// File whose first line is the paying account's mnemonic or 0x seed; only its owner may be able to read it.
	#[arg(long, env = "MILLRACE_GATEWAY_KEY_FILE", value_name = "FILE")]
	pub key_file: Option<PathBuf>,
	/// Pay from a development account instead, as Charlie. Everybody knows these keys.
	#[arg(long, env = "MILLRACE_GATEWAY_DEV", value_name = "NAME", conflicts_with = "key_file")]
	pub dev: Option<String>,
	/// SQLite file of API keys and jobs; made where there is none.
	#[arg(long, value_name = "FILE", env = "MILLRACE_GATEWAY_DATABASE")]
	pub database: Option<PathBuf>,
	/// Most that an answer may cost.
	#[arg(long, env = "MILLRACE_GATEWAY_MAX_FEE", value_name = "AMOUNT")]
	pub max_fee: Option<Amount>,
	/// Blocks (seconds) that one attempt may take.
	#[arg(long, env = "MILLRACE_GATEWAY_TIMEOUT", value_name = "BLOCKS")]
	pub timeout: Option<BlockNumber>,
	/// Stream text in channels where a miner serves them.
	#[arg(long, value_name = "BOOL", env = "MILLRACE_GATEWAY_CHANNELS")]
	pub channels: Option<bool>,
	/// Folder of the channels' state.
	#[arg(long, value_name = "FOLDER", env = "MILLRACE_GATEWAY_CHANNEL_FOLDER")]
	pub channel_folder: Option<PathBuf>,
	/// What a new channel, and a top-up, locks.
	#[arg(long, value_name = "AMOUNT", env = "MILLRACE_GATEWAY_CHANNEL_DEPOSIT")]
	pub channel_deposit: Option<Amount>,
	/// Most channels of one model.
	#[arg(long, value_name = "N", env = "MILLRACE_GATEWAY_MAX_CHANNELS")]
	pub max_channels: Option<usize>,
	/// Requests a minute of a key without a limit of its own, and of all together where no keys are.
	#[arg(long, env = "MILLRACE_GATEWAY_REQUESTS_PER_MINUTE", value_name = "N")]
	pub requests_per_minute: Option<u32>,
	/// Answers under way at once; one more is refused.
	#[arg(long, env = "MILLRACE_GATEWAY_MAX_ANSWERS", value_name = "N")]
	pub max_answers: Option<usize>,
	/// Open connections; more have to wait.
	#[arg(long, env = "MILLRACE_GATEWAY_MAX_CONNECTIONS", value_name = "N")]
	pub max_connections: Option<usize>,
	/// Largest body of a request.
	#[arg(long, env = "MILLRACE_GATEWAY_MAX_BODY_BYTES", value_name = "BYTES")]
	pub max_body_bytes: Option<usize>,
	/// Seconds that a client may take to send a request.
	#[arg(long, env = "MILLRACE_GATEWAY_READ_SECS", value_name = "SECONDS")]
	pub read_secs: Option<u64>,
	/// Seconds that a client may take to read a piece of an answer.
	#[arg(long, env = "MILLRACE_GATEWAY_WRITE_SECS", value_name = "SECONDS")]
	pub write_secs: Option<u64>,
	/// Seconds for answers under way after SIGTERM.
	#[arg(long, env = "MILLRACE_GATEWAY_DRAIN_SECS", value_name = "SECONDS")]
	pub drain_secs: Option<u64>,
	/// Days for which ended jobs are remembered.
	#[arg(long, env = "MILLRACE_GATEWAY_KEEP_DAYS", value_name = "DAYS")]
	pub keep_days: Option<u32>,
	/// How the log is written.
	#[arg(long, env = "MILLRACE_GATEWAY_LOG_FORMAT")]
	pub log_format: Option<LogFormat>,
	/// What is logged, as RUST_LOG has it, which wins over this.
	#[arg(long, value_name = "FILTER", env = "MILLRACE_GATEWAY_LOG")]
	pub log: Option<String>,
	/// Write the inputs of jobs to the log.
	#[arg(long, value_name = "BOOL", env = "MILLRACE_GATEWAY_LOG_PROMPTS", num_args = 0..=1,
		default_missing_value = "true", require_equals = true)]
	pub log_prompts: Option<bool>,
}
