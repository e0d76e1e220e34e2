//! What can be asked about channels.

use frame::deps::sp_runtime::AccountId32;
use millrace_primitives::{query::PayerIndex, traits::EscrowId, ChannelId, Page};

use crate::*;

impl<T: Config> Pallet<T> {
	fn ids_of(account: &AccountId32, after: Option<ChannelId>) -> impl Iterator<Item = ChannelId> {
		match after {
			Some(after) => {
				ChannelsOf::<T>::iter_key_prefix_from(account, ChannelsOf::<T>::hashed_key_for(account, after))
			}
			None => ChannelsOf::<T>::iter_key_prefix(account),
		}
	}

	pub(crate) fn view_channels_of(
		account: AccountId32,
		after: Option<ChannelId>,
	) -> Page<(ChannelId, Channel<AccountId32>), ChannelId> {
		Page::of(Self::ids_of(&account, after), |id| Some((*id, Channels::<T>::get(id)?)))
	}
}

impl<T: Config> PayerIndex<AccountId32> for Pallet<T> {
	fn paid_by(payer: &AccountId32, after: Option<EscrowId>) -> impl Iterator<Item = EscrowId> {
		let payer = payer.clone();
		Self::ids_of(&payer.clone(), after)
			.filter(move |id| Channels::<T>::get(id).is_some_and(|channel| channel.client == payer))
	}
}
