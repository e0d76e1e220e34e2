//! One file for registration, one for each thing that a miner can change, one for the pool that jobs draw from, one for
//! queries.

mod deregister;
mod offer;
mod pool;
mod register;
mod set_ready;
mod stake;
mod views;

pub(super) use crate::{
	mock::*, Error, Event, HoldReason, Miner, Offer, Offers, ReadyCount, MAX_OFFERS, MAX_REPUTATION, MAX_UNBONDING,
};
pub(super) use frame::testing_prelude::*;
pub(super) use millrace_primitives::{Rate, MILL, MILLI_MILL};

pub(super) fn stored(who: u64) -> Miner<u64> {
	crate::Miners::<Test>::get(who).unwrap()
}
