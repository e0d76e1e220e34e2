//! Registration and stake.

use frame::{
	prelude::*,
	traits::{
		fungible::{Inspect, InspectHold, Mutate, MutateHold},
		tokens::{Precision, Preservation},
	},
};
use millrace_primitives::Balance;

use crate::*;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_register(owner: T::AccountId, operator: T::AccountId, stake: Balance) -> DispatchResult {
		ensure!(owner != operator, Error::<T>::OperatorIsOwner);
		ensure!(!Miners::<T>::contains_key(&owner), Error::<T>::AlreadyRegistered);
		ensure!(!OwnerOf::<T>::contains_key(&operator), Error::<T>::OperatorTaken);
		ensure!(stake >= T::MinStake::get(), Error::<T>::StakeTooLow);
		Self::bond(&owner, stake)?;
		Self::adopt(&owner, &operator)?;
		OwnerOf::<T>::insert(&operator, &owner);
		let miner = Miner {
			operator: operator.clone(),
			bonded: stake,
			unbonding: BoundedVec::new(),
			slots_offered: 0,
			slots_used: 0,
			ready: true,
			models: BoundedVec::new(),
		};
		Miners::<T>::insert(&owner, miner);
		Self::deposit_event(Event::Registered { owner, operator, stake });
		Ok(())
	}

	/// Makes sure that the operator's account exists and can't be reaped while it serves: without an account its
	/// free calls would be refused.
	fn adopt(owner: &T::AccountId, operator: &T::AccountId) -> DispatchResult {
		let minimum = T::Currency::minimum_balance();
		if T::Currency::balance(operator) < minimum {
			T::Currency::transfer(owner, operator, minimum, Preservation::Preserve)
				.map_err(|_| Error::<T>::InsufficientBalance)?;
		}
		frame_system::Pallet::<T>::inc_consumers(operator)
	}

	fn bond(owner: &T::AccountId, amount: Balance) -> DispatchResult {
		let reason = HoldReason::Stake.into();
		ensure!(T::Currency::can_hold(&reason, owner, amount), Error::<T>::InsufficientBalance);
		T::Currency::hold(&reason, owner, amount)
	}

	pub(crate) fn do_stake(owner: T::AccountId, amount: Balance) -> DispatchResult {
		ensure!(amount > 0, Error::<T>::ZeroAmount);
		Miners::<T>::try_mutate(&owner, |miner| {
			let miner = miner.as_mut().ok_or(Error::<T>::NotRegistered)?;
			let bonded = miner.bonded.checked_add(amount).ok_or(Error::<T>::Overflow)?;
			ensure!(bonded >= T::MinStake::get(), Error::<T>::StakeTooLow);
			miner.bonded = bonded;
			Self::bond(&owner, amount)
		})?;
		Self::deposit_event(Event::Staked { owner, amount });
		Ok(())
	}

	pub(crate) fn do_unstake(owner: T::AccountId, amount: Balance) -> DispatchResult {
		ensure!(amount > 0, Error::<T>::ZeroAmount);
		Miners::<T>::try_mutate(&owner, |miner| {
			let miner = miner.as_mut().ok_or(Error::<T>::NotRegistered)?;
			ensure!(miner.slots_used == 0, Error::<T>::JobsOpen);
			Self::unbond(&owner, miner, amount)
		})
	}

	fn unbond(owner: &T::AccountId, miner: &mut Miner<T::AccountId>, amount: Balance) -> DispatchResult {
		let rest = miner.bonded.checked_sub(amount).ok_or(Error::<T>::AboveBonded)?;
		ensure!(rest >= Self::stake_for(miner.slots_offered)?, Error::<T>::StakeTooLowForSlots);
		ensure!(rest == 0 || rest >= T::MinStake::get(), Error::<T>::StakeTooLow);
		let until = T::BlockNumberProvider::current_block_number().saturating_add(T::UnbondingPeriod::get());
		match miner.unbonding.last_mut() {
			Some(last) if last.until == until => {
				last.amount = last.amount.checked_add(amount).ok_or(Error::<T>::Overflow)?
			}
			_ => miner.unbonding.try_push(Unbonding { amount, until }).map_err(|_| Error::<T>::TooManyUnbonding)?,
		}
		miner.bonded = rest;
		Self::deposit_event(Event::Unstaked { owner: owner.clone(), amount, until });
		Ok(())
	}

	pub(crate) fn do_withdraw_unbonded(owner: T::AccountId) -> DispatchResult {
		let mut miner = Miners::<T>::get(&owner).ok_or(Error::<T>::NotRegistered)?;
		let now = T::BlockNumberProvider::current_block_number();
		let mut amount: Balance = 0;
		for part in miner.unbonding.iter().filter(|part| part.until <= now) {
			amount = amount.checked_add(part.amount).ok_or(Error::<T>::Overflow)?;
		}
		ensure!(amount > 0, Error::<T>::NothingToWithdraw);
		miner.unbonding.retain(|part| part.until > now);
		T::Currency::release(&HoldReason::Stake.into(), &owner, amount, Precision::Exact)?;
		Self::deposit_event(Event::Withdrawn { owner: owner.clone(), amount });
		if miner.bonded == 0 && miner.unbonding.is_empty() {
			Self::remove(owner, &miner);
		} else {
			Miners::<T>::insert(&owner, miner);
		}
		Ok(())
	}

	/// The owner whose miner the account may act for: its own, else the one that it operates.
	pub(crate) fn acts_for(who: T::AccountId) -> Result<T::AccountId, Error<T>> {
		// An owner comes first: anybody may have named it as an operator, without asking.
		if Miners::<T>::contains_key(&who) {
			Ok(who)
		} else {
			OwnerOf::<T>::get(&who).ok_or(Error::<T>::NotRegistered)
		}
	}

	/// The owner of the miner that the signer acts for as its operator.
	pub(crate) fn operated_by(origin: &OriginFor<T>) -> Option<T::AccountId> {
		let who = ensure_signed(origin.clone()).ok()?;
		Self::acts_for(who.clone()).ok().filter(|owner| *owner != who)
	}

	fn remove(owner: T::AccountId, miner: &Miner<T::AccountId>) {
		OwnerOf::<T>::remove(&miner.operator);
		frame_system::Pallet::<T>::dec_consumers(&miner.operator);
		Miners::<T>::remove(&owner);
		Drained::<T>::remove(&owner);
		Endpoints::<T>::remove(&owner);
		Self::deposit_event(Event::Deregistered { owner });
	}

	/// Returns how many offers it withdrew.
	pub(crate) fn do_deregister(owner: T::AccountId) -> Result<u32, DispatchError> {
		let mut miner = Miners::<T>::get(&owner).ok_or(Error::<T>::NotRegistered)?;
		ensure!(miner.slots_used == 0, Error::<T>::JobsOpen);
		let offers = miner.models.len() as u32;
		for model in core::mem::take(&mut miner.models) {
			Self::list(model, &owner, 0);
			Offers::<T>::remove(model, &owner);
			Self::deposit_event(Event::OfferWithdrawn { owner: owner.clone(), model });
		}
		miner.slots_offered = 0;
		let bonded = miner.bonded;
		// A slash can take it all; then there is nothing to wait for.
		if bonded == 0 && miner.unbonding.is_empty() {
			Self::remove(owner, &miner);
			return Ok(offers);
		}
		ensure!(bonded > 0, Error::<T>::ZeroAmount);
		Self::unbond(&owner, &mut miner, bonded)?;
		Miners::<T>::insert(&owner, miner);
		Ok(offers)
	}

	/// Plancks that must be bonded for `slots` slots.
	pub(crate) fn stake_for(slots: u32) -> Result<Balance, DispatchError> {
		T::StakePerSlot::get().checked_mul(slots.into()).ok_or_else(|| Error::<T>::Overflow.into())
	}
}
