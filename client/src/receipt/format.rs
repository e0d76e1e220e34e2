//! The bytes of a receipt file.

use std::fmt;

use codec::{Decode, DecodeAll, Encode};
use millrace_primitives::{AccountId32, BlockNumber, ChannelId, ChannelReceipt, JobId, Receipt, H256};
use sp_consensus_grandpa::{GrandpaJustification, SetId};
use sp_runtime::{generic, traits::BlakeTwo256};

use super::FormatError;

/// A header of the chain.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// The votes that make a block final.
pub type Justification = GrandpaJustification<Header>;

/// How a receipt file begins.
pub const MAGIC: [u8; 8] = *b"MILLRCPT";
/// The byte after [`MAGIC`] in the file of a job's receipt.
pub const VERSION: u8 = 1;
/// The byte after [`MAGIC`] in the file of a channel's receipt.
pub const CHANNEL_VERSION: u8 = 2;
/// Longest file in bytes. Enough for thousands of changes of the validators; what is longer is not read, so that a
/// hostile file costs its reader little time and, decoded, at most some 50 times its length in memory.
pub const MAX_BYTES: usize = 4 << 20;

/// The last block of a set of validators, made final by that set. Its header names the next set.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SetChange {
	/// The block's header.
	pub header: Header,
	/// The old set's votes for that very block: nobody votes past such a block.
	pub justification: Justification,
}

/// What a receipt is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
	/// A job.
	Job(JobId),
	/// A channel.
	Channel(ChannelId),
}

impl fmt::Display for Subject {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Job(job) => write!(f, "job {job}"),
			Self::Channel(channel) => write!(f, "channel {channel}"),
		}
	}
}

/// A receipt that is a leaf of its block's tree.
pub trait Leaf: Encode + Decode {
	/// The byte after [`MAGIC`].
	const VERSION: u8;

	/// The leaf's bytes, on the chain whose block 0 has this hash.
	fn leaf(&self, genesis: &H256) -> Vec<u8>;

	/// The block whose tree it is in.
	fn ended_at(&self) -> BlockNumber;
}

impl Leaf for Receipt<AccountId32> {
	const VERSION: u8 = VERSION;

	fn leaf(&self, genesis: &H256) -> Vec<u8> {
		self.leaf(genesis)
	}

	fn ended_at(&self) -> BlockNumber {
		self.ended_at
	}
}

impl Leaf for ChannelReceipt<AccountId32> {
	const VERSION: u8 = CHANNEL_VERSION;

	fn leaf(&self, genesis: &H256) -> Vec<u8> {
		self.leaf(genesis)
	}

	fn ended_at(&self) -> BlockNumber {
		self.ended_at
	}
}

/// The file of a job's receipt.
pub type ReceiptFile = FileOf<Receipt<AccountId32>>;

/// The file of a channel's receipt.
pub type ChannelReceiptFile = FileOf<ChannelReceipt<AccountId32>>;

/// Whether these bytes begin as the file of a channel's receipt does.
pub fn is_of_channel(bytes: &[u8]) -> bool {
	bytes.strip_prefix(&MAGIC).is_some_and(|rest| rest.first() == Some(&CHANNEL_VERSION))
}

/// A receipt and all that proves it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FileOf<R> {
	/// Hash of the chain's block 0.
	pub genesis: H256,
	/// The receipt.
	pub receipt: R,
	/// Its place among the receipts of its block, from 0.
	pub place: u32,
	/// The hashes beside the way from its leaf to the root, from the leaf up.
	pub path: Vec<H256>,
	/// The set of validators with which the file begins: 0 for genesis.
	pub first_set: SetId,
	/// All changes of the set from there to the one that made the receipt's block final.
	pub changes: Vec<SetChange>,
	/// The header of the receipt's block, and those after it up to the one that the justification is for.
	pub headers: Vec<Header>,
	/// The votes for the last of the headers.
	pub justification: Justification,
}

impl<R> FileOf<R> {
	/// The same with another receipt.
	pub(super) fn with<S>(self, receipt: S) -> FileOf<S> {
		let Self { genesis, place, path, first_set, changes, headers, justification, .. } = self;
		FileOf { genesis, receipt, place, path, first_set, changes, headers, justification }
	}
}

impl<R: Leaf> FileOf<R> {
	/// The file's bytes.
	pub fn to_bytes(&self) -> Vec<u8> {
		let mut bytes = MAGIC.to_vec();
		bytes.push(R::VERSION);
		self.encode_to(&mut bytes);
		bytes
	}

	/// Reads a file. It is one only if [`FileOf::to_bytes`] gives the same bytes.
	///
	/// # Errors
	///
	/// [`FormatError`]; nothing of what the file claims is checked.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
		if bytes.len() > MAX_BYTES {
			return Err(FormatError::TooLong(bytes.len()));
		}
		let rest = bytes.strip_prefix(&MAGIC).ok_or(FormatError::NotAReceipt)?;
		let (version, body) = rest.split_first().ok_or_else(|| FormatError::Damaged("it ends too early".into()))?;
		if *version != R::VERSION {
			return Err(FormatError::OtherVersion(*version));
		}
		let file = Self::decode_all(&mut &*body).map_err(|error| FormatError::Damaged(error.to_string()))?;
		if file.encode() != body {
			return Err(FormatError::Damaged("it is not encoded in the only right way".into()));
		}
		Ok(file)
	}
}
