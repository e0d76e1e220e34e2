//! What is stored of a channel.

use frame::prelude::*;
use millrace_primitives::{Balance, BlockNumber, ModelId, Rate, RunningTotal};

/// A deposit that a client streams out to one miner.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Channel<AccountId> {
	/// Who pays.
	pub client: AccountId,
	/// Signs requests and vouchers.
	pub session_key: AccountId,
	/// The miner's owner: holds the stake, gets the money.
	pub miner: AccountId,
	/// Signs the answers; as it was at the opening.
	pub operator: AccountId,
	/// The model that answers.
	pub model: ModelId,
	/// The price of all answers, as it was at the opening.
	pub rate: Rate,
	/// Plancks that all answers can cost together.
	pub deposit: Balance,
	/// The block of the opening.
	pub opened_at: BlockNumber,
	/// The block in which it closes, settles or is forgotten by itself.
	pub due: BlockNumber,
	/// How far it is.
	pub state: ChannelState,
	/// Whether the miner was slashed for two answers under one number. That happens once.
	pub equivocated: bool,
}

/// How far a channel is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum ChannelState {
	/// Answers are paid from it.
	Open,
	/// The client has closed it, or its time was over. A better voucher can still be shown.
	Closing {
		/// The best voucher so far.
		best: Option<Claim>,
	},
	/// The miner was paid, the rest given back. Two answers under one number can still be shown.
	Settled {
		/// Plancks paid.
		paid: Balance,
	},
}

/// What a voucher that was checked says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Claim {
	/// What the client owes.
	pub total: RunningTotal,
	/// The checkpoint that it counter-signs.
	pub checkpoint: H256,
}
