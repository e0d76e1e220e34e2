//! One file for registration, one for each thing that a miner can change, one for the pool that jobs draw from, one for
//! changes of a slot's price, one for receipt keys, one for endpoints, one for reputation, one for slashes, one for queries, and one that draws thousands of times.

mod deregister;
mod endpoint;
mod offer;
mod pool;
mod price;
mod receipt_key;
mod register;
mod reputation;
mod set_ready;
mod simulation;
mod slash;
mod stake;
mod views;

pub(super) use crate::{
	mock::*, Error, Event, HoldReason, Miner, Offer, Offers, ReadyLists, MAX_OFFERS, MAX_REPUTATION, MAX_SLOTS,
	MAX_UNBONDING,
};
pub(super) use frame::testing_prelude::*;
pub(super) use millrace_primitives::{
	traits::{Assignee, AttemptOutcome, Demand, MinerPool, Stakes},
	Balance, ModelId, Rate, UsageBounds, MILL, MILLI_MILL,
};

pub(super) fn stored(who: u64) -> Miner<u64> {
	crate::Miners::<Test>::get(who).unwrap()
}

pub(super) fn offered(who: u64) -> Offer {
	Offers::<Test>::get(0, who).unwrap()
}

/// Gives the miner's offer of model 0 a reputation in thousandths.
pub(super) fn set_reputation(who: u64, thousandths: u32) {
	Offers::<Test>::mutate(0, who, |offer| {
		let offer = offer.as_mut().unwrap();
		offer.reputation = thousandths * (MAX_REPUTATION / 1_000);
		offer.rated_at = System::block_number();
	});
}

/// Registers a miner that offers `slots` slots of model 0, with just the stake that they need.
pub(super) fn with_slots(who: u64, slots: u32) {
	assert_ok!(Miners::register(owner(who), operator(who), 50 * MILL * Balance::from(slots.max(2))));
	assert_ok!(Miners::offer(owner(who), 0, RATE, slots));
}

pub(super) const BOUNDS: UsageBounds =
	UsageBounds { input_tokens: 20, output_tokens: 64, gpu_ms: 60_000, reference_ms: 2_000, output_bytes: 16_384 };

pub(super) fn demand(model: ModelId) -> Demand<'static, u64> {
	Demand { model, max_rate: None, bounds: BOUNDS, excluded: &[] }
}

/// Draws a miner for a job of model 0.
pub(super) fn draw_by(seed: u32) -> Option<Assignee<u64>> {
	<Miners as MinerPool<u64>>::search(&demand(0), &BlakeTwo256::hash_of(&seed).0)
}

pub(super) fn release(who: u64, outcome: AttemptOutcome) {
	<Miners as MinerPool<u64>>::release(&who, 0, outcome);
}

/// A success that earned in full.
pub(super) const SUCCESS: AttemptOutcome = AttemptOutcome::Success { earned: FULL_FEE };
