//! How receipts leave state.

use frame::{deps::frame_support::weights::WeightMeter, prelude::*};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Removes the receipts that have been kept long enough, oldest block first, as far as `RetentionWeight` reaches.
	/// What does not fit waits for the next block. Returns the weight used.
	pub(crate) fn forget_old() -> Weight {
		let now = T::BlockNumberProvider::current_block_number();
		let mut meter = WeightMeter::with_limit(T::RetentionWeight::get());
		let first = Oldest::<T>::get();
		let mut block = first;
		'blocks: while block.saturating_add(T::RetentionPeriod::get()) <= now
			&& meter.try_consume(Self::look_weight()).is_ok()
		{
			// Each removal takes its own entry away, so the first key of the prefix is always the next one.
			while let Some(place) = Order::<T>::iter_key_prefix(block).next() {
				if meter.try_consume(Self::removal_weight()).is_err() {
					break 'blocks;
				}
				if let Some(receipt) = Order::<T>::take(block, place).and_then(Receipts::<T>::take) {
					Self::delist(&receipt);
				}
			}
			while let Some(place) = ChannelOrder::<T>::iter_key_prefix(block).next() {
				if meter.try_consume(Self::removal_weight()).is_err() {
					break 'blocks;
				}
				Self::forget_channel(block, place);
			}
			block = block.saturating_add(1);
		}
		if block != first {
			Oldest::<T>::put(block);
		}
		meter.consumed().saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}

	/// Weight of looking for a block's first receipt, of a job and of a channel.
	pub(crate) fn look_weight() -> Weight {
		T::DbWeight::get().reads(2)
	}

	/// Weight of removing one receipt, with its places in the order and in two accounts' lists, and looking for the next.
	pub(crate) fn removal_weight() -> Weight {
		T::DbWeight::get().reads_writes(3, 4)
	}
}
