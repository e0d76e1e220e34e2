//! What must always hold.

use frame::{deps::sp_runtime::TryRuntimeError, prelude::*, traits::fungible::InspectHold};
use millrace_primitives::Balance;

use crate::*;

impl<T: Config> Pallet<T> {
	/// Checks the invariants that the crate's page lists.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		for (owner, miner) in Miners::<T>::iter() {
			ensure!(OwnerOf::<T>::get(&miner.operator).as_ref() == Some(&owner), "an operator's owner differs");
			let mut staked = miner.bonded;
			for part in &miner.unbonding {
				staked = staked.checked_add(part.amount).ok_or("a stake overflows")?;
			}
			let held: Balance = T::Currency::balance_on_hold(&HoldReason::Stake.into(), &owner);
			ensure!(held == staked, "a stake's hold differs from bonded + unbonding");
			ensure!(miner.reputation <= MAX_REPUTATION, "a reputation is above the maximum");
			let (mut slots, mut used) = (0u32, 0u32);
			for model in &miner.models {
				let offer = Offers::<T>::get(model, &owner).ok_or("a miner lists an offer that is gone")?;
				ensure!(offer.used <= offer.slots, "more slots are in use than offered");
				slots = slots.saturating_add(offer.slots);
				used = used.saturating_add(offer.used);
				let listed = ReadyPlace::<T>::contains_key(model, &owner);
				ensure!(listed == (miner.ready && offer.used < offer.slots), "a ready list is wrong about a miner");
			}
			ensure!(slots == miner.slots_offered, "slots_offered differs from the offers");
			ensure!(used == miner.slots_used, "slots_used differs from the offers");
		}
		ensure!(OwnerOf::<T>::iter().count() == Miners::<T>::iter().count(), "OwnerOf has a stray entry");
		for (model, owner, _) in Offers::<T>::iter() {
			let listed = Miners::<T>::get(owner).is_some_and(|miner| miner.models.contains(&model));
			ensure!(listed, "an offer is missing in its miner's list");
		}
		let mut places = 0usize;
		for (model, owner, place) in ReadyPlace::<T>::iter() {
			ensure!(place < ReadyCount::<T>::get(model), "a place is behind the end of its ready list");
			ensure!(ReadyAt::<T>::get(model, place) == Some(owner), "a place of a ready list names another miner");
			places = places.saturating_add(1);
		}
		ensure!(places == ReadyAt::<T>::iter().count(), "a ready list has a stray place");
		Ok(())
	}
}
