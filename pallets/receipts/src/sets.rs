//! Where the sets of validators change.

use frame::prelude::*;

use crate::*;

impl<T: Config> Pallet<T> {
	/// Notes this block as the last one of a set when the next set has been named in it.
	pub(crate) fn note_set() {
		let set = T::AuthoritySet::get();
		if CurrentSet::<T>::get() == set {
			return;
		}
		if let Some(ended) = set.checked_sub(1) {
			SetEnds::<T>::insert(ended, T::BlockNumberProvider::current_block_number());
		}
		CurrentSet::<T>::put(set);
	}
}
