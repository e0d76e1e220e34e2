//! What can be wrong with a receipt as JSON, one variant a cause.

use millrace_primitives::{AccountId32, BlockNumber, H256};

use super::text::{ALGORITHM, MAX_JSON_BYTES, VERSION};

/// Why a receipt as JSON proves nothing to its reader.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
	/// More than any receipt needs; nothing of it was read.
	#[error("the file has {0} bytes; a receipt as JSON has at most {MAX_JSON_BYTES}")]
	TooLong(usize),
	/// It is no JSON, lacks a field, or has one that no receipt has: a key of the signer's, for one.
	#[error("this is no receipt as JSON: {0}")]
	NotAReceipt(String),
	/// It was written by another version.
	#[error("the receipt has version {0:?}; this program reads {VERSION:?}")]
	OtherVersion(String),
	/// It has no signature.
	#[error("the receipt is not signed")]
	NotSigned,
	/// It is signed by another algorithm.
	#[error("the receipt is signed by {0:?}; this program knows {ALGORITHM:?} only")]
	OtherAlgorithm(String),
	/// A field's value is not of its kind, or contradicts the others.
	#[error("{0} is not what a receipt has there, or contradicts the rest")]
	Field(String),
	/// It is of another chain than the keys.
	#[error("the receipt is of the chain with genesis {found:?}, the keys are of {trusted:?}")]
	OtherChain {
		/// The receipt's chain.
		found: H256,
		/// The keys' chain.
		trusted: H256,
	},
	/// It is of another miner than the keys.
	#[error("the receipt is of {found}, the keys are those of {trusted}")]
	OtherMiner {
		/// The receipt's miner.
		found: AccountId32,
		/// The keys' owner.
		trusted: AccountId32,
	},
	/// None of the trusted keys is the one that it names.
	#[error("no trusted key is {0}, by which the receipt says that it is signed")]
	UnknownKey(String),
	/// The key did not hold when the job ended.
	#[error("the key {key_id} did not hold for block {block}, in which the job ended")]
	KeyNotInForce {
		/// The key.
		key_id: String,
		/// The block in which the job ended.
		block: BlockNumber,
	},
	/// The signature is not the key's over this receipt.
	#[error("the signature is not that of its key over this receipt: one of them was changed")]
	BadSignature,
	/// The chain has another receipt of the job.
	#[error("the chain's own receipt of this job says otherwise")]
	NotTheChains,
}

impl JsonError {
	/// The cause in one stable word, for programs.
	pub fn name(&self) -> &'static str {
		match self {
			Self::TooLong(_) => "too_long",
			Self::NotAReceipt(_) => "not_a_receipt",
			Self::OtherVersion(_) => "other_version",
			Self::NotSigned => "not_signed",
			Self::OtherAlgorithm(_) => "other_algorithm",
			Self::Field(_) => "bad_field",
			Self::OtherChain { .. } => "other_chain",
			Self::OtherMiner { .. } => "other_miner",
			Self::UnknownKey(_) => "unknown_key",
			Self::KeyNotInForce { .. } => "key_not_in_force",
			Self::BadSignature => "bad_signature",
			Self::NotTheChains => "not_the_chains",
		}
	}
}
