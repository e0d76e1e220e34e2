//! Offers and the ready lists.

use frame::prelude::*;
use millrace_primitives::{
	traits::{ModelRegistry, OnCapacity, Relisted},
	BlockNumber, ModelId, Rate,
};

use crate::*;

/// Blocks after which an operator takes back for free that its miner takes no more jobs.
pub const READY_INTERVAL: BlockNumber = 20;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_offer(owner: T::AccountId, model: ModelId, rate: Rate, slots: u32) -> DispatchResult {
		ensure!(slots > 0, Error::<T>::ZeroSlots);
		ensure!(slots <= MAX_SLOTS, Error::<T>::TooManySlots);
		let summary = T::Models::active(model).ok_or(Error::<T>::UnknownModel)?;
		ensure!(rate.fits(summary.kind), Error::<T>::RateUnitUnfit);
		let mut miner = Miners::<T>::get(&owner).ok_or(Error::<T>::NotRegistered)?;
		let before = Offers::<T>::get(model, &owner);
		let is_new = before.is_none();
		let now = T::BlockNumberProvider::current_block_number();
		let mut offer = before.unwrap_or(Offer { rate, slots: 0, used: 0, reputation: 0, rated_at: now });
		ensure!(slots >= offer.used, Error::<T>::JobsOpen);
		let offered = miner.slots_offered.saturating_sub(offer.slots).checked_add(slots).ok_or(Error::<T>::Overflow)?;
		ensure!(miner.bonded >= Self::stake_for(offered)?, Error::<T>::StakeTooLowForSlots);
		if is_new {
			miner.models.try_push(model).map_err(|_| Error::<T>::TooManyOffers)?;
		}
		miner.slots_offered = offered;
		offer.rate = rate;
		offer.slots = slots;
		if Self::store_offer(&owner, &mut miner, model, offer).0 > 0 {
			T::OnCapacity::on_capacity(model);
		}
		Miners::<T>::insert(&owner, miner);
		Self::deposit_event(Event::OfferSet { owner, model, rate, slots });
		Ok(())
	}

	pub(crate) fn do_withdraw_offer(owner: T::AccountId, model: ModelId) -> DispatchResult {
		let mut miner = Miners::<T>::get(&owner).ok_or(Error::<T>::NotRegistered)?;
		let offer = Offers::<T>::get(model, &owner).ok_or(Error::<T>::NoOffer)?;
		ensure!(offer.used == 0, Error::<T>::JobsOpen);
		miner.slots_offered = miner.slots_offered.saturating_sub(offer.slots);
		Self::remove_offer(&owner, &mut miner, model);
		Miners::<T>::insert(&owner, miner);
		Self::deposit_event(Event::OfferWithdrawn { owner, model });
		Ok(())
	}

	/// Whether `set_ready` is free: the operator of a miner that takes jobs says that it takes no more, or takes back,
	/// [`READY_INTERVAL`] later, what it said.
	pub(crate) fn turns(origin: &OriginFor<T>, ready: bool) -> bool {
		let Some(owner) = Self::operated_by(origin) else { return false };
		let takes_jobs = Miners::<T>::get(&owner).is_some_and(|miner| miner.ready);
		if !ready {
			return takes_jobs;
		}
		let now = T::BlockNumberProvider::current_block_number();
		!takes_jobs && Drained::<T>::get(owner).is_some_and(|at| at.saturating_add(READY_INTERVAL) <= now)
	}

	/// Returns how many offers it touched.
	pub(crate) fn do_set_ready(who: T::AccountId, ready: bool) -> Result<u32, DispatchError> {
		let owner = Self::acts_for(who.clone())?;
		let mut miner = Miners::<T>::get(&owner).ok_or(Error::<T>::NotRegistered)?;
		miner.ready = ready;
		if ready || who == owner {
			Drained::<T>::remove(&owner);
		} else {
			Drained::<T>::insert(&owner, T::BlockNumberProvider::current_block_number());
		}
		for model in &miner.models {
			let free = Offers::<T>::get(model, &owner).filter(|_| ready).map_or(0, |offer| offer.free());
			Self::list(*model, &owner, free);
			if free > 0 {
				T::OnCapacity::on_capacity(*model);
			}
		}
		let offers = miner.models.len() as u32;
		Miners::<T>::insert(&owner, miner);
		Self::deposit_event(Event::ReadySet { owner, ready });
		Ok(offers)
	}

	/// Stores an offer and puts its free slots on the ready list; removes one without slots and jobs. Returns how many slots
	/// can be had, and what that did to the list.
	pub(crate) fn store_offer(
		owner: &T::AccountId,
		miner: &mut Miner<T::AccountId>,
		model: ModelId,
		offer: Offer,
	) -> (u32, Relisted) {
		if offer.slots == 0 && offer.used == 0 {
			return (0, Self::remove_offer(owner, miner, model));
		}
		let free = if miner.ready { offer.free() } else { 0 };
		let relisted = Self::list(model, owner, free);
		Offers::<T>::insert(model, owner, offer);
		(free, relisted)
	}

	pub(crate) fn remove_offer(owner: &T::AccountId, miner: &mut Miner<T::AccountId>, model: ModelId) -> Relisted {
		miner.models.retain(|offered| *offered != model);
		Offers::<T>::remove(model, owner);
		Self::list(model, owner, 0)
	}
}
