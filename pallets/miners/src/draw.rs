//! Drawing miners, and counting their slots.

use alloc::vec::Vec;
use frame::prelude::*;
use millrace_primitives::{
	job::low_u64,
	traits::{Assignee, AttemptOutcome, Demand, Drawn, MinerPool, OnCapacity, Relisted},
	ModelId, Obstacle, Score,
};

use crate::{reputation::Terms, *};

/// What the score adds to the reputation, so that a new miner is drawn at all.
const NEWCOMER: u32 = 100;
/// Numbers that a draw tries for each slot that it wants to look at; at least four in five hit one.
const TRIES: u32 = 2;
/// The first of a draw's numbers that decide which looks count; those before it decide where it looks.
const LOTS: u32 = 1 << 16;

/// An offer that a draw looks at, with its owner.
pub(crate) type Look<T> = (<T as frame_system::Config>::AccountId, Offer);

fn score(offer: &Offer, terms: &Terms) -> u32 {
	offer.thousandths(terms).saturating_add(NEWCOMER)
}

fn within_limit<AccountId>(offer: &Offer, demand: &Demand<AccountId>) -> bool {
	demand.max_rate.is_none_or(|limit| offer.rate.within(&limit))
}

/// The `index`th number of a draw.
fn number(seed: &[u8; 32], index: u32) -> u64 {
	low_u64(&BlakeTwo256::hash_of(&(seed, index)))
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
	pub fn explain(owner: &T::AccountId, demand: &Demand<T::AccountId>) -> Option<Score> {
		let miner = Miners::<T>::get(owner)?;
		let offer = Offers::<T>::get(demand.model, owner)?;
		let reached = Self::backed(&miner).saturating_sub(miner.slots_used);
		let free = if miner.ready { offer.free().min(reached) } else { 0 };
		let terms = Self::terms();
		Some(Score {
			reputation: offer.thousandths(&terms),
			free_stake: T::StakePerSlot::get().saturating_mul(free.into()),
			cost: offer.rate.estimate(&demand.bounds),
			score: score(&offer, &terms),
		})
	}

	/// The miner `owner` and its offer, when they can take the job now.
	fn assess(owner: &T::AccountId, demand: &Demand<T::AccountId>) -> Result<(Miner<T::AccountId>, Offer), Error<T>> {
		let miner = Miners::<T>::get(owner).ok_or(Error::<T>::NotRegistered)?;
		let offer = Offers::<T>::get(demand.model, owner).ok_or(Error::<T>::NoOffer)?;
		ensure!(miner.ready, Error::<T>::NotReady);
		Self::fits(owner, &offer, demand)?;
		ensure!(Self::reaches(&miner), Error::<T>::StakeTooLowForSlots);
		Ok((miner, offer))
	}

	/// Why the miner can't take the job now.
	pub(crate) fn obstacle(owner: &T::AccountId, demand: &Demand<T::AccountId>) -> Option<Obstacle> {
		Some(match Self::assess(owner, demand).err()? {
			Error::NotReady => Obstacle::NotReady,
			Error::NoFreeSlot => Obstacle::NoFreeSlot,
			Error::RateAboveLimit => Obstacle::RateAboveLimit,
			_ => Obstacle::Other,
		})
	}

	/// Whether the miner's stake reaches for one more job at the price of now, which may have risen since its offers.
	fn reaches(miner: &Miner<T::AccountId>) -> bool {
		miner.slots_used < Self::backed(miner)
	}

	/// Whether the look is at an offer that can take the job. One read, of the miner.
	pub(crate) fn can_take((owner, offer): &Look<T>, demand: &Demand<T::AccountId>) -> bool {
		Miners::<T>::get(owner).is_some_and(|miner| Self::reaches(&miner)) && Self::fits(owner, offer, demand).is_ok()
	}

	/// Whether an offer of a ready miner fits the job.
	fn fits(owner: &T::AccountId, offer: &Offer, demand: &Demand<T::AccountId>) -> Result<(), Error<T>> {
		ensure!(offer.free() > 0, Error::<T>::NoFreeSlot);
		ensure!(!demand.excluded.contains(owner), Error::<T>::AlreadyTried);
		ensure!(within_limit(offer, demand), Error::<T>::RateAboveLimit);
		Ok(())
	}

	pub(crate) fn offer_at(model: ModelId, class: u8, index: u32) -> Option<Look<T>> {
		let owner = ReadyAt::<T>::get((model, class, index))?;
		let offer = Offers::<T>::get(model, &owner)?;
		Some((owner, offer))
	}

	/// `Draws` free slots, each as likely as any other.
	fn some_slots(model: ModelId, ready: &Ready, seed: &[u8; 32]) -> Vec<Look<T>> {
		let (wanted, width) = (T::Draws::get(), ready.width());
		let mut looks = Vec::new();
		for index in 0..wanted.saturating_mul(TRIES) {
			if looks.len() as u64 >= wanted.into() {
				break;
			}
			let named = number(seed, index).checked_rem(width).and_then(|number| ready.named(number));
			let Some(named) = named else { break };
			let found = Self::offer_at(model, named.class, named.index);
			looks.extend(found.filter(|(_, offer)| named.slot < offer.free().into()));
		}
		looks
	}

	/// Up to `Draws` miners in a row, the first by `seed`.
	fn some_miners(model: ModelId, ready: &Ready, seed: &[u8; 32]) -> Vec<Look<T>> {
		let miners = ready.miners();
		let Some(start) = number(seed, 0).checked_rem(miners.into()) else { return Vec::new() };
		(start..)
			.take(miners.min(T::Draws::get()) as usize)
			.filter_map(|nth| ready.nth(u32::try_from(nth.checked_rem(miners.into())?).ok()?))
			.filter_map(|(class, index)| Self::offer_at(model, class, index))
			.collect()
	}

	/// Every free slot once, of a list that has no more than `Draws`, in a turn that `seed` decides.
	fn all_slots(model: ModelId, ready: &Ready, seed: &[u8; 32]) -> Vec<Look<T>> {
		let miners = (0..ready.miners()).filter_map(|nth| ready.nth(nth));
		let mut looks: Vec<Look<T>> = Vec::new();
		for look in miners.filter_map(|(class, index)| Self::offer_at(model, class, index)) {
			let free = look.1.free();
			looks.extend((0..free).map(|_| look.clone()));
		}
		let turn = number(seed, 0).checked_rem(looks.len() as u64).unwrap_or(0);
		looks.rotate_left(turn as usize);
		looks
	}

	/// The cheapest offer that can take the job and counts, the earliest of equally cheap ones. A look counts by lot, with the
	/// chance of its score over the best: in proportion, so that a reputation that varies gains nothing by it.
	fn cheapest(looks: Vec<Look<T>>, demand: &Demand<T::AccountId>, seed: &[u8; 32]) -> Option<Look<T>> {
		let terms = Self::terms();
		let looks: Vec<Look<T>> = looks.into_iter().filter(|look| Self::can_take(look, demand)).collect();
		let best = looks.iter().map(|(_, offer)| score(offer, &terms)).max()?;
		(LOTS..)
			.zip(looks)
			.filter(|(lot, (_, offer))| {
				number(seed, *lot).checked_rem(best.into()).is_some_and(|lot| lot < score(offer, &terms).into())
			})
			.map(|(_, look)| look)
			.min_by_key(|(_, offer)| offer.rate.estimate(&demand.bounds))
	}

	/// Takes a slot of the offer.
	fn occupy(look: Look<T>, model: ModelId, open: bool) -> Option<Assignee<T::AccountId>> {
		Some(Self::occupy_of(Miners::<T>::get(&look.0)?, look, model, open))
	}

	fn occupy_of(
		mut miner: Miner<T::AccountId>,
		(owner, mut offer): Look<T>,
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
	fn draw(demand: &Demand<T::AccountId>, seed: &[u8; 32]) -> Drawn<T::AccountId> {
		let model = demand.model;
		let ready = ReadyLists::<T>::get(model);
		let all = ready.slots <= T::Draws::get().into();
		let looks = if all { Self::all_slots(model, &ready, seed) } else { Self::some_slots(model, &ready, seed) };
		let open = looks.iter().all(|(_, offer)| within_limit(offer, demand));
		match Self::cheapest(looks, demand, seed).and_then(|look| Self::occupy(look, model, open)) {
			Some(assignee) => Drawn::Miner(assignee),
			None if all => Drawn::Nobody,
			None => Drawn::Unseen,
		}
	}

	fn search(demand: &Demand<T::AccountId>, seed: &[u8; 32]) -> Option<Assignee<T::AccountId>> {
		match Self::draw(demand, seed) {
			Drawn::Miner(assignee) => Some(assignee),
			Drawn::Nobody => None,
			// A job must not wait beside a free slot.
			Drawn::Unseen => {
				let ready = ReadyLists::<T>::get(demand.model);
				let looks = Self::some_miners(demand.model, &ready, seed);
				Self::occupy(Self::cheapest(looks, demand, seed)?, demand.model, false)
			}
		}
	}

	fn take(owner: &T::AccountId, demand: &Demand<T::AccountId>) -> Result<Assignee<T::AccountId>, DispatchError> {
		let (miner, offer) = Self::assess(owner, demand)?;
		Ok(Self::occupy_of(miner, (owner.clone(), offer), demand.model, false))
	}

	fn owner_of(operator: &T::AccountId) -> Option<T::AccountId> {
		OwnerOf::<T>::get(operator)
	}

	fn release(owner: &T::AccountId, model: ModelId, outcome: AttemptOutcome) -> Relisted {
		let (Some(mut miner), Some(mut offer)) = (Miners::<T>::get(owner), Offers::<T>::get(model, owner)) else {
			// Neither can be removed while a slot of it is in use.
			defensive!("a job ended for a miner or offer that is gone");
			return Relisted::InPlace;
		};
		miner.slots_used = miner.slots_used.defensive_saturating_sub(1);
		offer.used = offer.used.defensive_saturating_sub(1);
		offer.rate_attempt(outcome, &Self::terms());
		let (free, relisted) = Self::store_offer(owner, &mut miner, model, offer);
		Miners::<T>::insert(owner, miner);
		if free > 0 {
			T::OnCapacity::on_capacity(model);
		}
		relisted
	}

	fn slots_used() -> u64 {
		Miners::<T>::iter_values().map(|miner| u64::from(miner.slots_used)).fold(0, u64::saturating_add)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_miner(
		owner: &T::AccountId,
		operator: &T::AccountId,
		model: ModelId,
		rate: millrace_primitives::Rate,
		slots: u32,
	) {
		Self::miner_for_benchmark(owner, operator, model, rate, slots)
	}
}
