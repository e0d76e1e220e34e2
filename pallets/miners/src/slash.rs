//! Taking stake away, and the slots that are no longer backed by it.

use frame::{
	prelude::*,
	traits::{
		fungible::MutateHold,
		tokens::{Fortitude, Precision, Restriction},
	},
};
use millrace_primitives::Balance;

use crate::*;

/// What a slash did.
pub(crate) struct Slashed {
	/// Plancks taken.
	pub taken: Balance,
	/// Offers looked through for free slots.
	pub offers: u32,
}

impl<T: Config> Pallet<T> {
	/// Returns how many offers it touched.
	pub(crate) fn do_slash(owner: T::AccountId, amount: Balance) -> Result<u32, DispatchError> {
		ensure!(amount > 0, Error::<T>::ZeroAmount);
		let slashed = Self::take_stake(&owner, amount).ok_or(Error::<T>::NotRegistered)?;
		ensure!(slashed.taken > 0, Error::<T>::NothingToSlash);
		Ok(slashed.offers)
	}

	/// Takes up to `amount` of what is bonded, then of what is unbonding, the newest part first: that is what answered
	/// for the latest jobs. `None`: no such miner.
	pub(crate) fn take_stake(owner: &T::AccountId, amount: Balance) -> Option<Slashed> {
		let mut miner = Miners::<T>::get(owner)?;
		let of_bonded = amount.min(miner.bonded);
		miner.bonded = miner.bonded.saturating_sub(of_bonded);
		let mut left = amount.saturating_sub(of_bonded);
		while let Some(part) = miner.unbonding.last_mut().filter(|_| left > 0) {
			let of_part = left.min(part.amount);
			part.amount = part.amount.saturating_sub(of_part);
			left = left.saturating_sub(of_part);
			if part.amount == 0 {
				miner.unbonding.pop();
			}
		}
		let taken = amount.saturating_sub(left);
		if taken == 0 {
			return Some(Slashed { taken, offers: 0 });
		}
		Self::spend_stake(owner, taken);
		let offers = Self::cut_offers(owner, &mut miner);
		Miners::<T>::insert(owner, miner);
		Some(Slashed { taken, offers })
	}

	/// Pays the beneficiary's part and burns the rest.
	fn spend_stake(owner: &T::AccountId, taken: Balance) {
		let reason = HoldReason::Stake.into();
		let beneficiary = T::SlashBeneficiary::get();
		// A beneficiary that can't receive, because the sum would not make it an account, leaves it all to be burned.
		let paid = T::Currency::transfer_on_hold(
			&reason,
			owner,
			&beneficiary,
			T::SlashPaid::get() * taken,
			Precision::Exact,
			Restriction::Free,
			Fortitude::Force,
		)
		.unwrap_or(0);
		let rest = taken.saturating_sub(paid);
		let burned = T::Currency::burn_held(&reason, owner, rest, Precision::Exact, Fortitude::Force)
			.defensive_proof("the hold is bonded + unbonding, and this was part of it")
			.unwrap_or(0);
		Self::deposit_event(Event::Slashed { owner: owner.clone(), burned, paid });
	}

	/// Withdraws slots until the stake backs those that are left: free ones first, of the models that were added last
	/// first, then ones in use. A job in a withdrawn slot goes on, and leaves no slot behind. Returns how many offers it
	/// touched.
	fn cut_offers(owner: &T::AccountId, miner: &mut Miner<T::AccountId>) -> u32 {
		let free = Self::cut(owner, miner, Offer::free);
		free.max(Self::cut(owner, miner, |offer| offer.slots))
	}

	/// Withdraws unbacked slots, as many of each offer as `spare` allows. Returns how many offers it touched.
	fn cut(owner: &T::AccountId, miner: &mut Miner<T::AccountId>, spare: impl Fn(&Offer) -> u32) -> u32 {
		let (backed, mut touched) = (Self::backed(miner), 0u32);
		for model in miner.models.clone().into_iter().rev() {
			let unbacked = miner.slots_offered.saturating_sub(backed);
			if unbacked == 0 {
				break;
			}
			touched = touched.saturating_add(1);
			let Some(mut offer) = Offers::<T>::get(model, owner) else {
				defensive!("a miner lists an offer that is gone");
				continue;
			};
			let cut = unbacked.min(spare(&offer));
			if cut == 0 {
				continue;
			}
			offer.slots = offer.slots.saturating_sub(cut);
			miner.slots_offered = miner.slots_offered.saturating_sub(cut);
			Self::deposit_event(match offer.slots {
				0 => Event::OfferWithdrawn { owner: owner.clone(), model },
				slots => Event::OfferSet { owner: owner.clone(), model, rate: offer.rate, slots },
			});
			Self::store_offer(owner, miner, model, offer);
		}
		touched
	}

	/// Slots that the miner's stake reaches for at the price of now.
	pub(crate) fn backed(miner: &Miner<T::AccountId>) -> u32 {
		let backed = miner.bonded.checked_div(T::StakePerSlot::get()).unwrap_or(0);
		u32::try_from(backed).unwrap_or(u32::MAX)
	}
}
