//! Commands for jobs, miners, channels, models and accounts.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use millrace_primitives::{Balance, ChannelId, JobId, ModelKind};

use super::Request;
use crate::amount;

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
	/// What was asked and answered in a channel, and whether both sides signed it.
	Transcript {
		/// Its number.
		channel: ChannelId,
		/// The file [default: the one in the channels' folder]. A miner's and a gateway's are like it.
		#[arg(long)]
		file: Option<PathBuf>,
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
