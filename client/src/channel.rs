//! Streaming channels as the chain has them, and the calls that open and close them.

use millrace_primitives::{
	AccountId32, Balance, BlockNumber, ChannelId, ChannelReceipt, Checkpoint, ModelId, Rate, RunningTotal, Voucher,
};
use subxt::ext::scale_decode::DecodeAsType;

use crate::{
	calls::{scale, Arg, Call},
	snapshot::{key, Key, Snapshot},
	wire::Shared,
	Error,
};

/// A deposit that a client streams out to one miner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
	/// Its number.
	pub id: ChannelId,
	/// Who pays.
	pub client: AccountId32,
	/// Signs requests and vouchers.
	pub session_key: AccountId32,
	/// The miner's owner: gets the money.
	pub miner: AccountId32,
	/// Signs the answers.
	pub operator: AccountId32,
	/// The model that answers.
	pub model: ModelId,
	/// The price of all answers.
	pub rate: Rate,
	/// Plancks that all answers can cost together.
	pub deposit: Balance,
	/// The block of the opening.
	pub opened_at: BlockNumber,
	/// The block in which it closes, settles or is forgotten by itself.
	pub due: BlockNumber,
	/// How far it is.
	pub state: ChannelState,
	/// Whether the miner was slashed for two answers under one number.
	pub equivocated: bool,
}

/// How far a channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelState {
	/// Answers are paid from it.
	Open,
	/// A better voucher can be shown until [`Channel::due`].
	Closing {
		/// What the best voucher so far says; nothing when there is none.
		owed: RunningTotal,
	},
	/// The miner was paid, the rest given back.
	Settled {
		/// Plancks paid.
		paid: Balance,
	},
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct WireClaim {
	total: Shared<RunningTotal>,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) enum WireState {
	Open,
	Closing { best: Option<WireClaim> },
	Settled { paid: Balance },
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct WireChannel {
	client: Shared<AccountId32>,
	session_key: Shared<AccountId32>,
	miner: Shared<AccountId32>,
	operator: Shared<AccountId32>,
	model: ModelId,
	rate: Shared<Rate>,
	deposit: Balance,
	opened_at: BlockNumber,
	due: BlockNumber,
	state: WireState,
	equivocated: bool,
}

impl WireChannel {
	fn numbered(self, id: ChannelId) -> Channel {
		let state = match self.state {
			WireState::Open => ChannelState::Open,
			WireState::Closing { best } => {
				ChannelState::Closing { owed: best.map(|claim| claim.total.0).unwrap_or_default() }
			}
			WireState::Settled { paid } => ChannelState::Settled { paid },
		};
		Channel {
			id,
			client: self.client.0,
			session_key: self.session_key.0,
			miner: self.miner.0,
			operator: self.operator.0,
			model: self.model,
			rate: self.rate.0,
			deposit: self.deposit,
			opened_at: self.opened_at,
			due: self.due,
			state,
			equivocated: self.equivocated,
		}
	}
}

impl Snapshot {
	/// A channel, until it is forgotten.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn channel(&self, id: ChannelId) -> Result<Option<Channel>, Error> {
		let channel = self.value::<_, WireChannel>("Channels", "Channels", (id,)).await?;
		Ok(channel.map(|channel| channel.numbered(id)))
	}

	/// The channels of an account, as a client or as a miner's owner, in order.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn channels_of(&self, account: &AccountId32) -> Result<Vec<Channel>, Error> {
		let entries = self.entries::<_, (Key, ChannelId), ()>("Channels", "ChannelsOf", (key(account),)).await?;
		let mut channels = Vec::new();
		for ((_, id), ()) in entries {
			channels.extend(self.channel(id).await?);
		}
		channels.sort_unstable_by_key(|channel| channel.id);
		Ok(channels)
	}

	/// The number that the next channel will have.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn next_channel(&self) -> Result<ChannelId, Error> {
		Ok(self.value("Channels", "NextChannelId", ()).await?.unwrap_or_default())
	}

	/// The record of a channel that was settled.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn channel_receipt(&self, id: ChannelId) -> Result<Option<ChannelReceipt<AccountId32>>, Error> {
		let address = ("Receipts", "ChannelReceipts");
		let receipt = self.value::<_, Shared<ChannelReceipt<AccountId32>>>(address.0, address.1, (id,)).await?;
		Ok(receipt.map(|receipt| receipt.0))
	}
}

/// Locks `deposit` plancks for answers of the miner with this owner, at the rate of its offer, which must be within
/// `max_rate`. `session_key` signs requests and vouchers.
pub fn open(
	miner: AccountId32,
	model: ModelId,
	session_key: AccountId32,
	deposit: Balance,
	max_rate: Option<Rate>,
) -> Call {
	Call::new(
		"Channels",
		"open",
		[
			("miner", scale(miner)),
			("model", scale(model)),
			("session_key", scale(session_key)),
			("deposit", Arg::Amount(deposit)),
			("max_rate", scale(max_rate)),
		],
	)
}

/// Locks `amount` plancks more.
pub fn top_up(channel: ChannelId, amount: Balance) -> Call {
	Call::new("Channels", "top_up", [("channel", scale(channel)), ("amount", Arg::Amount(amount))])
}

/// Closes a channel, with the best voucher that the sender has.
pub fn close(channel: ChannelId, voucher: Option<Voucher>) -> Call {
	Call::new("Channels", "close", [("channel", scale(channel)), ("voucher", scale(voucher))])
}

/// Shows a better voucher of a channel that its client closes.
pub fn challenge(channel: ChannelId, voucher: Voucher) -> Call {
	Call::new("Channels", "challenge", [("channel", scale(channel)), ("voucher", scale(voucher))])
}

/// Shows that a miner signed two checkpoints under one number.
pub fn report_equivocation(channel: ChannelId, first: Checkpoint, second: Checkpoint) -> Call {
	let args = [("channel", scale(channel)), ("first", scale(first)), ("second", scale(second))];
	Call::new("Channels", "report_equivocation", args)
}
