//! What can be wrong with a receipt file, one variant a cause.

use millrace_primitives::{BlockNumber, JobId, H256};
use sp_consensus_grandpa::{AuthorityId, SetId};

use super::{
	format::{Subject, CHANNEL_VERSION, MAX_BYTES, VERSION},
	json::JsonError,
};
use crate::Error;

/// Why bytes are no receipt file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
	/// More than any receipt needs; nothing of it was read.
	#[error("the file has {0} bytes; a receipt has at most {MAX_BYTES}")]
	TooLong(usize),
	/// It does not begin as a receipt file does.
	#[error("this is no receipt file")]
	NotAReceipt,
	/// It was written by another version.
	#[error("the file has format {0}; this program reads {VERSION}, of jobs, and {CHANNEL_VERSION}, of channels")]
	OtherVersion(u8),
	/// It ends too early, goes on too long, or holds something that nothing encodes as.
	#[error("the file is damaged: {0}")]
	Damaged(String),
}

/// Why a justification does not make its block final.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FinalityError {
	/// The set has no validators, or their weights overflow.
	#[error("the set of validators is empty or its weights are too large")]
	NoVoters,
	/// It is for another block than the file needs.
	#[error("the votes are for block {number} ({hash:?})")]
	OtherBlock {
		/// The block's height.
		number: BlockNumber,
		/// The block's hash.
		hash: H256,
	},
	/// More votes than the set can cast, or more headers than votes can need.
	#[error("it has more votes or headers than the set of validators can need")]
	TooLarge,
	/// A vote by a key that is not in the set.
	#[error("a vote is by {0:?}, who is not in the set of validators")]
	UnknownVoter(AuthorityId),
	/// A vote that its validator did not sign, in this round, for this set.
	#[error("the signature of validator {0:?} does not fit its vote")]
	BadSignature(AuthorityId),
	/// A vote for a block that is not shown to descend from the others.
	#[error("a vote is for a block that is not linked to the others")]
	Unlinked,
	/// Headers that no vote needs.
	#[error("it has headers that no vote needs")]
	Unneeded,
	/// The same vote twice.
	#[error("a vote is counted twice")]
	Doubled,
	/// Two thirds of the weight did not vote for the block.
	#[error("fewer than two thirds of the validators' weight voted for the block")]
	TooFewVotes,
}

/// Why a receipt file proves nothing to its reader.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
	/// It is no receipt file.
	#[error(transparent)]
	Format(#[from] FormatError),
	/// It is of another chain.
	#[error("the receipt is of the chain with genesis {found:?}, not of the trusted {trusted:?}")]
	OtherChain {
		/// The file's chain.
		found: H256,
		/// The reader's chain.
		trusted: H256,
	},
	/// The file leads from one set of validators to another, and the trusted one is not among them.
	#[error("the file leads from set {first} to set {last} of the validators, but set {trusted} is the trusted one")]
	SetOutOfReach {
		/// The set with which the file begins.
		first: SetId,
		/// The set that finalized the receipt's block.
		last: SetId,
		/// The reader's set.
		trusted: SetId,
	},
	/// A block is not final by the set that it should be.
	#[error("block {block} is not final by set {set} of the validators: {cause}")]
	NotFinal {
		/// The block.
		block: BlockNumber,
		/// The set.
		set: SetId,
		/// Why.
		cause: FinalityError,
	},
	/// A header that should name the next set does not.
	#[error("block {0} names no next set of validators")]
	NoChange(BlockNumber),
	/// The next set would begin later, or by force, which no signature of the old set can prove.
	#[error("block {0} changes the validators late or by force; trust a checkpoint after it")]
	IrregularChange(BlockNumber),
	/// The changes of the set do not come one after another, before the receipt.
	#[error("block {block} does not come after block {after}")]
	OutOfOrder {
		/// The block that should come later.
		block: BlockNumber,
		/// The block that should come earlier.
		after: BlockNumber,
	},
	/// The file has no headers.
	#[error("the file has no header of the receipt's block")]
	NoHeader,
	/// A header does not name the one before it as its parent.
	#[error("block {0} is not the child of the block before it")]
	BrokenChain(BlockNumber),
	/// The set changes between the receipt's block and the final one.
	#[error("the validators change in block {0}, between the receipt and the final block")]
	HiddenChange(BlockNumber),
	/// The file and the trusted checkpoint have different blocks at the same height.
	#[error("block {0} is not the trusted one")]
	OtherCheckpoint(BlockNumber),
	/// The header of the receipt's block has no root of receipts, or several.
	#[error("block {0} has no receipts, or more than one root of them")]
	NoRoot(BlockNumber),
	/// The receipt says that its job ended in another block.
	#[error("the receipt says that it is of block {said}, but comes with block {found}")]
	OtherBlock {
		/// The block that the receipt names.
		said: BlockNumber,
		/// The block whose header the file has.
		found: BlockNumber,
	},
	/// The receipt is not among those of its block.
	#[error("the receipt is not among those of block {0}: the receipt, its place or its path was changed")]
	NotInBlock(BlockNumber),
}

impl VerifyError {
	/// The cause in one stable word, for programs.
	pub fn name(&self) -> &'static str {
		match self {
			Self::Format(FormatError::TooLong(_)) => "too_long",
			Self::Format(FormatError::NotAReceipt) => "not_a_receipt",
			Self::Format(FormatError::OtherVersion(_)) => "other_version",
			Self::Format(FormatError::Damaged(_)) => "damaged",
			Self::OtherChain { .. } => "other_chain",
			Self::SetOutOfReach { .. } => "set_out_of_reach",
			Self::NotFinal { .. } => "not_final",
			Self::NoChange(_) => "no_change",
			Self::IrregularChange(_) => "irregular_change",
			Self::OutOfOrder { .. } => "out_of_order",
			Self::NoHeader => "no_header",
			Self::BrokenChain(_) => "broken_chain",
			Self::HiddenChange(_) => "hidden_change",
			Self::OtherCheckpoint(_) => "other_checkpoint",
			Self::NoRoot(_) => "no_root",
			Self::OtherBlock { .. } => "other_block",
			Self::NotInBlock(_) => "not_in_block",
		}
	}
}

/// Why a file says nothing of whom to trust.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
	/// It is not JSON.
	#[error("not JSON: {0}")]
	Json(String),
	/// It was written by another version.
	#[error("it has no version, or another one than 1")]
	OtherVersion,
	/// A key is missing or its value is of another kind.
	#[error("{0} is missing or wrong")]
	Field(&'static str),
}

/// Why no receipt file could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
	/// The node does not answer, or has dropped the state that is needed.
	#[error(transparent)]
	Chain(#[from] Error),
	/// It has not ended.
	#[error("{0} has not ended, so it has no receipt yet")]
	NotEnded(Subject),
	/// There is no such job or channel.
	#[error("the chain knows no {0}")]
	Unknown(Subject),
	/// The receipt has left state.
	#[error(
		"the receipt of {0} is no longer in state; name the block in which it ended (--block), and ask an archive node"
	)]
	Gone(Subject),
	/// The named block has no such receipt.
	#[error("block {block} has no receipt of {of}")]
	NotInBlock {
		/// The job or channel.
		of: Subject,
		/// The block.
		block: BlockNumber,
	},
	/// The receipt's block is not final yet, or no justification for it or a later block came in time.
	#[error("the receipt of {0} is not final yet; try again in a moment")]
	NotFinal(Subject),
	/// The receipt was finalized before the checkpoint that the file should begin with.
	#[error("the receipt of {of} is older than set {set} of the validators; begin with an earlier one")]
	BeforeTrust {
		/// The job or channel.
		of: Subject,
		/// The set of the checkpoint.
		set: SetId,
	},
	/// The node's answers do not fit together.
	#[error("the node's answers do not fit together: {0}")]
	Inconsistent(String),
	/// Nobody did the job, so that nobody can sign for it.
	#[error("job {0} ended without a miner")]
	NoMiner(JobId),
	/// The receipt as JSON would not convince a reader.
	#[error("the receipt can't be signed by this key: {0}")]
	Unsignable(#[from] JsonError),
	/// The file would not convince a reader.
	#[error("the receipt was read but cannot be proved: {0}")]
	Unprovable(#[from] VerifyError),
}

impl ExportError {
	/// Whether the same export may work later by itself.
	pub fn is_temporary(&self) -> bool {
		match self {
			Self::NotEnded(_) | Self::NotFinal(_) => true,
			Self::Chain(error) => error.is_connection(),
			_ => false,
		}
	}
}
