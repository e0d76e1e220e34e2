//! What is stored of a job.

use frame::prelude::*;
use millrace_primitives::{
	job::MAX_ATTEMPTS, job::MAX_INPUT_BYTES, job::MAX_OUTPUT_BYTES, Attempt, Balance, BlockNumber, JobParams, ModelId,
	Outcome, Rate,
};

/// A job's input, as the client sent it.
pub type Input = BoundedVec<u8, ConstU32<MAX_INPUT_BYTES>>;
/// A job's output, as the miner sent it.
pub type Output = BoundedVec<u8, ConstU32<MAX_OUTPUT_BYTES>>;

/// One assignment of a job to a miner. A later change of offer or parameter does not touch it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Assignment<AccountId> {
	/// Gets the fee.
	pub owner: AccountId,
	/// Signs the proof.
	pub operator: AccountId,
	/// 1 to 3.
	pub attempt: Attempt,
	/// What the miner asked at the assignment.
	pub rate: Rate,
	/// Seeds the sampler.
	pub seed: u64,
	/// The block of the assignment.
	pub assigned_at: BlockNumber,
	/// The last block in which a proof is accepted.
	pub deadline: BlockNumber,
}

/// Where a job is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum JobState<AccountId> {
	/// Waits for a miner.
	Queued {
		/// Its place in the model's queue; `None` until the end of the block in which it came.
		place: Option<u64>,
	},
	/// A miner works on it.
	Assigned(Assignment<AccountId>),
	/// It is over.
	Ended(Outcome),
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Job<AccountId> {
	/// Pays.
	pub client: AccountId,
	/// What runs.
	pub model: ModelId,
	/// How it runs.
	pub params: JobParams,
	/// blake2-256 of the input.
	pub input_hash: H256,
	/// Bytes of the input.
	pub input_len: u32,
	/// The most that it can cost, in plancks.
	pub max_fee: Balance,
	/// The owner of the only miner that may have it.
	pub named: Option<AccountId>,
	/// The block of the submission.
	pub submitted_at: BlockNumber,
	/// The block of its agenda entry.
	pub due: BlockNumber,
	/// Assignments so far.
	pub attempts: Attempt,
	/// The owners of the attempts so far, the latest last.
	pub tried: BoundedVec<AccountId, ConstU32<{ MAX_ATTEMPTS as u32 }>>,
	/// Where it is.
	pub state: JobState<AccountId>,
}

/// The part of a model's queue that is in use: places `head` to `tail` - 1, some of them empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct QueueEnds {
	/// The first place that may hold a job.
	pub head: u64,
	/// The next place to be filled.
	pub tail: u64,
}

/// A walk along a model's queue that has not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Walk {
	/// The next place to look at.
	pub place: u64,
	/// Whether a slot became free since the walk began, so that it must start again.
	pub again: bool,
}
