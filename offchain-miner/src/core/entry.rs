//! What the core remembers of one attempt.

use std::sync::Arc;

use millrace_primitives::{BlockNumber, FailCode};

use super::{Answer, Assignment};

/// How an attempt ends.
pub(super) enum Verdict {
	Proof(Arc<Answer>),
	Fail(FailCode),
}

/// How far the verdict's transaction is.
pub(super) enum Tx {
	Idle { not_before: BlockNumber, tries: u32 },
	InFlight { tries: u32 },
	Included { at: BlockNumber },
}

/// How far an attempt is.
pub(super) enum Stage {
	Waiting,
	Running { run: u64 },
	Decided { verdict: Verdict, tx: Tx, refusals: u32 },
}

/// One attempt.
pub(super) struct Entry {
	pub(super) assignment: Assignment,
	/// In the last snapshot.
	pub(super) seen: bool,
	/// The first snapshot without it.
	pub(super) gone_at: Option<BlockNumber>,
	/// Whether an answer was ever signed for this attempt.
	pub(super) signed: bool,
	pub(super) stage: Stage,
}

impl Entry {
	pub(super) fn new(assignment: Assignment) -> Self {
		Self { assignment, seen: true, gone_at: None, signed: false, stage: Stage::Waiting }
	}

	/// From the journal; nothing is sent until the assignment is seen.
	pub(super) fn recovered(assignment: Assignment, verdict: Verdict, signed: bool) -> Self {
		let stage = Stage::Decided { verdict, tx: Tx::Idle { not_before: 0, tries: 0 }, refusals: 0 };
		Self { assignment, seen: false, gone_at: None, signed, stage }
	}

	/// The transaction, when one is on its way.
	pub(super) fn in_flight(&mut self) -> Option<&mut Tx> {
		match &mut self.stage {
			Stage::Decided { tx: tx @ Tx::InFlight { .. }, .. } => Some(tx),
			_ => None,
		}
	}
}
