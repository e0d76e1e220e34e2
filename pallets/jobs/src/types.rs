//! What is stored of a job.

use frame::prelude::*;
use millrace_primitives::{
	job::MAX_ATTEMPTS, job::MAX_INPUT_BYTES, job::MAX_OUTPUT_BYTES, Attempt, Balance, BlockNumber, JobId, JobParams,
	ModelId, Outcome, Rate,
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
	/// Whether it was drawn without a client or miner steering it; see `Assignee::open` of the primitives.
	pub open: bool,
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
	Queued,
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

/// The ends of a model's queue; both `None` when it is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct QueueEnds {
	/// The job that has waited longest.
	pub head: Option<JobId>,
	/// The job that came last.
	pub tail: Option<JobId>,
}

/// A queued job's neighbours in its model's queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Link {
	/// The job before it.
	pub prev: Option<JobId>,
	/// The job behind it.
	pub next: Option<JobId>,
}

/// A walk along a model's queue that has not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Walk {
	/// The next job to look at.
	pub next: JobId,
	/// Whether a slot became free since the walk began, so that it must start again.
	pub again: bool,
}
