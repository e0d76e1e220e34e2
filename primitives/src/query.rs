//! What the chain answers when it is asked, and what the pallets tell each other for it.

use alloc::vec::Vec;
use codec::{Decode, Encode};
use scale_info::TypeInfo;

use crate::{
	traits::{Demand, EscrowId},
	Balance, Rate,
};

/// Most items of a [`Page`].
pub const MAX_PAGE: u32 = 64;

/// A part of a list, in the order of the storage's keys, which is neither that of numbers nor that of time.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Page<Item, Cursor> {
	/// At most [`MAX_PAGE`] items. Can be fewer, or none, on a page that is not the last.
	pub items: Vec<Item>,
	/// What to ask for the next page with; `None`: there is no more.
	pub next: Option<Cursor>,
}

impl<Item, Cursor> Page<Item, Cursor> {
	/// A page of the first keys; `item` looks up what belongs to one.
	pub fn of(mut keys: impl Iterator<Item = Cursor>, item: impl Fn(&Cursor) -> Option<Item>) -> Self {
		let page: Vec<Cursor> = keys.by_ref().take(MAX_PAGE as usize).collect();
		let items = page.iter().filter_map(item).collect();
		let more = keys.next().is_some();
		Self { items, next: page.into_iter().next_back().filter(|_| more) }
	}
}

/// What the ready miners of a model would ask for a job, in plancks. `lowest` and `typical` are for the longest input
/// and answer that the job allows, on a reference GPU where the rate is for GPU time.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Prices {
	/// Ready miners with a free slot and a rate within the job's limit. At most [`MAX_PAGE`] places of the ready list,
	/// evenly spread, are looked at.
	pub miners: u32,
	/// Of the cheapest of them.
	pub lowest: Balance,
	/// The median.
	pub typical: Balance,
	/// What none of them can exceed: with rates for GPU time, the whole timeout.
	pub most: Balance,
}

/// What a job would cost, in plancks.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Quote {
	/// Held for the job's bytes until they are pruned, and given back in full.
	pub deposit: Balance,
	/// Least `max_fee` of a job.
	pub min_fee: Balance,
	/// What miners that could take the job now would ask; `None`: there is none.
	pub prices: Option<Prices>,
}

/// What decides on an offer in a draw for a job. A draw looks at some free slots, each as likely as any other; a look
/// counts by lot; of those that count the cheapest wins.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Score {
	/// 0 to 1000, of this offer, faded to now.
	pub reputation: u32,
	/// Plancks behind the offer's free slots; 0 when the miner takes no jobs. The chance that one look falls on this offer
	/// is this over the sum of all offers for the model.
	pub free_stake: Balance,
	/// Plancks for the longest input and answer that the job allows, on a reference GPU. The cheapest offer that counts
	/// wins.
	pub cost: Balance,
	/// `reputation + 100`. The chance that a look counts is this over the best of those looked at that fit.
	pub score: u32,
}

/// Why the draw passes a miner over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum Obstacle {
	/// It takes no new jobs.
	NotReady,
	/// All the slots that it offers for the model are in use.
	NoFreeSlot,
	/// Its rate is above the job's limit, or in another unit.
	RateAboveLimit,
	/// Another rule of the draw.
	Other,
}

/// An offer as a job finds it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Bid<AccountId> {
	/// Holds the stake and is paid.
	pub owner: AccountId,
	/// Signs the proofs.
	pub operator: AccountId,
	/// The price.
	pub rate: Rate,
	/// Jobs of this model at once.
	pub slots: u32,
	/// Of these, how many it could take now.
	pub free_slots: u32,
	/// What it counts for in the draw.
	pub score: Score,
	/// `None`: it could win the draw now.
	pub obstacle: Option<Obstacle>,
}

/// Knows what miners ask.
pub trait MinerPrices<AccountId> {
	/// `None`: no miner could take the job now.
	fn prices(demand: &Demand<AccountId>) -> Option<Prices>;
}

/// Knows whose money is held for what.
pub trait PayerIndex<AccountId> {
	/// The jobs or channels that have a row of this payer, in a fixed order, after `after`.
	fn paid_by(payer: &AccountId, after: Option<EscrowId>) -> impl Iterator<Item = EscrowId>;
}
