//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use millrace_client::amount;
use millrace_primitives::{Balance, BlockNumber};

/// Serves OpenAI's API; answers are jobs on Millrace, paid by one account.
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
	Run(Run),
	/// Make an API key: prints it once, and the line for the file of --api-keys.
	NewKey,
}

/// How to serve.
#[derive(Debug, Args)]
pub struct Run {
	/// Node to talk to.
	#[arg(long, env = "MILLRACE_URL", default_value = "ws://127.0.0.1:9944")]
	pub url: String,
	/// Address to serve at. Other than loopback ones need --api-keys.
	#[arg(long, env = "MILLRACE_GATEWAY_BIND", default_value = "127.0.0.1:11436")]
	pub bind: SocketAddr,
	/// File whose first line is the paying account's mnemonic or 0x seed; only its owner may be able to read it.
	#[arg(long, env = "MILLRACE_GATEWAY_KEY_FILE", value_name = "FILE", required_unless_present = "dev")]
	pub key_file: Option<PathBuf>,
	/// Pay from a development account instead, as Charlie. Everybody knows these keys.
	#[arg(long, value_name = "NAME", conflicts_with = "key_file")]
	pub dev: Option<String>,
	/// File with a line for each API key that is let in, as `new-key` prints them; read at the start.
	#[arg(long, env = "MILLRACE_GATEWAY_API_KEYS", value_name = "FILE")]
	pub api_keys: Option<PathBuf>,
	/// Most that an answer may cost.
	#[arg(long, env = "MILLRACE_GATEWAY_MAX_FEE", default_value = "0.05", value_parser = amount::parse, value_name = "AMOUNT")]
	pub max_fee: Balance,
	/// Blocks (seconds) that one attempt may take.
	#[arg(long, env = "MILLRACE_GATEWAY_TIMEOUT", default_value_t = 60, value_name = "BLOCKS")]
	pub timeout: BlockNumber,
}
