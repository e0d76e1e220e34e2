//! Offers and the ready lists.

use frame::prelude::*;
use millrace_primitives::{
	traits::{ModelRegistry, OnCapacity},
	ModelId, Rate,
};

use crate::*;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_offer(owner: T::AccountId, model: ModelId, rate: Rate, slots: u32) -> DispatchResult {
		ensure!(slots > 0, Error::<T>::ZeroSlots);
		ensure!(T::Models::active(model).is_some(), Error::<T>::UnknownModel);
		let mut miner = Miners::<T>::get(&owner).ok_or(Error::<T>::NotRegistered)?;
		let before = Offers::<T>::get(model, &owner);
		let (slots_before, used) = before.as_ref().map_or((0, 0), |offer| (offer.slots, offer.used));
		ensure!(slots >= used, Error::<T>::JobsOpen);
		let offered =
			miner.slots_offered.saturating_sub(slots_before).checked_add(slots).ok_or(Error::<T>::Overflow)?;
		ensure!(miner.bonded >= Self::stake_for(offered)?, Error::<T>::StakeTooLowForSlots);
		if before.is_none() {
			miner.models.try_push(model).map_err(|_| Error::<T>::TooManyOffers)?;
		}
		miner.slots_offered = offered;
		Offers::<T>::insert(model, &owner, Offer { rate, slots, used });
		Self::refresh(model, &owner, miner.ready, slots > used);
		Miners::<T>::insert(&owner, miner);
		Self::deposit_event(Event::OfferSet { owner, model, rate, slots });
		Ok(())
	}

	pub(crate) fn do_withdraw_offer(owner: T::AccountId, model: ModelId) -> DispatchResult {
		let mut miner = Miners::<T>::get(&owner).ok_or(Error::<T>::NotRegistered)?;
		let offer = Offers::<T>::get(model, &owner).ok_or(Error::<T>::NoOffer)?;
		ensure!(offer.used == 0, Error::<T>::JobsOpen);
		miner.slots_offered = miner.slots_offered.saturating_sub(offer.slots);
		miner.models.retain(|offered| *offered != model);
		Self::leave_ready(model, &owner);
		Offers::<T>::remove(model, &owner);
		Miners::<T>::insert(&owner, miner);
		Self::deposit_event(Event::OfferWithdrawn { owner, model });
		Ok(())
	}

	/// Returns how many offers it touched.
	pub(crate) fn do_set_ready(who: T::AccountId, ready: bool) -> Result<u32, DispatchError> {
		// An owner comes first: anybody may have named it as an operator, without asking.
		let owner = if Miners::<T>::contains_key(&who) {
			who
		} else {
			OwnerOf::<T>::get(&who).ok_or(Error::<T>::NotRegistered)?
		};
		let mut miner = Miners::<T>::get(&owner).ok_or(Error::<T>::NotRegistered)?;
		miner.ready = ready;
		for model in &miner.models {
			let free = Offers::<T>::get(model, &owner).is_some_and(|offer| offer.used < offer.slots);
			Self::refresh(*model, &owner, ready, free);
		}
		let offers = miner.models.len() as u32;
		Miners::<T>::insert(&owner, miner);
		Self::deposit_event(Event::ReadySet { owner, ready });
		Ok(offers)
	}

	/// Puts the miner on the model's ready list or takes it off, and tells about a slot that can be had.
	pub(crate) fn refresh(model: ModelId, owner: &T::AccountId, ready: bool, free: bool) {
		if ready && free {
			Self::join_ready(model, owner);
			T::OnCapacity::on_capacity(model);
		} else {
			Self::leave_ready(model, owner);
		}
	}

	fn join_ready(model: ModelId, owner: &T::AccountId) {
		if !ReadyPlace::<T>::contains_key(model, owner) {
			let place = ReadyCount::<T>::get(model);
			ReadyAt::<T>::insert(model, place, owner);
			ReadyPlace::<T>::insert(model, owner, place);
			ReadyCount::<T>::insert(model, place.saturating_add(1));
		}
	}

	/// The last place moves into the gap.
	pub(crate) fn leave_ready(model: ModelId, owner: &T::AccountId) {
		if let Some(place) = ReadyPlace::<T>::take(model, owner) {
			let last = ReadyCount::<T>::get(model).saturating_sub(1);
			if let Some(moved) = ReadyAt::<T>::take(model, last).filter(|_| place != last) {
				ReadyPlace::<T>::insert(model, &moved, place);
				ReadyAt::<T>::insert(model, place, moved);
			}
			ReadyCount::<T>::insert(model, last);
		}
	}
}
