//! What happens to channels by itself.

use frame::{
	deps::{
		frame_support::{storage::with_storage_layer, weights::WeightMeter},
		sp_runtime::AccountId32,
	},
	prelude::*,
};
use millrace_primitives::{traits::Escrow, BlockNumber, ChannelId};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Does what is due, oldest first, as far as `AgendaWeight` reaches.
	pub(crate) fn work_agenda() -> Weight {
		let now = T::BlockNumberProvider::current_block_number();
		let mut meter = WeightMeter::with_limit(T::AgendaWeight::get());
		let first = AgendaFrom::<T>::get();
		let mut block = first;
		'blocks: while block <= now && meter.try_consume(T::WeightInfo::agenda_block()).is_ok() {
			// Each channel leaves its entry behind it. One pass, because a new one would step over all that left before.
			for id in Agenda::<T>::iter_key_prefix(block) {
				let weight = T::WeightInfo::due().saturating_add(T::WeightInfo::agenda_block());
				if meter.try_consume(weight).is_err() {
					break 'blocks;
				}
				Self::work_due(block, id);
			}
			block = block.saturating_add(1);
		}
		if block != first {
			AgendaFrom::<T>::put(block);
		}
		meter.consumed()
	}

	pub(crate) fn work_due(block: BlockNumber, id: ChannelId) {
		// All or nothing, like a call.
		let result = with_storage_layer(|| {
			let mut channel = Channels::<T>::get(id).ok_or(Error::<T>::UnknownChannel)?;
			match channel.state {
				ChannelState::Open => Self::begin_closing(id, &mut channel, None),
				ChannelState::Closing { best } => Self::settle(id, &mut channel, best)?,
				ChannelState::Settled { .. } => return Self::forget(id, &channel),
			}
			Channels::<T>::insert(id, channel);
			Ok::<_, DispatchError>(())
		});
		if let Err(error) = result {
			// A payer can always take its own money back; were it ever refused, the channel must not block the agenda.
			defensive!("a due channel can't end", error);
			Agenda::<T>::remove(block, id);
		}
	}

	fn forget(id: ChannelId, channel: &Channel<AccountId32>) -> DispatchResult {
		T::Escrow::close(id)?;
		Agenda::<T>::remove(channel.due, id);
		ChannelsOf::<T>::remove(&channel.client, id);
		ChannelsOf::<T>::remove(&channel.miner, id);
		Channels::<T>::remove(id);
		Self::deposit_event(Event::Forgotten { channel: id });
		Ok(())
	}
}
