//! One file for each extrinsic, one for what happens by itself, one for the money of random calls.

mod agenda;
mod challenge;
mod close;
mod invariants;
mod open;
mod report_equivocation;
mod top_up;
mod views;

pub(super) use crate::{mock::*, Backing, ChannelState, Error, Event};
pub(super) use frame::{deps::sp_runtime::AccountId32, testing_prelude::*};
pub(super) use millrace_primitives::{Balance, Rate, MILL, MILLI_MILL};

/// What a payer's escrow holds.
pub(super) fn held(name: &str) -> Balance {
	use frame::traits::fungible::InspectHold;
	Balances::balance_on_hold(&pallet_escrow::HoldReason::<()>::Escrowed.into(), &account(name))
}
