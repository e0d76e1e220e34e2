//! What can be asked about miners.

use alloc::vec::Vec;
use frame::prelude::*;
use millrace_primitives::{
	query::{MinerPrices, MAX_PAGE},
	traits::{Demand, ModelRegistry},
	Balance, Bid, JobParams, ModelId, Page, Prices, Usage, UsageBounds,
};

use crate::{draw::Look, *};

/// A miner with everything that it offers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct MinerView<AccountId> {
	/// Holds the stake and is paid.
	pub owner: AccountId,
	/// Stake, unbonding, slots.
	pub miner: Miner<AccountId>,
	/// At most [`MAX_OFFERS`].
	pub offers: Vec<(ModelId, Offer)>,
}

impl<T: Config> Pallet<T> {
	/// The miner of an owner or an operator.
	pub(crate) fn view_miner(account: T::AccountId) -> Option<MinerView<T::AccountId>> {
		let owner = OwnerOf::<T>::get(&account).unwrap_or(account);
		let miner = Miners::<T>::get(&owner)?;
		let offers = miner.models.iter().filter_map(|model| Some((*model, Offers::<T>::get(model, &owner)?))).collect();
		Some(MinerView { owner, miner, offers })
	}

	/// The offers for a model, as a job with these parameters would find them.
	pub(crate) fn view_bids(
		model: ModelId,
		params: &JobParams,
		input_len: u32,
		after: Option<T::AccountId>,
	) -> Page<Bid<T::AccountId>, T::AccountId> {
		let Some(summary) = T::Models::get(model) else { return Page { items: Vec::new(), next: None } };
		let bounds = UsageBounds::new(summary.template_tokens, params, input_len, params.timeout);
		let demand = Demand { model, max_rate: params.max_rate, bounds, excluded: &[] };
		let owners = match after {
			Some(after) => Offers::<T>::iter_key_prefix_from(model, Offers::<T>::hashed_key_for(model, after)),
			None => Offers::<T>::iter_key_prefix(model),
		};
		Page::of(owners, |owner| Self::bid(owner, &demand))
	}

	fn bid(owner: &T::AccountId, demand: &Demand<T::AccountId>) -> Option<Bid<T::AccountId>> {
		let miner = Miners::<T>::get(owner)?;
		let offer = Offers::<T>::get(demand.model, owner)?;
		Some(Bid {
			owner: owner.clone(),
			rate: offer.rate,
			slots: offer.slots,
			free_slots: offer.free(),
			score: Self::explain(owner, demand)?,
			obstacle: Self::obstacle(owner, demand),
			operator: miner.operator,
		})
	}
}

impl<T: Config> Pallet<T> {
	/// At most [`MAX_PAGE`] ready miners of a model, evenly spread over its ready list.
	fn some_ready(model: ModelId) -> impl Iterator<Item = Look<T>> {
		let ready = ReadyLists::<T>::get(model);
		let count = ready.miners();
		let looked_at = count.min(MAX_PAGE);
		(0..looked_at).filter_map(move |index| {
			let nth = u64::from(index).checked_mul(count.into())?.checked_div(looked_at.into())?;
			let (class, index) = ready.nth(u32::try_from(nth).ok()?)?;
			Self::offer_at(model, class, index)
		})
	}
}

impl<T: Config> MinerPrices<T::AccountId> for Pallet<T> {
	fn prices(demand: &Demand<T::AccountId>) -> Option<Prices> {
		let UsageBounds { input_tokens, output_tokens, gpu_ms, .. } = demand.bounds;
		let usage = Usage { input_tokens, output_tokens, gpu_ms };
		let rates =
			Self::some_ready(demand.model).filter(|look| Self::can_take(look, demand)).map(|(_, offer)| offer.rate);
		let (mut estimates, mut most) = (Vec::new(), 0);
		for rate in rates {
			estimates.push(rate.estimate(&demand.bounds));
			most = rate.fee(&usage).unwrap_or(Balance::MAX).max(most);
		}
		estimates.sort_unstable();
		Some(Prices {
			miners: estimates.len() as u32,
			lowest: *estimates.first()?,
			typical: *estimates.get(estimates.len() / 2)?,
			most,
		})
	}
}
