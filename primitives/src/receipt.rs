//! The record of a job.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{Attempt, Balance, BlockNumber, JobId, Outcome, Usage, H256};

/// Separates a receipt's leaf from anything else that is hashed.
pub const RECEIPT_DOMAIN: &[u8; 19] = b"millrace:receipt:v2";

/// What is known of a job that has ended. `AccountId` is 32 bytes on Millrace.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Receipt<AccountId> {
	/// The job.
	pub job: JobId,
	/// Who paid.
	pub client: AccountId,
	/// The owner of the miner of the last attempt; `None` when there was none.
	pub miner: Option<AccountId>,
	/// Attempts made.
	pub attempts: Attempt,
	/// sha256 of the model's GGUF file.
	pub model_digest: H256,
	/// blake2-256 of the input.
	pub input_hash: H256,
	/// blake2-256 of the SCALE encoding of the job's parameters.
	pub params_hash: H256,
	/// blake2-256 of the output; zero unless settled.
	pub output_hash: H256,
	/// Root of the transcript; zero unless settled.
	pub transcript_root: H256,
	/// What was charged for; zero unless settled.
	pub usage: Usage,
	/// Plancks paid to the miner; zero unless settled.
	pub fee: Balance,
	/// How the job ended.
	pub outcome: Outcome,
	/// The block of the submission.
	pub submitted_at: BlockNumber,
	/// The block in which the job ended.
	pub ended_at: BlockNumber,
}

impl<AccountId: Encode> Receipt<AccountId> {
	/// The leaf of a block's receipt tree: [`RECEIPT_DOMAIN`], the hash of the chain's block 0 and the SCALE encoding.
	///
	/// Two chains can have the same validators; the genesis hash is what ties a receipt to one of them.
	pub fn leaf(&self, genesis: &H256) -> Vec<u8> {
		let mut bytes = RECEIPT_DOMAIN.to_vec();
		genesis.encode_to(&mut bytes);
		self.encode_to(&mut bytes);
		bytes
	}
}
