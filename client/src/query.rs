//! What the chain works out itself: its view functions.

use std::cmp::Reverse;

use millrace_primitives::{AccountId32, Bid, JobId, JobParams, ModelId, Page, Quote, Receipt};
use subxt::ext::scale_decode::DecodeAsType;

use crate::{wire::Shared, Error, Snapshot};

/// Why a query was refused: an error of a pallet, as of a call.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) enum Refusal {
	Module(ModuleError),
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct ModuleError {
	index: u8,
	error: [u8; 4],
}

pub(crate) type QuoteResult = Result<Shared<Quote>, Refusal>;
pub(crate) type Bids = Shared<Page<Bid<AccountId32>, AccountId32>>;
pub(crate) type Receipts = Shared<Page<Receipt<AccountId32>, JobId>>;

impl Snapshot {
	/// See [`crate::Client::quote`].
	///
	/// # Errors
	///
	/// [`Error::Dispatch`] with what `submit` would refuse, and when the node does not answer.
	pub async fn quote(&self, model: ModelId, params: JobParams, input_len: u32) -> Result<Quote, Error> {
		let args = (model, Shared::from(params), input_len);
		match self.view::<_, QuoteResult>("Jobs", "quote", args).await? {
			Ok(quote) => Ok(quote.0),
			Err(Refusal::Module(ModuleError { index, error: [error, ..] })) => {
				Err(Error::of_pallet(&self.metadata(), index, error))
			}
		}
	}

	/// See [`crate::Client::bids`].
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn bids(
		&self,
		model: ModelId,
		params: JobParams,
		input_len: u32,
	) -> Result<Vec<Bid<AccountId32>>, Error> {
		let (mut bids, mut after) = (Vec::new(), None);
		loop {
			let args = (model, Shared::from(params), input_len, Shared::from(after));
			let page = self.view::<_, Bids>("Miners", "bids", args).await?.0;
			bids.extend(page.items);
			after = page.next;
			if after.is_none() {
				break;
			}
		}
		bids.sort_by_key(|bid| (bid.obstacle.is_some(), bid.score.cost, Reverse(bid.score.score)));
		Ok(bids)
	}

	/// See [`crate::Client::receipts_of`].
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn receipts_of(&self, account: &AccountId32) -> Result<Vec<Receipt<AccountId32>>, Error> {
		let (mut receipts, mut after) = (Vec::new(), None::<JobId>);
		loop {
			let args = (Shared::from(account.clone()), Shared::from(after));
			let page = self.view::<_, Receipts>("Receipts", "receipts_of", args).await?.0;
			receipts.extend(page.items);
			after = page.next;
			if after.is_none() {
				break;
			}
		}
		receipts.sort_by_key(|receipt| receipt.job);
		Ok(receipts)
	}
}
