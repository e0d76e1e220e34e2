//! The receipts of an account.

use frame::prelude::*;
use millrace_primitives::{JobId, Page, Receipt};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Enters a receipt into the lists of its client and its miner: at most two writes.
	pub(crate) fn enlist(receipt: &Receipt<T::AccountId>) {
		for account in parties(receipt) {
			ReceiptsOf::<T>::insert(account, receipt.job, ());
		}
	}

	/// Takes a receipt that leaves the state out of the lists.
	pub(crate) fn delist(receipt: &Receipt<T::AccountId>) {
		for account in parties(receipt) {
			ReceiptsOf::<T>::remove(account, receipt.job);
		}
	}

	pub(crate) fn view_receipts_of(account: T::AccountId, after: Option<JobId>) -> Page<Receipt<T::AccountId>, JobId> {
		let jobs = match after {
			Some(after) => {
				ReceiptsOf::<T>::iter_key_prefix_from(&account, ReceiptsOf::<T>::hashed_key_for(&account, after))
			}
			None => ReceiptsOf::<T>::iter_key_prefix(&account),
		};
		Page::of(jobs, |job| Receipts::<T>::get(job))
	}

	/// Checks that the lists hold every receipt for its parties, and nothing else.
	pub(crate) fn check_index() -> Result<(), frame::deps::sp_runtime::TryRuntimeError> {
		for receipt in Receipts::<T>::iter_values() {
			for account in parties(&receipt) {
				ensure!(ReceiptsOf::<T>::contains_key(account, receipt.job), "a receipt is missing in a party's list");
			}
		}
		for (account, job) in ReceiptsOf::<T>::iter_keys() {
			let listed =
				Receipts::<T>::get(job).is_some_and(|receipt| parties(&receipt).any(|party| *party == account));
			ensure!(listed, "a list names a receipt that is gone or another's");
		}
		Ok(())
	}
}

fn parties<AccountId>(receipt: &Receipt<AccountId>) -> impl Iterator<Item = &AccountId> {
	core::iter::once(&receipt.client).chain(receipt.miner.as_ref())
}
