//! Commands for receipts.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use millrace_primitives::{BlockNumber, ChannelId, JobId};

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
