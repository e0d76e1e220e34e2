//! What must always hold outside of a block.

use frame::{deps::sp_runtime::TryRuntimeError, prelude::*};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Checks the invariants that the crate's page lists.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		ensure!(!Leaves::<T>::exists(), "a leaf waits for a root");
		let oldest = Oldest::<T>::get();
		for (block, place, job) in Order::<T>::iter() {
			ensure!(block >= oldest, "a receipt is older than the oldest one");
			let receipt = Receipts::<T>::get(job).ok_or("the order names a job without a receipt")?;
			ensure!(receipt.ended_at == block, "a receipt is listed under another block");
			// Places of a block go from the first to the last only while none of it is removed.
			let whole = block > oldest && place > 0;
			ensure!(!whole || Self::has_place(block, place.saturating_sub(1)), "a block's order has a gap");
		}
		for (job, receipt) in Receipts::<T>::iter() {
			ensure!(job == receipt.job, "a receipt is stored under another job");
			ensure!(receipt.submitted_at <= receipt.ended_at, "a job ended before its submission");
		}
		ensure!(Order::<T>::iter_keys().count() == Receipts::<T>::iter_keys().count(), "a receipt is in no order");
		let current = CurrentSet::<T>::get();
		ensure!(SetEnds::<T>::iter_keys().all(|set| set < current), "a set that has not ended has a last block");
		Self::check_channels()?;
		Self::check_index()
	}
}
