//! One file for each extrinsic, one for deadlines, one for draws and queues, one for clients that are their own miners,
//! one for changes of parameters, one for migrations, one for queries, one for the money of all of them, and `adversarial`
//! for what somebody would try on purpose.

mod adversarial;
mod cancel;
mod claim;
mod complete;
mod deadlines;
mod draw;
mod fail;
mod golden;
mod invariants;
mod migrations;
mod parameters;
mod prune;
mod self_dealing;
mod submit;
mod views;

pub(super) use crate::{mock::*, AssignmentsOf, Call, Error, Event, Inputs, JobState, Outputs};
pub(super) use frame::{deps::sp_runtime::AccountId32, testing_prelude::*};
pub(super) use millrace_primitives::{FailCode, JobParams, Outcome, Rate, Usage, MILL, MILLI_MILL};

/// The escrow's hold of an account.
pub(super) fn held(name: &str) -> u128 {
	use frame::traits::fungible::InspectHold;
	Balances::balance_on_hold(&pallet_escrow::HoldReason::<()>::Escrowed.into(), &account(name))
}

/// The reputation of an owner for the model, in thousandths, as of its last attempt.
pub(super) fn reputation(owner: AccountId32) -> u32 {
	pallet_miners::Offers::<Test>::get(MODEL, owner).unwrap().reputation / THOUSANDTH
}

/// Gives a miner a reputation in thousandths.
pub(super) fn set_reputation(name: &str, thousandths: u32) {
	pallet_miners::Offers::<Test>::mutate(MODEL, account(name), |offer| {
		let offer = offer.as_mut().unwrap();
		offer.reputation = thousandths * THOUSANDTH;
		offer.rated_at = System::block_number();
	});
}

const THOUSANDTH: u32 = pallet_miners::MAX_REPUTATION / 1_000;
