//! What must always hold.

use alloc::collections::BTreeMap;
use frame::{deps::sp_runtime::TryRuntimeError, prelude::*, traits::fungible::InspectHold};
use millrace_primitives::{Balance, ModelId};

use crate::{ready::class_of, *};

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
			let (mut slots, mut used) = (0u32, 0u32);
			for model in &miner.models {
				let offer = Offers::<T>::get(model, &owner).ok_or("a miner lists an offer that is gone")?;
				ensure!(offer.slots > 0 || offer.used > 0, "an offer has neither a slot nor a job");
				ensure!(offer.slots.max(offer.used) <= MAX_SLOTS, "an offer has too many slots");
				ensure!(offer.reputation <= MAX_REPUTATION, "a reputation is above the maximum");
				slots = slots.saturating_add(offer.slots);
				used = used.saturating_add(offer.used);
				let listed = ReadyPlace::<T>::get(model, &owner).map_or(0, |place| place.slots);
				let free = if miner.ready { offer.free() } else { 0 };
				ensure!(listed == free, "a ready list is wrong about a miner's free slots");
			}
			ensure!(slots == miner.slots_offered, "slots_offered differs from the offers");
			ensure!(used == miner.slots_used, "slots_used differs from the offers");
		}
		ensure!(OwnerOf::<T>::iter().count() == Miners::<T>::iter().count(), "OwnerOf has a stray entry");
		for (model, owner, _) in Offers::<T>::iter() {
			let listed = Miners::<T>::get(owner).is_some_and(|miner| miner.models.contains(&model));
			ensure!(listed, "an offer is missing in its miner's list");
		}
		for (owner, _) in Drained::<T>::iter() {
			ensure!(Miners::<T>::get(owner).is_some_and(|miner| !miner.ready), "a miner that takes jobs is drained");
		}
		for (owner, endpoint) in Endpoints::<T>::iter() {
			ensure!(Miners::<T>::contains_key(owner), "an endpoint is of no miner");
			ensure!(!endpoint.peer_id.is_empty() && !endpoint.addresses.is_empty(), "an endpoint leads nowhere");
		}
		Self::try_receipt_keys()?;
		Self::try_ready_lists()
	}

	fn try_receipt_keys() -> Result<(), TryRuntimeError> {
		for (owner, keys) in ReceiptKeys::<T>::iter() {
			ensure!(!keys.is_empty(), "an empty list of receipt keys is stored");
			let (mut deposits, mut ended) = (0, Some(0));
			for (place, listed) in keys.iter().enumerate() {
				ensure!(
					ended.is_some_and(|until| until <= listed.from),
					"a receipt key holds beside the one before it"
				);
				ensure!(listed.until.is_none_or(|until| listed.from <= until), "a receipt key ends before it begins");
				let twice = keys.iter().take(place).any(|earlier| earlier.key == listed.key);
				ensure!(!twice, "a receipt key is listed twice");
				deposits = listed.deposit.checked_add(deposits).ok_or("the deposits overflow")?;
				ended = listed.until;
			}
			let held: Balance = T::Currency::balance_on_hold(&HoldReason::ReceiptKeys.into(), &owner);
			ensure!(held == deposits, "the hold for receipt keys differs from their deposits");
		}
		Ok(())
	}

	fn try_ready_lists() -> Result<(), TryRuntimeError> {
		let mut sizes = BTreeMap::<ModelId, (u64, u32)>::new();
		for (model, owner, place) in ReadyPlace::<T>::iter() {
			let found = ReadyAt::<T>::get((model, class_of(place.slots), place.index));
			ensure!(found == Some(owner), "a place of a ready list names another miner");
			let (slots, miners) = sizes.entry(model).or_default();
			*slots = slots.saturating_add(place.slots.into());
			*miners = miners.saturating_add(1);
		}
		for ((model, class, index), _) in ReadyAt::<T>::iter() {
			let places = ReadyLists::<T>::get(model).in_class(class).map_or(0, |places| *places);
			ensure!(index < places, "a place is behind the end of its ready list");
		}
		for (model, ready) in ReadyLists::<T>::iter() {
			let size = sizes.remove(&model);
			ensure!(size == Some((ready.slots, ready.miners())), "a ready list's size is wrong");
		}
		ensure!(sizes.is_empty(), "a ready list has no size");
		Ok(())
	}
}
