//! Events of the chain.

use millrace_primitives::{
	AccountId32, Attempt, Balance, BlockNumber, ChannelId, FailCode, JobId, ModelId, Rate, Usage, H256,
};
use subxt::{
	events::{Event as RawEvent, Phase},
	ext::scale_decode::DecodeAsFields,
	SubstrateConfig,
};

use crate::{
	fields::{
		Assigned, AttemptFailed, ChannelOnly, ChannelSettled, Completed, Deposited, FeePaid, JobOnly, ModelRegistered,
		Settled, Submitted,
	},
	Error,
};

/// Something that happened in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
	/// A job went on.
	Job {
		/// The job.
		job: JobId,
		/// What happened to it.
		what: JobEvent,
	},
	/// A model was registered.
	ModelRegistered {
		/// Its number.
		model: ModelId,
	},
	/// A channel was opened.
	ChannelOpened {
		/// Its number.
		channel: ChannelId,
	},
	/// A channel's client closes it, or its time is over.
	ChannelClosing {
		/// Its number.
		channel: ChannelId,
	},
	/// A channel was settled.
	ChannelSettled {
		/// Its number.
		channel: ChannelId,
		/// Plancks paid to the miner.
		paid: Balance,
		/// Plancks given back to the client.
		refund: Balance,
	},
	/// A transaction was paid for.
	FeePaid {
		/// Who paid.
		who: AccountId32,
		/// Plancks, tip included.
		fee: Balance,
	},
	/// New money came to an account: a fee to the block's author, or the unused part of a fee back to its payer.
	Deposited {
		/// Who got it.
		who: AccountId32,
		/// Plancks.
		amount: Balance,
	},
	/// Any other event.
	Other {
		/// The pallet.
		pallet: String,
		/// The event.
		name: String,
	},
}

/// What happens to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobEvent {
	/// Posted, its money held.
	Submitted {
		/// Who pays.
		client: AccountId32,
		/// The model.
		model: ModelId,
		/// Plancks held for the fee.
		max_fee: Balance,
		/// Plancks held for the bytes.
		deposit: Balance,
	},
	/// Waits for a miner.
	Queued,
	/// Given to a miner.
	Assigned {
		/// 1 to 3.
		attempt: Attempt,
		/// The miner's owner.
		owner: AccountId32,
		/// The miner's operator.
		operator: AccountId32,
		/// The price.
		rate: Rate,
		/// The last block in which a proof counts.
		deadline: BlockNumber,
	},
	/// A proof was accepted.
	Completed {
		/// The attempt.
		attempt: Attempt,
		/// The miner's owner.
		owner: AccountId32,
		/// blake2-256 of the output.
		output_hash: H256,
		/// Root of the transcript.
		transcript_root: H256,
		/// What it took.
		usage: Usage,
	},
	/// The miner was paid, the rest refunded.
	Settled {
		/// The miner's owner.
		owner: AccountId32,
		/// Plancks paid.
		fee: Balance,
		/// Plancks given back.
		refund: Balance,
	},
	/// An attempt was given up or ran out of time.
	AttemptFailed {
		/// The attempt.
		attempt: Attempt,
		/// The miner's owner.
		owner: AccountId32,
		/// Why; `None`: silence past the deadline.
		code: Option<FailCode>,
	},
	/// No attempt is left, or the client was at fault.
	Failed,
	/// Nobody took it in time.
	Expired,
	/// Withdrawn by its client.
	Cancelled,
	/// Its bytes are gone, its deposit is back.
	Pruned,
}

/// An event and the transaction that caused it, by its index in the block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
	pub(crate) extrinsic: Option<u32>,
	pub(crate) event: Event,
}

fn decode<T: DecodeAsFields>(event: &RawEvent<'_, SubstrateConfig>) -> Result<T, Error> {
	Ok(event.decode_fields_unchecked_as::<T>()?)
}

/// Decodes an event of the chain.
pub(crate) fn place(event: &RawEvent<'_, SubstrateConfig>) -> Result<Placed, Error> {
	let extrinsic = match event.phase() {
		Phase::ApplyExtrinsic(index) => Some(index),
		Phase::Finalization | Phase::Initialization => None,
	};
	let other = || Event::Other { pallet: event.pallet_name().to_owned(), name: event.event_name().to_owned() };
	let known = match (event.pallet_name(), event.event_name()) {
		("Jobs", name) => match job_event(name, event)? {
			Some(what) => Event::Job { job: decode::<JobOnly>(event)?.job, what },
			None => other(),
		},
		("Models", "Registered") => Event::ModelRegistered { model: decode::<ModelRegistered>(event)?.model },
		("Channels", "Opened") => Event::ChannelOpened { channel: decode::<ChannelOnly>(event)?.channel },
		("Channels", "Closing") => Event::ChannelClosing { channel: decode::<ChannelOnly>(event)?.channel },
		("Channels", "Settled") => {
			let ChannelSettled { channel, paid, refund } = decode(event)?;
			Event::ChannelSettled { channel, paid, refund }
		}
		("TransactionPayment", "TransactionFeePaid") => {
			let paid = decode::<FeePaid>(event)?;
			Event::FeePaid { who: paid.who.0, fee: paid.actual_fee }
		}
		("Balances", "Deposit") => {
			let Deposited { who, amount } = decode(event)?;
			Event::Deposited { who: who.0, amount }
		}
		_ => other(),
	};
	Ok(Placed { extrinsic, event: known })
}

fn job_event(name: &str, event: &RawEvent<'_, SubstrateConfig>) -> Result<Option<JobEvent>, Error> {
	Ok(Some(match name {
		"Submitted" => {
			let Submitted { client, model, max_fee, deposit } = decode(event)?;
			JobEvent::Submitted { client: client.0, model, max_fee, deposit }
		}
		"Queued" => JobEvent::Queued,
		"Assigned" => {
			let Assigned { attempt, owner, operator, rate, deadline } = decode(event)?;
			JobEvent::Assigned { attempt, owner: owner.0, operator: operator.0, rate: rate.0, deadline }
		}
		"Completed" => {
			let Completed { attempt, owner, output_hash, transcript_root, usage } = decode(event)?;
			JobEvent::Completed {
				attempt,
				owner: owner.0,
				output_hash: output_hash.0,
				transcript_root: transcript_root.0,
				usage: usage.0,
			}
		}
		"Settled" => {
			let Settled { owner, fee, refund } = decode(event)?;
			JobEvent::Settled { owner: owner.0, fee, refund }
		}
		"AttemptFailed" => {
			let AttemptFailed { attempt, owner, code } = decode(event)?;
			JobEvent::AttemptFailed { attempt, owner: owner.0, code: code.0 }
		}
		"Failed" => JobEvent::Failed,
		"Expired" => JobEvent::Expired,
		"Cancelled" => JobEvent::Cancelled,
		"Pruned" => JobEvent::Pruned,
		_ => return Ok(None),
	}))
}
