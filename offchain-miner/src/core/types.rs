//! What goes into the core and what comes out of it.

use std::{sync::Arc, time::Duration};

use codec::{Decode, Encode};
use millrace_primitives::{
	job::work_hash, Attempt, BlockNumber, FailCode, JobId, JobParams, ModelId, Proof, TranscriptEntry, Usage, H256,
};

/// One attempt of one job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Ticket {
	/// The job.
	pub job: JobId,
	/// Its attempt.
	pub attempt: Attempt,
}

/// An attempt that the chain gave to this miner.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Assignment {
	/// Which attempt.
	pub ticket: Ticket,
	/// The model to run.
	pub model: ModelId,
	/// Sampling parameters and limits.
	pub params: JobParams,
	/// blake2-256 of the input.
	pub input_hash: H256,
	/// Bytes of the input.
	pub input_len: u32,
	/// Seed of the sampler.
	pub seed: u64,
	/// The block of the assignment.
	pub assigned_at: BlockNumber,
	/// The last block that takes an answer.
	pub deadline: BlockNumber,
}

impl Assignment {
	/// Names what is to be computed. Two forks can give the same number to different jobs, and the same job
	/// different seeds.
	pub fn work(&self) -> H256 {
		work_hash(self.model, &self.params, &self.input_hash, self.seed)
	}
}

/// An answer as an engine gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
	/// The answer's bytes.
	pub output: Vec<u8>,
	/// The record of its tokens.
	pub transcript: Vec<TranscriptEntry>,
	/// What it took, as measured.
	pub usage: Usage,
	/// Most tokens that the model's template adds to the input, as registered.
	pub template_tokens: u32,
	/// How long the engine took by the miner's clock, its waiting included.
	pub took: Duration,
}

/// An answer with its signed proof: what goes on chain, byte for byte, however often it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Answer {
	/// The answer's bytes.
	pub output: Vec<u8>,
	/// The record of its tokens.
	pub transcript: Vec<TranscriptEntry>,
	/// The signed statement.
	pub proof: Proof,
}

/// How far an attempt is, as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum RowState {
	/// Seen on chain, waiting for a slot.
	Assigned,
	/// An engine works on it.
	Running,
	/// Answered and signed; may have been sent.
	Finished(Arc<Answer>),
	/// Answered and sent.
	Submitted(Arc<Answer>),
	/// Given up; the code may have been sent.
	Failing {
		/// Why.
		code: FailCode,
		/// Whether an answer was signed before: there is never a second one for this attempt.
		signed: bool,
	},
}

impl RowState {
	/// Whether an answer was signed for this attempt, and may have been sent.
	pub fn is_signed(&self) -> bool {
		match self {
			Self::Finished(_) | Self::Submitted(_) => true,
			Self::Failing { signed, .. } => *signed,
			Self::Assigned | Self::Running => false,
		}
	}
}

/// One attempt in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Row {
	/// The attempt.
	pub assignment: Assignment,
	/// How far it is.
	pub state: RowState,
}

/// The owner's bounds on the work that is taken. Work beyond them fails as `Denied`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
	/// Largest input in bytes.
	pub max_input_bytes: u32,
	/// Attempts that may wait for a slot.
	pub max_queue: usize,
	/// Why nothing new is taken at all.
	pub closed: Option<String>,
}

impl Default for Bounds {
	/// No bounds.
	fn default() -> Self {
		Self { max_input_bytes: u32::MAX, max_queue: usize::MAX, closed: None }
	}
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
	/// All assignments of this miner at a best block.
	Snapshot {
		/// The block's height.
		number: BlockNumber,
		/// All of them.
		assignments: Vec<Assignment>,
	},
	/// An inference ended with an answer.
	EngineFinished {
		/// The attempt.
		ticket: Ticket,
		/// The run that [`Action::Start`] named.
		run: u64,
		/// The answer.
		generated: Generated,
	},
	/// An inference ended without an answer.
	EngineFailed {
		/// The attempt.
		ticket: Ticket,
		/// The run that [`Action::Start`] named.
		run: u64,
		/// Why.
		code: FailCode,
		/// Why, in words.
		message: String,
	},
	/// What was submitted is in a best block and succeeded.
	TxIncluded {
		/// The attempt.
		ticket: Ticket,
		/// The block's height.
		number: BlockNumber,
	},
	/// What was submitted is in a best block and the call was refused there.
	TxFailed {
		/// The attempt.
		ticket: Ticket,
		/// The chain's words.
		error: String,
	},
	/// What was submitted did not get into a block: refused by the pool, dropped, or the connection was lost.
	TxDropped {
		/// The attempt.
		ticket: Ticket,
		/// Why, in words.
		error: String,
	},
	/// Blocks up to this height are final.
	Finalized(BlockNumber),
	/// From now on new work has to be within these bounds.
	Bounds(Bounds),
	/// Take no new work; finish what runs.
	DrainRequested,
	/// Give up what still runs.
	DrainTimeout,
}

/// A change worth a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
	/// Seen on chain for the first time.
	Assigned,
	/// An inference starts.
	Running,
	/// An answer is in the journal.
	Finished,
	/// An answer or a failure is being sent.
	Submitted,
	/// What was sent is in a best block.
	Included,
	/// What was sent did not make it; it is sent again while the assignment stands.
	Dropped,
	/// The attempt is given up.
	Failed,
	/// The assignment is no longer on chain, or replaced by another.
	Gone,
}

impl Step {
	/// The word in the log.
	pub const fn name(self) -> &'static str {
		match self {
			Self::Assigned => "assigned",
			Self::Running => "running",
			Self::Finished => "finished",
			Self::Submitted => "submitted",
			Self::Included => "included",
			Self::Dropped => "dropped",
			Self::Failed => "failed",
			Self::Gone => "gone",
		}
	}
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
	/// Write the row.
	Persist(Row),
	/// The attempt is over: close its row.
	Forget(Ticket),
	/// Begin an inference.
	Start {
		/// Names this inference; a later one of the same attempt has another.
		run: u64,
		/// The attempt.
		assignment: Assignment,
	},
	/// Stop an inference.
	Cancel {
		/// The inference.
		run: u64,
	},
	/// Send the answer.
	SubmitProof {
		/// The attempt.
		ticket: Ticket,
		/// The answer.
		answer: Arc<Answer>,
	},
	/// Send the failure.
	SubmitFail {
		/// The attempt.
		ticket: Ticket,
		/// Why.
		code: FailCode,
	},
	/// Tell the owner.
	Log {
		/// The attempt.
		ticket: Ticket,
		/// What changed.
		step: Step,
		/// In words; may be empty.
		detail: String,
	},
}

/// Signs a proof's 32 bytes with the operator's key.
pub trait ProofSigner: Send {
	/// An sr25519 signature, context "substrate".
	fn sign(&self, message: &[u8; 32]) -> [u8; 64];
}

/// Counts for the health report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
	/// Inferences that run.
	pub running: usize,
	/// Attempts that wait for a slot.
	pub queued: usize,
	/// Answers and failures that are not yet in a block.
	pub submitting: usize,
}
