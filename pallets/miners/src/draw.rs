//! Drawing miners, and counting their slots.

use frame::prelude::*;
use millrace_primitives::{
	job::low_u64,
	traits::{Assignee, AttemptOutcome, Demand, MinerPool, OnCapacity},
	Balance, ModelId,
};

use crate::{reputation::Terms, *};

/// Keeps scores of cheap and dear offers apart after the division.
const SCORE_PRECISION: Balance = 1_000_000_000_000_000_000_000_000;
/// What the score adds to the reputation, so that a new miner can make up for it by its price.
const NEWCOMER: u32 = 100;
/// One draw in this many, chosen by its seed, looks at prices alone, so that nobody is locked out.
const EXPLORE: u64 = 8;
/// Numbers that a draw tries for each place that it wants to look at; more than half of them hit a free slot.
const TRIES: u32 = 2;

/// What an offer's score is made of.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ScoreParts {
	/// In thousandths: faded to now and rounded to hundreds, as the score counts it.
	pub reputation: u32,
	/// Plancks behind the offer's free slots; 0 when the miner takes no jobs. The chance that one look of a draw falls
	/// on this offer is this over the sum of all offers for the model.
	pub free_stake: Balance,
	/// Plancks that the job would cost at the most at the offer's rate.
	pub cost: Balance,
	/// `(reputation + 100) x 10^24 / cost`: of the offers that a draw looks at, the highest wins.
	pub score: Balance,
}

fn score(reputation: u32, cost: Balance) -> Balance {
	let worth = Balance::from(reputation.saturating_add(NEWCOMER)).saturating_mul(SCORE_PRECISION);
	worth.checked_div(cost.max(1)).unwrap_or(0)
}

/// The `index`th number of a draw.
fn number(seed: &[u8; 32], index: u32) -> u64 {
	low_u64(&BlakeTwo256::hash_of(&(seed, index)))
}

/// What a draw has found so far.
struct Search<'a, T: Config> {
	demand: &'a Demand<'a, T::AccountId>,
	terms: Terms,
	/// Whether reputation is left out.
	by_price: bool,
	/// Whether nobody looked at was too dear.
	open: bool,
	best: Option<(T::AccountId, Offer, Balance)>,
}

impl<T: Config> Search<'_, T> {
	/// Takes an offer into account. The earlier of two that are equally good stays.
	fn look(&mut self, owner: T::AccountId, offer: Offer) {
		match Pallet::<T>::fits(&owner, &offer, self.demand) {
			Err(Error::<T>::RateAboveLimit) => self.open = false,
			Err(_) => {}
			Ok(()) => {
				let reputation = if self.by_price { 0 } else { offer.counted_reputation(&self.terms) };
				let score = score(reputation, offer.rate.estimate(&self.demand.bounds));
				if self.best.as_ref().is_none_or(|(.., best)| score > *best) {
					self.best = Some((owner, offer, score));
				}
			}
		}
	}
}

impl<T: Config> Pallet<T> {
	/// What reputation is measured by in this block.
	fn terms() -> Terms {
		Terms {
			now: T::BlockNumberProvider::current_block_number(),
			half_life: T::ReputationHalfLife::get(),
			full_fee: T::ReputationFee::get(),
		}
	}

	/// What a draw for `demand` makes of the offer of `owner`, ready or not, too dear or not; `None` without an offer.
	pub fn explain(owner: &T::AccountId, demand: &Demand<T::AccountId>) -> Option<ScoreParts> {
		let miner = Miners::<T>::get(owner)?;
		let offer = Offers::<T>::get(demand.model, owner)?;
		let free = if miner.ready { offer.free() } else { 0 };
		let reputation = offer.counted_reputation(&Self::terms());
		let cost = offer.rate.estimate(&demand.bounds);
		let free_stake = T::StakePerSlot::get().saturating_mul(free.into());
		Some(ScoreParts { reputation, free_stake, cost, score: score(reputation, cost) })
	}

	/// Whether an offer of a ready miner can take the job.
	fn fits(owner: &T::AccountId, offer: &Offer, demand: &Demand<T::AccountId>) -> Result<(), Error<T>> {
		ensure!(offer.free() > 0, Error::<T>::NoFreeSlot);
		ensure!(!demand.excluded.contains(owner), Error::<T>::AlreadyTried);
		ensure!(demand.max_rate.is_none_or(|limit| offer.rate.within(&limit)), Error::<T>::RateAboveLimit);
		Ok(())
	}

	fn offer_at(model: ModelId, class: u8, index: u32) -> Option<(T::AccountId, Offer)> {
		let owner = ReadyAt::<T>::get((model, class, index))?;
		let offer = Offers::<T>::get(model, &owner)?;
		Some((owner, offer))
	}

	/// Looks at up to `Draws` free slots, each as likely as any other.
	fn look_at_slots(search: &mut Search<T>, ready: &Ready, seed: &[u8; 32]) {
		let model = search.demand.model;
		let (wanted, tries, width) = (T::Draws::get(), T::Draws::get().saturating_mul(TRIES), ready.width());
		let mut looked: u32 = 0;
		for index in 1..=tries {
			let named = number(seed, index).checked_rem(width).and_then(|number| ready.named(number));
			let Some(named) = named.filter(|_| looked < wanted) else { return };
			let Some((owner, offer)) = Self::offer_at(model, named.class, named.index) else { continue };
			// When all missed, the last counts as it is: a free slot must not go unseen by bad luck.
			if named.slot < offer.free().into() || (looked == 0 && index == tries) {
				looked = looked.saturating_add(1);
				search.look(owner, offer);
			}
		}
	}

	/// Looks at up to `Draws` miners in a row, however many slots they have free.
	fn look_at_miners(search: &mut Search<T>, ready: &Ready, start: u64) {
		let miners = ready.miners();
		for offset in 0..miners.min(T::Draws::get()) {
			let nth = start.wrapping_add(offset.into()).checked_rem(miners.into());
			let place = nth.and_then(|nth| u32::try_from(nth).ok()).and_then(|nth| ready.nth(nth));
			let found = place.and_then(|(class, index)| Self::offer_at(search.demand.model, class, index));
			if let Some((owner, offer)) = found {
				search.look(owner, offer);
			}
		}
	}

	fn occupy(
		owner: T::AccountId,
		mut miner: Miner<T::AccountId>,
		mut offer: Offer,
		model: ModelId,
		open: bool,
	) -> Assignee<T::AccountId> {
		offer.used = offer.used.saturating_add(1);
		miner.slots_used = miner.slots_used.saturating_add(1);
		Self::list(model, &owner, offer.free());
		let assignee = Assignee { owner: owner.clone(), operator: miner.operator.clone(), rate: offer.rate, open };
		Offers::<T>::insert(model, &owner, offer);
		Miners::<T>::insert(&owner, miner);
		assignee
	}
}

impl<T: Config> MinerPool<T::AccountId> for Pallet<T> {
	fn draw(demand: &Demand<T::AccountId>, seed: &[u8; 32]) -> Option<Assignee<T::AccountId>> {
		let ready = ReadyLists::<T>::get(demand.model);
		let first = number(seed, 0);
		let by_price = first.checked_rem(EXPLORE) == Some(0);
		let mut search = Search::<T> { demand, terms: Self::terms(), by_price, open: true, best: None };
		Self::look_at_slots(&mut search, &ready, seed);
		if ready.slots <= T::Draws::get().into() || search.best.is_none() {
			Self::look_at_miners(&mut search, &ready, first >> u32::BITS);
		}
		let Search { best, open, .. } = search;
		let (owner, offer, _) = best?;
		let miner = Miners::<T>::get(&owner)?;
		Some(Self::occupy(owner, miner, offer, demand.model, open))
	}

	fn take(owner: &T::AccountId, demand: &Demand<T::AccountId>) -> Result<Assignee<T::AccountId>, DispatchError> {
		let miner = Miners::<T>::get(owner).ok_or(Error::<T>::NotRegistered)?;
		let offer = Offers::<T>::get(demand.model, owner).ok_or(Error::<T>::NoOffer)?;
		ensure!(miner.ready, Error::<T>::NotReady);
		Self::fits(owner, &offer, demand)?;
		Ok(Self::occupy(owner.clone(), miner, offer, demand.model, false))
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
		offer.rate_attempt(outcome, &Self::terms());
		Self::cut_unbacked(owner, &mut miner, model, &mut offer);
		let free = Self::store_offer(owner, &mut miner, model, offer);
		Miners::<T>::insert(owner, miner);
		if free > 0 {
			T::OnCapacity::on_capacity(model);
		}
	}

	fn slash(owner: &T::AccountId, amount: Balance) -> Balance {
		Self::slash_stake(owner, amount).map_or(0, |slashed| slashed.taken)
	}

	fn slots_used() -> u64 {
		Miners::<T>::iter_values().map(|miner| u64::from(miner.slots_used)).fold(0, u64::saturating_add)
	}
}
