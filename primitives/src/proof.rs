//! What a miner signs when it finishes an attempt.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{sr25519, H256};
use sp_runtime::AccountId32;

use crate::{
	signed::{is_signed, signing_hash},
	Attempt, JobId, Usage,
};

/// Separates these bytes from anything else that an operator's key ever signs.
pub const PROOF_DOMAIN: &[u8; 17] = b"millrace:proof:v1";

/// The statement that a proof's signature covers.
///
/// Signed bytes: blake2-256 of the SCALE encoding of ([`PROOF_DOMAIN`] as 17 raw bytes, genesis hash, job, attempt,
/// work, output hash, transcript root, usage).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ProofPayload {
	/// Hash of block 0: a proof of one chain is nothing on another.
	pub genesis: H256,
	/// The job.
	pub job: JobId,
	/// The attempt: a proof of an earlier one is nothing for a later one.
	pub attempt: Attempt,
	/// What was asked, see [`crate::job::work_hash`]: two forks of one chain can give the same number to different jobs.
	pub work: H256,
	/// blake2-256 of the output's bytes.
	pub output_hash: H256,
	/// Root of the transcript, see [`crate::transcript`].
	pub transcript_root: H256,
	/// What the attempt took.
	pub usage: Usage,
}

impl ProofPayload {
	/// The 32 bytes that get signed.
	pub fn signing_hash(&self) -> [u8; 32] {
		signing_hash(PROOF_DOMAIN, self)
	}

	/// Whether `signature` is `operator`'s sr25519 signature over this payload.
	pub fn verify(&self, signature: &sr25519::Signature, operator: &AccountId32) -> bool {
		is_signed(&self.signing_hash(), signature, operator)
	}
}

/// What goes on chain with an answer.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Proof {
	/// Root of the transcript.
	pub transcript_root: H256,
	/// What the attempt took.
	pub usage: Usage,
	/// The operator's sr25519 signature over the [`ProofPayload`].
	pub signature: sr25519::Signature,
}
