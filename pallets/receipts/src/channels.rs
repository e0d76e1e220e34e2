//! Receipts of channels: the same tree, lists of their own.

use frame::{deps::sp_runtime::TryRuntimeError, prelude::*};
use millrace_primitives::{traits, BlockNumber, ChannelId, ChannelReceipt, Page};

use crate::*;

impl<T: Config> traits::ChannelReceipts<T::AccountId> for Pallet<T> {
	fn record(receipt: ChannelReceipt<T::AccountId>) {
		let channel = receipt.channel;
		let place = Self::add_leaf(&receipt.leaf(&Self::genesis()));
		ChannelOrder::<T>::insert(T::BlockNumberProvider::current_block_number(), place, channel);
		for account in [&receipt.client, &receipt.miner] {
			ChannelReceiptsOf::<T>::insert(account, channel, ());
		}
		ChannelReceipts::<T>::insert(channel, receipt);
		Self::deposit_event(Event::ChannelRecorded { channel });
	}
}

impl<T: Config> Pallet<T> {
	/// Removes the channel's receipt at this place, with its places in two accounts' lists.
	pub(crate) fn forget_channel(block: BlockNumber, place: u32) {
		if let Some(receipt) = ChannelOrder::<T>::take(block, place).and_then(ChannelReceipts::<T>::take) {
			for account in [&receipt.client, &receipt.miner] {
				ChannelReceiptsOf::<T>::remove(account, receipt.channel);
			}
		}
	}

	pub(crate) fn view_channel_receipts_of(
		account: T::AccountId,
		after: Option<ChannelId>,
	) -> Page<ChannelReceipt<T::AccountId>, ChannelId> {
		let channels = match after {
			Some(after) => {
				let from = ChannelReceiptsOf::<T>::hashed_key_for(&account, after);
				ChannelReceiptsOf::<T>::iter_key_prefix_from(&account, from)
			}
			None => ChannelReceiptsOf::<T>::iter_key_prefix(&account),
		};
		Page::of(channels, |channel| ChannelReceipts::<T>::get(channel))
	}

	/// Whether a receipt of this place is in state, of a job or a channel.
	pub(crate) fn has_place(block: BlockNumber, place: u32) -> bool {
		Order::<T>::contains_key(block, place) || ChannelOrder::<T>::contains_key(block, place)
	}

	/// Checks the receipts of channels as those of jobs are checked.
	pub(crate) fn check_channels() -> Result<(), TryRuntimeError> {
		let oldest = Oldest::<T>::get();
		for (block, place, channel) in ChannelOrder::<T>::iter() {
			ensure!(block >= oldest, "a channel's receipt is older than the oldest one");
			let receipt = ChannelReceipts::<T>::get(channel).ok_or("the order names a channel without a receipt")?;
			ensure!(receipt.ended_at == block, "a channel's receipt is listed under another block");
			ensure!(!Order::<T>::contains_key(block, place), "a job and a channel share a place");
		}
		let mut listed = 0usize;
		for (channel, receipt) in ChannelReceipts::<T>::iter() {
			ensure!(channel == receipt.channel, "a receipt is stored under another channel");
			for account in [&receipt.client, &receipt.miner] {
				let there = ChannelReceiptsOf::<T>::contains_key(account, channel);
				ensure!(there, "a channel's receipt is missing in a party's list");
			}
			listed = listed.saturating_add(if receipt.client == receipt.miner { 1 } else { 2 });
		}
		let receipts = ChannelReceipts::<T>::iter_keys().count();
		ensure!(ChannelOrder::<T>::iter_keys().count() == receipts, "a channel's receipt is in no order");
		ensure!(ChannelReceiptsOf::<T>::iter_keys().count() == listed, "a list names a channel's receipt that is gone");
		Ok(())
	}
}
