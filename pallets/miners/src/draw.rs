//! Drawing miners, and counting their slots.

use alloc::vec::Vec;
use frame::prelude::*;
use millrace_primitives::{
	job::low_u64,
	traits::{Assignee, AttemptOutcome, Demand, MinerPool},
	Balance, ModelId,
};

use crate::*;

/// Keeps scores of cheap and dear offers apart after the division.
const SCORE_PRECISION: Balance = 1_000_000;

/// `(reputation + 1) x free stake x 10^6 / estimated cost`. The 1 lets stake decide among miners without reputation.
pub(crate) fn score(reputation: u32, free_stake: Balance, cost: Balance) -> Balance {
	Balance::from(reputation)
		.saturating_add(1)
		.saturating_mul(free_stake)
		.saturating_mul(SCORE_PRECISION)
		.checked_div(cost.max(1))
		.unwrap_or(0)
}

/// At most `draws` different places of a list of `count`, in an order that `seed` decides.
fn places(seed: &[u8; 32], count: u32, draws: u32) -> Vec<u32> {
	let number = |index: u32| -> u32 {
		let number = low_u64(&BlakeTwo256::hash_of(&(seed, index)));
		number.checked_rem(count.into()).and_then(|place| u32::try_from(place).ok()).unwrap_or(0)
	};
	if count <= draws {
		// A turn of the whole list, so that ties go to each place alike.
		let start = number(0);
		return (0..count).filter_map(|index| start.checked_add(index)?.checked_rem(count)).collect();
	}
	let mut places = Vec::new();
	for place in (0..draws).map(number) {
		if !places.contains(&place) {
			places.push(place);
		}
	}
	places
}

/// A miner that can take a job.
struct Candidate<AccountId> {
	miner: Miner<AccountId>,
	offer: Offer,
	score: Balance,
}

impl<T: Config> Pallet<T> {
	/// Whether the miner can take the job, and with what score.
	fn assess(owner: &T::AccountId, demand: &Demand<T::AccountId>) -> Result<Candidate<T::AccountId>, Error<T>> {
		let miner = Miners::<T>::get(owner).ok_or(Error::<T>::NotRegistered)?;
		let offer = Offers::<T>::get(demand.model, owner).ok_or(Error::<T>::NoOffer)?;
		ensure!(miner.ready, Error::<T>::NotReady);
		ensure!(offer.used < offer.slots, Error::<T>::NoFreeSlot);
		ensure!(!demand.excluded.contains(owner), Error::<T>::AlreadyTried);
		ensure!(demand.max_rate.is_none_or(|limit| offer.rate.within(&limit)), Error::<T>::RateAboveLimit);
		// The price of a slot may have risen since the offer.
		let needed = Self::stake_for(miner.slots_used.saturating_add(1)).map_err(|_| Error::<T>::Overflow)?;
		ensure!(miner.bonded >= needed, Error::<T>::StakeTooLowForSlots);
		let free = miner.free_stake(T::StakePerSlot::get());
		let score = score(miner.reputation, free, offer.rate.estimate(&demand.bounds));
		Ok(Candidate { miner, offer, score })
	}

	fn occupy(owner: T::AccountId, candidate: Candidate<T::AccountId>, model: ModelId) -> Assignee<T::AccountId> {
		let Candidate { mut miner, mut offer, .. } = candidate;
		offer.used = offer.used.saturating_add(1);
		miner.slots_used = miner.slots_used.saturating_add(1);
		if offer.used >= offer.slots {
			Self::leave_ready(model, &owner);
		}
		let assignee = Assignee { owner: owner.clone(), operator: miner.operator.clone(), rate: offer.rate };
		Offers::<T>::insert(model, &owner, offer);
		Miners::<T>::insert(&owner, miner);
		assignee
	}
}

impl<T: Config> MinerPool<T::AccountId> for Pallet<T> {
	fn draw(demand: &Demand<T::AccountId>, seed: &[u8; 32]) -> Option<Assignee<T::AccountId>> {
		let count = ReadyCount::<T>::get(demand.model);
		let mut best: Option<(T::AccountId, Candidate<T::AccountId>)> = None;
		for place in places(seed, count, T::Draws::get()) {
			let Some(owner) = ReadyAt::<T>::get(demand.model, place) else { continue };
			let Ok(candidate) = Self::assess(&owner, demand) else { continue };
			if best.as_ref().is_none_or(|(_, best)| candidate.score > best.score) {
				best = Some((owner, candidate));
			}
		}
		best.map(|(owner, candidate)| Self::occupy(owner, candidate, demand.model))
	}

	fn take(owner: &T::AccountId, demand: &Demand<T::AccountId>) -> Result<Assignee<T::AccountId>, DispatchError> {
		let candidate = Self::assess(owner, demand)?;
		Ok(Self::occupy(owner.clone(), candidate, demand.model))
	}

	fn owner_of(operator: &T::AccountId) -> Option<T::AccountId> {
		OwnerOf::<T>::get(operator)
	}

	fn release(owner: &T::AccountId, model: ModelId, outcome: AttemptOutcome) {
		let (Some(mut miner), Some(mut offer)) = (Miners::<T>::get(owner), Offers::<T>::get(model, owner)) else {
			// Neither can be removed while a slot of it is in use.
			defensive!("a job ended for a miner or offer that is gone");
			return;
		};
		miner.slots_used = miner.slots_used.defensive_saturating_sub(1);
		offer.used = offer.used.defensive_saturating_sub(1);
		miner.rate_attempt(outcome);
		let free = offer.used < offer.slots;
		Offers::<T>::insert(model, owner, offer);
		Self::refresh(model, owner, miner.ready, free);
		Miners::<T>::insert(owner, miner);
	}

	fn slots_used() -> u64 {
		Miners::<T>::iter_values().map(|miner| u64::from(miner.slots_used)).fold(0, u64::saturating_add)
	}
}
