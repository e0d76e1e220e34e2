//! What channels ask of miners.

use frame::prelude::*;
use millrace_primitives::{
	traits::{Stakes, Terms},
	Balance, ModelId,
};

use crate::*;

impl<T: Config> Stakes<T::AccountId> for Pallet<T> {
	const MAX_OFFERS: u32 = MAX_OFFERS;

	fn terms(owner: &T::AccountId, model: ModelId) -> Result<Terms<T::AccountId>, DispatchError> {
		let miner = Miners::<T>::get(owner).ok_or(Error::<T>::NotRegistered)?;
		let offer = Offers::<T>::get(model, owner).ok_or(Error::<T>::NoOffer)?;
		ensure!(miner.ready, Error::<T>::NotReady);
		Ok(Terms { operator: miner.operator, rate: offer.rate, bonded: miner.bonded })
	}

	fn bonded(owner: &T::AccountId) -> Balance {
		Miners::<T>::get(owner).map_or(0, |miner| miner.bonded)
	}

	fn slash(owner: &T::AccountId, amount: Balance) -> (Balance, u32) {
		Self::take_stake(owner, amount).map_or((0, 0), |slashed| (slashed.taken, slashed.offers))
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_stake(owner: &T::AccountId, operator: &T::AccountId, offers: u32) {
		Self::staked_for_benchmark(owner, operator, offers)
	}
}
