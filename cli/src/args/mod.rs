//! The command line.

mod manage;
mod receipt;

pub use manage::{AccountCommand, ChannelCommand, JobCommand, MinerCommand, ModelCommand, ReceiptKeyCommand, Switch};
pub use receipt::{Export, ReceiptCommand, Verify};

use std::{ffi::OsString, path::PathBuf, str::FromStr};

use clap::{Args, Parser, Subcommand};
use millrace_primitives::{Balance, BlockNumber, ChannelId, Sampling};

use crate::amount;

/// Asks models on Millrace, a chain that pays GPU owners for AI inference, and manages what it takes.
///
/// Amounts are MILL with up to 12 decimals (0.02, "1.5 MILL") or whole plancks (20000planck).
#[derive(Debug, Parser)]
#[command(name = "millrace", version, propagate_version = true)]
pub struct Cli {
	/// Options of every command.
	#[command(flatten)]
	pub global: Global,
	/// What to do.
	#[command(subcommand)]
	pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct Global {
	/// Node to talk to.
	#[arg(long, global = true, env = "MILLRACE_URL", default_value = "ws://127.0.0.1:9944")]
	pub url: String,
	/// Print one JSON object (job watch: one a line) instead of text; amounts are strings of plancks.
	#[arg(long, global = true)]
	pub json: bool,
	/// Folder of the keys [default: millrace/keys in the user's data folder].
	#[arg(long, global = true, value_name = "DIR")]
	pub keystore: Option<PathBuf>,
	/// Key to sign with, by its name in the keystore.
	#[arg(long, global = true, env = "MILLRACE_ACCOUNT", value_name = "NAME")]
	pub account: Option<String>,
	/// Sign with a development account instead: alice, bob, charlie, dave, eve, ferdie, or a derivation such as
	/// Alice//stash. Everybody knows these keys.
	#[arg(long, global = true, value_name = "NAME", conflicts_with = "account")]
	pub dev: Option<String>,
	/// File whose first line is the key's password [otherwise: MILLRACE_PASSWORD, or asked for].
	#[arg(long, global = true, value_name = "FILE")]
	pub password_file: Option<PathBuf>,
	/// Folder of the receipts' files [default: millrace/receipts in the user's data folder].
	#[arg(long, global = true, env = "MILLRACE_RECEIPTS", value_name = "DIR")]
	pub receipts: Option<PathBuf>,
	/// Folder with what was signed for in channels [default: millrace/channels in the user's data folder].
	#[arg(long, global = true, env = "MILLRACE_CHANNELS", value_name = "DIR")]
	pub channels: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
	/// Ask a model and wait for the answer: it goes to stdout, everything else to stderr.
	Ask(Ask),
	/// Talk with a model over a channel: each line of stdin is a message, its answer is streamed to stdout and paid for as
	/// it comes. The model sees one message at a time. Ctrl-C ends an answer.
	Chat(Chat),
	/// Post, see and withdraw jobs.
	#[command(subcommand)]
	Job(JobCommand),
	/// Register a miner, price its work and manage its stake.
	#[command(subcommand)]
	Miner(MinerCommand),
	/// Register and list models.
	#[command(subcommand)]
	Model(ModelCommand),
	/// Open, top up, see and close streaming channels.
	#[command(subcommand)]
	Channel(ChannelCommand),
	/// Make keys, see balances, send MILL.
	#[command(subcommand)]
	Account(AccountCommand),
	/// See the records of jobs, export them as proofs, and check such proofs.
	#[command(subcommand)]
	Receipt(ReceiptCommand),
	/// Run the gateway and manage its API keys: `millrace gateway ...` is `millrace-gateway ...`.
	#[command(disable_help_flag = true)]
	Gateway {
		/// What the gateway is told; `--help` lists it.
		#[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
		args: Vec<OsString>,
	},
}

/// What is to be done, if not to answer the prompt as a chat.
#[derive(Debug, Default, Args)]
#[group(multiple = false)]
pub struct Work {
	/// Let the model continue the prompt as it is, without its chat template.
	#[arg(long)]
	pub raw: bool,
	/// Let the model answer the last message of a conversation; the prompt is a JSON array of messages with `role` (system,
	/// user or assistant) and `content`.
	#[arg(long)]
	pub conversation: bool,
	/// Turn the prompt into an embedding: a list of numbers.
	#[arg(long)]
	pub embed: bool,
	/// Let the miner multiply matrices of this size so many times, to see how fast it is; the prompt only seeds them.
	#[arg(long, value_parser = pair::<u32>, value_name = "SIZExROUNDS")]
	pub bench: Option<(u32, u32)>,
	/// Draw what the prompt describes, in this size.
	#[arg(long, value_parser = pair::<u16>, value_name = "WIDTHxHEIGHT")]
	pub image: Option<(u16, u16)>,
	/// Run the task that the model names; the prompt is its JSON document.
	#[arg(long)]
	pub task: bool,
}

/// How long an answer may be, and how its tokens are drawn.
#[derive(Debug, Args)]
pub struct Sampler {
	/// Most tokens of an answer [default: 256, or what the model's context leaves].
	#[arg(long, value_name = "N")]
	pub max_tokens: Option<u32>,
	/// 0 (always the likeliest token) to 2.
	#[arg(long, default_value = "0", value_parser = milli, value_name = "X")]
	pub temperature: u16,
	/// Draw only from this many likeliest tokens; 0: from all.
	#[arg(long, default_value_t = 0, value_name = "N")]
	pub top_k: u16,
	/// Draw only from the likeliest tokens that together reach this probability, up to 1.
	#[arg(long, default_value = "1", value_parser = milli, value_name = "P")]
	pub top_p: u16,
}

impl Sampler {
	/// The same for the chain, with the number of tokens decided.
	pub fn sampling(&self, max_tokens: u32) -> Sampling {
		Sampling { max_tokens, temperature_milli: self.temperature, top_k: self.top_k, top_p_milli: self.top_p }
	}
}

/// A request for an answer.
#[derive(Debug, Args)]
pub struct Request {
	/// The prompt; `-`: standard input. A benchmark makes one up when there is none.
	#[arg(required_unless_present = "bench")]
	pub prompt: Option<String>,
	/// What is to be done.
	#[command(flatten)]
	pub work: Work,
	/// Model by name or number [default: the first that takes such jobs].
	#[arg(long)]
	pub model: Option<String>,
	/// Most that the answer may cost.
	#[arg(long, default_value = "0.05", value_parser = amount::parse, value_name = "AMOUNT")]
	pub max_fee: Balance,
	/// How long an answer may be, and how its tokens are drawn.
	#[command(flatten)]
	pub sampler: Sampler,
	/// Miner that has to do it: its owner's address [default: the chain draws one].
	#[arg(long, value_name = "ADDRESS")]
	pub miner: Option<String>,
	/// Blocks (seconds) that one attempt may take.
	#[arg(long, default_value_t = 60, value_name = "BLOCKS")]
	pub timeout: BlockNumber,
	/// Denoising steps of an image.
	#[arg(long, default_value_t = 20, value_name = "N", requires = "image")]
	pub steps: u16,
	/// How closely an image has to follow the prompt, 0 to 30.
	#[arg(long, default_value = "7", value_parser = milli, value_name = "X", requires = "image")]
	pub guidance: u16,
	/// Most bytes of a task's answer on chain.
	#[arg(long, default_value_t = 16_384, value_name = "N", requires = "task")]
	pub max_output_bytes: u32,
	/// Longest run of a task in seconds [default: the timeout].
	#[arg(long, value_name = "SECONDS", requires = "task")]
	pub max_seconds: Option<u32>,
}

/// A request, and how to show its way.
#[derive(Debug, Args)]
pub struct Ask {
	/// The request.
	#[command(flatten)]
	pub request: Request,
	/// Print every step with its block on stdout, and check all sums to the planck.
	#[arg(long)]
	pub trace: bool,
	/// Do not write the receipt's file.
	#[arg(long)]
	pub no_receipt_file: bool,
}

/// A conversation.
#[derive(Debug, Args)]
pub struct Chat {
	/// Use this open channel [default: open one].
	#[arg(long, conflicts_with_all = ["model", "miner", "deposit"])]
	pub channel: Option<ChannelId>,
	/// Model by name or number [default: the first that chats].
	#[arg(long)]
	pub model: Option<String>,
	/// Owner of the miner to talk to [default: the cheapest that answers sessions].
	#[arg(long, value_name = "ADDRESS")]
	pub miner: Option<String>,
	/// What the new channel locks: the most that all its answers can cost together.
	#[arg(long, default_value = "1", value_parser = amount::parse, value_name = "AMOUNT")]
	pub deposit: Balance,
	/// How long an answer may be, and how its tokens are drawn.
	#[command(flatten)]
	pub sampler: Sampler,
	/// Send each message by itself, and not the conversation so far with it.
	#[arg(long)]
	pub no_history: bool,
	/// Close the channel at the end.
	#[arg(long)]
	pub close: bool,
}

/// Reads a number with up to three decimals as thousandths.
fn milli(text: &str) -> Result<u16, String> {
	amount::fixed_point(text, 3)
		.and_then(|milli| u16::try_from(milli).ok())
		.ok_or_else(|| format!("{text:?} is not a number of up to three decimals, such as 0.7"))
}

/// Reads two numbers with an x between them.
fn pair<T: FromStr>(text: &str) -> Result<(T, T), String> {
	text.split_once('x')
		.and_then(|(first, second)| Some((first.parse().ok()?, second.parse().ok()?)))
		.ok_or_else(|| format!("{text:?} is not two whole numbers with an x between them, such as 512x16"))
}

#[cfg(test)]
mod tests {
	use super::*;
	use clap::CommandFactory;

	#[test]
	fn command_line_should_be_sound_when_clap_checks_it() {
		Cli::command().debug_assert();
	}

	#[test]
	fn verify_should_take_one_root_of_trust_when_it_is_parsed() {
		let parse = |line: &str| Cli::try_parse_from(line.split(' '));
		assert!(parse("millrace receipt verify a --trust b").is_ok());
		assert!(parse("millrace receipt verify a --genesis 0x1 --authorities 0x2,0x3").is_ok());
		assert!(parse("millrace receipt verify a --receipt-key 0x1").is_ok());
		assert!(parse("millrace receipt verify a --receipt-key 0x1 --trust b").is_err());
		assert!(parse("millrace receipt verify a --genesis 0x1").is_err());
		assert!(parse("millrace receipt verify a --trust b --genesis 0x1 --authorities 0x2").is_err());
	}

	#[test]
	fn request_should_be_for_one_kind_of_work_when_it_is_parsed() {
		let parse = |line: &str| Cli::try_parse_from(line.split(' '));
		for right in ["hi", "hi --raw", "hi --embed", "--bench 512x16", "hi --image 512x768 --steps 30", "{} --task"] {
			assert!(parse(&format!("millrace job submit {right}")).is_ok(), "{right}");
		}
		for wrong in [
			"",
			"--embed",
			"hi --raw --embed",
			"hi --bench 512",
			"hi --steps 5",
			"hi --image 70000x1",
			"hi --max-seconds 3",
		] {
			assert!(parse(format!("millrace job submit {wrong}").trim()).is_err(), "{wrong}");
		}
	}

	#[test]
	fn gateway_should_be_told_everything_when_it_is_parsed() {
		let parsed = Cli::try_parse_from("millrace gateway key new --name x --json --help".split(' ')).unwrap();
		let Command::Gateway { args } = parsed.command else { panic!("another command") };
		assert_eq!(args, ["key", "new", "--name", "x", "--json", "--help"]);
		assert!(!parsed.global.json);
	}

	#[test]
	fn milli_should_be_exact_when_it_has_decimals() {
		assert_eq!(milli("0.7"), Ok(700));
		assert_eq!(milli("2"), Ok(2_000));
		assert!(milli("0.7001").is_err() && milli("-1").is_err() && milli("100").is_err());
	}

	#[test]
	fn offer_should_need_one_price_when_it_is_parsed() {
		let parse = |line: &str| Cli::try_parse_from(line.split(' '));
		assert!(parse("millrace miner offer --model 0 --per-token 0.1 0.2").is_ok());
		assert!(parse("millrace miner offer --model 0 --per-gpu-second 1").is_ok());
		assert!(parse("millrace miner offer --model 0").is_err());
		assert!(parse("millrace miner offer --model 0 --per-gpu-second 1 --per-token 1 1").is_err());
	}
}
