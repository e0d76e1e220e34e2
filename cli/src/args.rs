//! The command line.

use std::{ffi::OsString, path::PathBuf, str::FromStr};

use clap::{Args, Parser, Subcommand, ValueEnum};
use millrace_primitives::{Balance, BlockNumber, ChannelId, JobId, ModelKind};

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
	/// Most tokens of the answer [default: 256, or what the model's context leaves].
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
	/// Send each message by itself, and not the conversation so far with it.
	#[arg(long)]
	pub no_history: bool,
	/// Close the channel at the end.
	#[arg(long)]
	pub close: bool,
}

/// Commands for jobs.
#[derive(Debug, Subcommand)]
pub enum JobCommand {
	/// Post a job and return its number at once.
	Submit(Request),
	/// What a job would cost, and which miners would do it: nothing is sent.
	Quote(Request),
	/// Where a job stands.
	Status {
		/// Its number.
		job: JobId,
	},
	/// Follow a job until it ends.
	Watch {
		/// Its number.
		job: JobId,
	},
	/// Withdraw a job that no miner has yet.
	Cancel {
		/// Its number.
		job: JobId,
	},
	/// An account's jobs whose bytes are still on chain.
	List {
		/// The account [default: the one that signs].
		#[arg(long, value_name = "ADDRESS")]
		client: Option<String>,
	},
	/// Remove an ended job's bytes now and get the deposit back.
	Prune {
		/// Its number.
		job: JobId,
	},
}

/// Commands for miners. The owner signs, unless noted.
#[derive(Debug, Subcommand)]
pub enum MinerCommand {
	/// Register the signing account as a miner's owner.
	Register {
		/// Hot account that will sign proofs.
		#[arg(long, value_name = "ADDRESS")]
		operator: String,
		/// Stake to hold.
		#[arg(long, value_parser = amount::parse, value_name = "AMOUNT")]
		stake: Balance,
	},
	/// Set or replace what the miner asks for a model.
	Offer {
		/// Model by name or number.
		#[arg(long)]
		model: String,
		/// Price of an input and of an output token.
		#[arg(long, num_args = 2, value_names = ["INPUT", "OUTPUT"], value_parser = amount::parse, required_unless_present = "per_gpu_second")]
		per_token: Option<Vec<Balance>>,
		/// Price of a second of GPU time.
		#[arg(long, value_name = "AMOUNT", value_parser = amount::parse, conflicts_with = "per_token")]
		per_gpu_second: Option<Balance>,
		/// Jobs at once.
		#[arg(long, default_value_t = 1)]
		slots: u32,
	},
	/// Add stake.
	Stake {
		/// How much.
		#[arg(value_parser = amount::parse)]
		amount: Balance,
	},
	/// Start to unbond stake.
	Unstake {
		/// How much.
		#[arg(value_parser = amount::parse)]
		amount: Balance,
	},
	/// Get back the stake whose unbonding is over, or take an offer back.
	Withdraw {
		/// Take the offer for this model back instead.
		#[arg(long, value_name = "MODEL")]
		offer: Option<String>,
	},
	/// A miner's stake, offers and reputation.
	Status {
		/// Its owner or operator [default: the account that signs].
		address: Option<String>,
	},
	/// All miners.
	List {
		/// Only those with an offer for this model.
		#[arg(long)]
		model: Option<String>,
	},
	/// Take jobs, or stop taking new ones; the operator can sign this too.
	Ready {
		/// On or off.
		state: Switch,
	},
	/// End the registration.
	Deregister,
	/// Make, register and see the keys that sign receipts as JSON.
	#[command(subcommand)]
	ReceiptKey(ReceiptKeyCommand),
}

/// Commands for receipt keys.
#[derive(Debug, Subcommand)]
pub enum ReceiptKeyCommand {
	/// Make a key; its secret goes to a file that only its owner may read, for the miner's `receipt_key_file`.
	New {
		/// The file, which must not exist yet.
		file: PathBuf,
	},
	/// Register the key of a file as the miner's, in place of an earlier one; holds a deposit.
	Set {
		/// The file, as `new` made it.
		file: PathBuf,
	},
	/// The keys of a miner, and for which blocks each holds.
	Show {
		/// Its owner or operator [default: the account that signs].
		address: Option<String>,
	},
	/// End the use of the key in use; older receipts stay valid.
	Revoke,
	/// Take a key that was revoked long ago off the list, and get its deposit back.
	Forget {
		/// The public key, 0x hex.
		key: String,
	},
}

/// On or off.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Switch {
	/// Take jobs.
	On,
	/// Take no new jobs.
	Off,
}

/// Commands for channels.
#[derive(Debug, Subcommand)]
pub enum ChannelCommand {
	/// Lock a deposit for answers of one miner, at the rate that it asks now.
	Open {
		/// The miner's owner.
		#[arg(long, value_name = "ADDRESS")]
		miner: String,
		/// Model by name or number.
		#[arg(long)]
		model: String,
		/// Most that all answers may cost together.
		#[arg(long, value_parser = amount::parse, value_name = "AMOUNT")]
		deposit: Balance,
		/// Account whose key signs requests and vouchers [default: the account that signs].
		#[arg(long, value_name = "ADDRESS")]
		session_key: Option<String>,
		/// Do not open it when an input or an output token is dearer.
		#[arg(long, num_args = 2, value_names = ["INPUT", "OUTPUT"], value_parser = amount::parse)]
		max_per_token: Option<Vec<Balance>>,
		/// Do not open it when a second of GPU time is dearer.
		#[arg(long, value_name = "AMOUNT", value_parser = amount::parse, conflicts_with = "max_per_token")]
		max_per_gpu_second: Option<Balance>,
	},
	/// Lock more.
	TopUp {
		/// Its number.
		channel: ChannelId,
		/// How much.
		#[arg(value_parser = amount::parse)]
		amount: Balance,
	},
	/// An account's channels that are not forgotten, as a client or as a miner's owner.
	List {
		/// The account [default: the one that signs].
		address: Option<String>,
	},
	/// One channel.
	Show {
		/// Its number.
		channel: ChannelId,
	},
	/// Close a channel. The miner is paid its voucher at once; after a client's closing it has the challenge window to show
	/// a better one.
	Close {
		/// Its number.
		channel: ChannelId,
		/// File with the best voucher [default: the last one that was signed here, if any].
		#[arg(long, value_name = "FILE")]
		voucher: Option<PathBuf>,
	},
}

/// What work a model does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
	/// Writes text, and makes embeddings.
	Text,
	/// Makes embeddings only.
	Embedding,
	/// Draws images.
	Image,
	/// Measures a machine.
	Bench,
	/// Runs a program.
	Task,
}

impl From<Kind> for ModelKind {
	fn from(kind: Kind) -> Self {
		match kind {
			Kind::Text => Self::Text,
			Kind::Embedding => Self::Embedding,
			Kind::Image => Self::Image,
			Kind::Bench => Self::Bench,
			Kind::Task => Self::Task,
		}
	}
}

/// Commands for models.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
	/// Register a model by the sha256 of its file.
	Register {
		/// The weights (for text and embedding models a GGUF file), or a task's definition; it stays where it is. The
		/// benchmark has no file.
		#[arg(required_unless_present = "kind")]
		file: Option<PathBuf>,
		/// What work it does.
		#[arg(long, value_enum, default_value = "text")]
		kind: Kind,
		/// Unique name, up to 64 bytes.
		#[arg(long)]
		name: String,
		/// Tokens of prompt and answer together [default: the file's own].
		#[arg(long, value_name = "N")]
		context_length: Option<u32>,
		/// Most tokens that the chat template and BOS add to a prompt.
		#[arg(long, default_value_t = 64, value_name = "N")]
		template_tokens: u32,
	},
	/// All models.
	List,
	/// One model.
	Show {
		/// Name or number.
		model: String,
	},
	/// Take a model of the signing account out of use.
	Retire {
		/// Name or number.
		model: String,
	},
}

/// Commands for accounts.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
	/// Make a key; its 12 words are shown once.
	New {
		/// Its name.
		name: String,
	},
	/// Store a key made elsewhere.
	Import {
		/// Its name.
		name: String,
		/// File whose first line is the mnemonic or 0x seed [otherwise: asked for].
		#[arg(long, value_name = "FILE")]
		secret_file: Option<PathBuf>,
		/// polkadot.js's JSON export; its password stays.
		#[arg(long, value_name = "FILE", conflicts_with = "secret_file")]
		from_json: Option<PathBuf>,
	},
	/// The keys in the keystore.
	List,
	/// An account's money.
	Balance {
		/// The account [default: the one that signs].
		address: Option<String>,
	},
	/// Send MILL.
	Transfer {
		/// To this address.
		to: String,
		/// How much.
		#[arg(value_parser = amount::parse)]
		amount: Balance,
	},
}

/// Commands for receipts.
#[derive(Debug, Subcommand)]
pub enum ReceiptCommand {
	/// The record of an ended job.
	Show {
		/// The job's number.
		job: JobId,
	},
	/// The records of an account's jobs, as a client or as a miner's owner.
	List {
		/// The account [default: the one that signs].
		#[arg(long, value_name = "ADDRESS")]
		of: Option<String>,
	},
	/// Write a file that proves a receipt to anybody, without a node.
	Export(Export),
	/// Check a receipt's file. For a proof no node is needed: the validators that the reader trusts are its root. A receipt
	/// as JSON is checked by the keys that the chain lists for its miner, or by --receipt-key.
	Verify(Verify),
	/// Write a receipt as JSON, signed with the miner's receipt key.
	Sign {
		/// The job's number.
		job: JobId,
		/// The file with the key's secret, as `millrace miner receipt-key new` made it.
		#[arg(long, value_name = "FILE")]
		key_file: PathBuf,
		/// The file to write [default: in millrace/receipts in the user's data folder].
		#[arg(long, value_name = "FILE")]
		out: Option<PathBuf>,
	},
	/// Write down the validators that a node knows, for `verify`. Ask a node of your own, or one that you trust.
	Trust {
		/// The file.
		#[arg(long, default_value = "trust.json", value_name = "FILE")]
		out: PathBuf,
		/// The validators after the last final block, instead of those of genesis. Receipts from before their time
		/// can't be checked against them.
		#[arg(long)]
		checkpoint: bool,
	},
}

/// What to export.
#[derive(Debug, Args)]
pub struct Export {
	/// The job's number.
	#[arg(required_unless_present = "channel", conflicts_with = "channel")]
	pub job: Option<JobId>,
	/// Instead of a job: the number of a channel that was settled.
	#[arg(long, value_name = "ID")]
	pub channel: Option<ChannelId>,
	/// The file [default: in millrace/receipts in the user's data folder].
	#[arg(long, value_name = "FILE")]
	pub out: Option<PathBuf>,
	/// The block in which the job ended or the channel was settled, for a receipt that has left the chain's state; needs an archive node.
	#[arg(long, value_name = "NUMBER")]
	pub block: Option<BlockNumber>,
	/// Begin with the validators of this file (see `trust`) instead of those of genesis: a shorter file, for readers
	/// who trust them.
	#[arg(long, value_name = "FILE")]
	pub trust: Option<PathBuf>,
	/// Seconds to wait until the receipt is final.
	#[arg(long, default_value_t = 60, value_name = "SECONDS")]
	pub wait: u64,
}

/// What to check, and against whom.
#[derive(Debug, Args)]
pub struct Verify {
	/// The receipt's file.
	pub file: PathBuf,
	/// The validators to trust: a file as `millrace receipt trust` writes it.
	#[arg(long, value_name = "FILE", conflicts_with_all = ["genesis", "authorities"])]
	pub trust: Option<PathBuf>,
	/// Instead of a file: the hash of the chain's block 0.
	#[arg(long, value_name = "HASH", requires = "authorities")]
	pub genesis: Option<String>,
	/// The GRANDPA keys of the validators of genesis, 0x hex, separated by commas.
	#[arg(long, value_name = "KEYS", requires = "genesis", value_delimiter = ',')]
	pub authorities: Vec<String>,
	/// For a receipt as JSON, instead of asking the chain: the public receipt key to trust, 0x hex.
	#[arg(long, value_name = "KEY", conflicts_with_all = ["trust", "genesis"])]
	pub receipt_key: Option<String>,
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
