//! Receipts of this block, from their recording to the root in the header.

use frame::{deps::sp_runtime::DigestItem, prelude::*};
use millrace_primitives::{traits::Receipts as ReceiptsTrait, Receipt};

use crate::*;

impl<T: Config> ReceiptsTrait<T::AccountId> for Pallet<T> {
	fn record(receipt: Receipt<T::AccountId>) {
		let job = receipt.job;
		let place = Self::add_leaf(&receipt.leaf(&Self::genesis()));
		Order::<T>::insert(T::BlockNumberProvider::current_block_number(), place, job);
		Self::enlist(&receipt);
		Receipts::<T>::insert(job, receipt);
		Self::deposit_event(Event::Recorded { job });
	}
}

impl<T: Config> Pallet<T> {
	/// Makes these bytes a leaf of this block's tree; returns its place, from 0.
	pub(crate) fn add_leaf(leaf: &[u8]) -> u32 {
		// A block's weight bounds its receipts far below this.
		let place = u32::try_from(Leaves::<T>::decode_len().unwrap_or_default()).unwrap_or(u32::MAX);
		Leaves::<T>::append(BlakeTwo256::hash(leaf));
		place
	}

	/// Hash of block 0. The system pallet keeps it in state for ever.
	pub(crate) fn genesis() -> H256 {
		let hash = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero());
		// 32 bytes on Millrace.
		H256::decode(&mut hash.as_ref()).unwrap_or_default()
	}

	/// Puts the root of the block's receipts and their number into the header. The number is there because the root
	/// alone does not fix it: trees of different sizes can have the same path to a leaf.
	pub(crate) fn seal() {
		let leaves = Leaves::<T>::take();
		if leaves.is_empty() {
			return;
		}
		let count = u32::try_from(leaves.len()).unwrap_or(u32::MAX);
		let root = binary_merkle_tree::merkle_root_raw::<BlakeTwo256, _>(leaves);
		frame_system::Pallet::<T>::deposit_log(DigestItem::Consensus(ENGINE_ID, (root, count).encode()));
	}

	/// Weight of the end of a block: the leaves are read and taken, the set is read and compared. Each record pays for
	/// its own leaf, and the rare change of the set is two more writes.
	pub(crate) fn finalize_weight() -> Weight {
		T::DbWeight::get().reads_writes(3, 3)
	}
}
