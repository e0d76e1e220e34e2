//! One file for each extrinsic, one for deadlines, one for draws and queues, one for queries, one for the money of all of
//! them, and `adversarial` for what somebody would try on purpose.

mod adversarial;
mod cancel;
mod claim;
mod complete;
mod deadlines;
mod draw;
mod fail;
mod golden;
mod invariants;
mod prune;
mod submit;
mod views;

pub(super) use crate::{mock::*, AssignmentsOf, Call, Error, Event, Inputs, JobState, Outputs};
pub(super) use frame::testing_prelude::*;
pub(super) use millrace_primitives::{FailCode, JobParams, Outcome, Rate, Usage, MILL, MILLI_MILL};

/// The escrow's hold of an account.
pub(super) fn held(name: &str) -> u128 {
	use frame::traits::fungible::InspectHold;
	Balances::balance_on_hold(&pallet_escrow::HoldReason::Job.into(), &account(name))
}
