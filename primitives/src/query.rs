//! What the chain answers when it is asked, and what the pallets tell each other for it.

use alloc::vec::Vec;
use codec::{Decode, Encode};
use scale_info::TypeInfo;

use crate::{traits::Demand, Balance, JobId};

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

/// Knows what miners ask.
pub trait MinerPrices<AccountId> {
	/// `None`: no miner could take the job now.
	fn prices(demand: &Demand<AccountId>) -> Option<Prices>;
}

/// Knows whose money is held for which job.
pub trait PayerIndex<AccountId> {
	/// The jobs that have a row of this payer, in a fixed order, after `after`.
	fn jobs_of(payer: &AccountId, after: Option<JobId>) -> impl Iterator<Item = JobId>;
}
