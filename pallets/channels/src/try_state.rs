//! What must always hold outside of a block.

use alloc::collections::BTreeMap;
use frame::{
	deps::sp_runtime::{AccountId32, TryRuntimeError},
	prelude::*,
};
use millrace_primitives::Balance;

use crate::*;

impl<T: Config> Pallet<T> {
	/// Checks the invariants that the crate's page lists.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let (next, from) = (NextChannelId::<T>::get(), AgendaFrom::<T>::get());
		let mut backing = BTreeMap::<AccountId32, Balance>::new();
		let mut listed = 0usize;
		for (id, channel) in Channels::<T>::iter() {
			ensure!(id < next, "a channel has a number that is still to be given");
			ensure!(channel.due >= from, "a channel is due in a block that the agenda has left");
			ensure!(Agenda::<T>::contains_key(channel.due, id), "a channel is not in the agenda");
			for party in [&channel.client, &channel.miner] {
				ensure!(ChannelsOf::<T>::contains_key(party, id), "a channel is missing in a party's list");
			}
			listed = listed.saturating_add(if channel.client == channel.miner { 1 } else { 2 });
			match channel.state {
				ChannelState::Settled { paid } => ensure!(paid <= channel.deposit, "more was paid than deposited"),
				_ => {
					let sum = backing.entry(channel.miner).or_default();
					*sum = sum.checked_add(channel.deposit).ok_or("deposits overflow")?;
				}
			}
		}
		let channels = Channels::<T>::iter_keys().count();
		ensure!(Agenda::<T>::iter_keys().count() == channels, "the agenda has a channel twice, or one that is gone");
		ensure!(ChannelsOf::<T>::iter_keys().count() == listed, "a list names a channel that is gone or another's");
		ensure!(Backing::<T>::iter().collect::<BTreeMap<_, _>>() == backing, "deposits differ from their sum");
		Ok(())
	}
}
