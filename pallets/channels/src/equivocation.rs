//! Two answers under one number.

use frame::prelude::*;
use millrace_primitives::{traits::Stakes, ChannelId, Checkpoint};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Returns how many offers of the miner the slash touched.
	pub(crate) fn do_report_equivocation(
		id: ChannelId,
		first: &Checkpoint,
		second: &Checkpoint,
	) -> Result<u32, DispatchError> {
		let mut channel = Channels::<T>::get(id).ok_or(Error::<T>::UnknownChannel)?;
		ensure!(!channel.equivocated, Error::<T>::AlreadyEquivocated);
		let genesis = Self::genesis();
		for checkpoint in [first, second] {
			let payload = &checkpoint.payload;
			ensure!(payload.channel == id && payload.genesis == genesis, Error::<T>::WrongChannel);
		}
		let number = |checkpoint: &Checkpoint| (checkpoint.payload.seq, checkpoint.payload.index);
		ensure!(number(first) == number(second) && first.payload != second.payload, Error::<T>::NoEquivocation);
		for checkpoint in [first, second] {
			let signed = checkpoint.payload.verify(&checkpoint.signature, &channel.operator);
			ensure!(signed, Error::<T>::BadCheckpoint);
		}
		channel.equivocated = true;
		let penalty = channel.deposit.max(T::EquivocationSlash::get());
		let (slashed, offers) = T::Miners::slash(&channel.miner, penalty);
		Self::deposit_event(Event::Equivocated { channel: id, miner: channel.miner.clone(), slashed });
		Channels::<T>::insert(id, channel);
		Ok(offers)
	}
}
