//! The keys with which miners sign receipts, each with the blocks for which it holds.

use frame::{
	deps::sp_core::ed25519,
	prelude::*,
	traits::{
		fungible::{InspectHold, MutateHold},
		tokens::Precision,
	},
};
use millrace_primitives::{receipt_key::possesses, Balance, BlockNumber};

use crate::*;

/// Most receipt keys of one owner, those that no longer hold included.
pub const MAX_RECEIPT_KEYS: u32 = 16;

/// A receipt key. It vouches for receipts of jobs that ended in block `from` or later, and before `until`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct ReceiptKey {
	/// The Ed25519 public key.
	pub key: ed25519::Public,
	/// The first block for which it holds.
	pub from: BlockNumber,
	/// The first block for which it no longer holds; `None` for the key in use.
	pub until: Option<BlockNumber>,
	/// Plancks held of the owner for as long as the key is listed.
	pub deposit: Balance,
}

/// The receipt keys of an owner, oldest first.
pub type ReceiptKeyList = BoundedVec<ReceiptKey, ConstU32<MAX_RECEIPT_KEYS>>;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_set_receipt_key(
		owner: T::AccountId,
		key: ed25519::Public,
		possession: ed25519::Signature,
	) -> DispatchResult {
		ensure!(Miners::<T>::contains_key(&owner), Error::<T>::NotRegistered);
		let mut keys = ReceiptKeys::<T>::get(&owner);
		ensure!(keys.iter().all(|listed| listed.key != key), Error::<T>::ReceiptKeyListed);
		let genesis = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero());
		ensure!(possesses(&genesis, &owner, &key, &possession), Error::<T>::BadPossession);
		let now = T::BlockNumberProvider::current_block_number();
		if let Some(old) = keys.last_mut().filter(|last| last.until.is_none()) {
			old.until = Some(now);
			Self::deposit_event(Event::ReceiptKeyRevoked { owner: owner.clone(), key: old.key });
		}
		let deposit = T::ReceiptKeyDeposit::get();
		keys.try_push(ReceiptKey { key, from: now, until: None, deposit })
			.map_err(|_| Error::<T>::TooManyReceiptKeys)?;
		let reason = HoldReason::ReceiptKeys.into();
		ensure!(T::Currency::can_hold(&reason, &owner, deposit), Error::<T>::InsufficientBalance);
		T::Currency::hold(&reason, &owner, deposit)?;
		ReceiptKeys::<T>::insert(&owner, keys);
		Self::deposit_event(Event::ReceiptKeySet { owner, key });
		Ok(())
	}

	pub(crate) fn do_revoke_receipt_key(owner: T::AccountId) -> DispatchResult {
		let now = T::BlockNumberProvider::current_block_number();
		let key = ReceiptKeys::<T>::try_mutate(&owner, |keys| {
			let last = keys.last_mut().filter(|last| last.until.is_none()).ok_or(Error::<T>::NoReceiptKey)?;
			last.until = Some(now);
			Ok::<_, Error<T>>(last.key)
		})?;
		Self::deposit_event(Event::ReceiptKeyRevoked { owner, key });
		Ok(())
	}

	pub(crate) fn do_forget_receipt_key(owner: T::AccountId, key: ed25519::Public) -> DispatchResult {
		let mut keys = ReceiptKeys::<T>::get(&owner);
		let place = keys.iter().position(|listed| listed.key == key).ok_or(Error::<T>::NoReceiptKey)?;
		let forgotten = keys.remove(place);
		let until = forgotten.until.ok_or(Error::<T>::ReceiptKeyNeeded)?;
		let now = T::BlockNumberProvider::current_block_number();
		ensure!(now >= until.saturating_add(T::ReceiptKeyRetention::get()), Error::<T>::ReceiptKeyNeeded);
		T::Currency::release(&HoldReason::ReceiptKeys.into(), &owner, forgotten.deposit, Precision::Exact)?;
		if keys.is_empty() {
			ReceiptKeys::<T>::remove(&owner);
		} else {
			ReceiptKeys::<T>::insert(&owner, keys);
		}
		Self::deposit_event(Event::ReceiptKeyForgotten { owner, key });
		Ok(())
	}
}
