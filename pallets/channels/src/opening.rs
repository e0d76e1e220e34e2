//! Opening and topping up.

use frame::{deps::sp_runtime::AccountId32, prelude::*};
use millrace_primitives::{
	traits::{Escrow, ModelRegistry, Stakes, Terms},
	Balance, ChannelId, ModelId, Rate,
};

use crate::*;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_open(
		client: AccountId32,
		miner: AccountId32,
		model: ModelId,
		session_key: AccountId32,
		deposit: Balance,
		max_rate: Option<Rate>,
	) -> DispatchResult {
		ensure!(T::Models::active(model).is_some(), Error::<T>::UnknownModel);
		ensure!(deposit >= T::MinDeposit::get(), Error::<T>::DepositTooLow);
		let Terms { operator, rate, bonded } = T::Miners::terms(&miner, model)?;
		ensure!(max_rate.is_none_or(|limit| rate.within(&limit)), Error::<T>::RateAboveLimit);
		Self::back(&miner, deposit, bonded)?;

		let id = NextChannelId::<T>::get();
		NextChannelId::<T>::put(id.checked_add(1).ok_or(Error::<T>::IdsExhausted)?);
		T::Escrow::open(id, &client, deposit, T::StorageDeposit::get())?;
		let now = T::BlockNumberProvider::current_block_number();
		let due = now.saturating_add(T::Lifetime::get());
		Self::deposit_event(Event::Opened {
			channel: id,
			client: client.clone(),
			miner: miner.clone(),
			model,
			rate,
			deposit,
			due,
		});
		ChannelsOf::<T>::insert(&client, id, ());
		ChannelsOf::<T>::insert(&miner, id, ());
		Agenda::<T>::insert(due, id, ());
		let channel = Channel {
			client,
			session_key,
			miner,
			operator,
			model,
			rate,
			deposit,
			opened_at: now,
			due,
			state: ChannelState::Open,
			equivocated: false,
		};
		Channels::<T>::insert(id, channel);
		Ok(())
	}

	pub(crate) fn do_top_up(client: AccountId32, id: ChannelId, amount: Balance) -> DispatchResult {
		let mut channel = Channels::<T>::get(id).ok_or(Error::<T>::UnknownChannel)?;
		ensure!(channel.client == client, Error::<T>::NotClient);
		ensure!(channel.state == ChannelState::Open, Error::<T>::NotOpen);
		ensure!(amount > 0, Error::<T>::ZeroAmount);
		channel.deposit = channel.deposit.checked_add(amount).ok_or(Error::<T>::Overflow)?;
		Self::back(&channel.miner, amount, T::Miners::bonded(&channel.miner))?;
		T::Escrow::top_up(id, amount)?;
		Self::deposit_event(Event::ToppedUp { channel: id, amount, deposit: channel.deposit });
		Channels::<T>::insert(id, channel);
		Ok(())
	}

	/// Counts plancks more into the miner's channels, which its bonded stake must cover.
	fn back(miner: &AccountId32, amount: Balance, bonded: Balance) -> DispatchResult {
		let backed = Backing::<T>::get(miner).checked_add(amount).ok_or(Error::<T>::Overflow)?;
		ensure!(backed <= bonded, Error::<T>::StakeTooLow);
		Backing::<T>::insert(miner, backed);
		Ok(())
	}
}
