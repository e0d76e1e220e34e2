//! Streaming channels: what client and miner sign for each other, and what is left of it on chain.
//!
//! The client signs a [`RequestPayload`] for each answer. While the miner answers, it signs a [`CheckpointPayload`] now
//! and then and one at the end; the client counter-signs each with a [`VoucherPayload`], which is what the chain pays.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{sr25519, H256};
use sp_runtime::AccountId32;

use crate::{
	signed::{is_signed, signing_hash},
	Balance, BlockNumber, Rate, Usage, Workload,
};

/// Channels are numbered from 0 in the order of their opening.
pub type ChannelId = u64;

/// Separates the opening of a session from anything else that a session key ever signs.
pub const OPENING_DOMAIN: &[u8; 19] = b"millrace:opening:v1";
/// Separates a request from anything else that a session key ever signs.
pub const REQUEST_DOMAIN: &[u8; 19] = b"millrace:request:v1";
/// Separates a checkpoint from anything else that an operator's key ever signs.
pub const CHECKPOINT_DOMAIN: &[u8; 22] = b"millrace:checkpoint:v1";
/// Separates a voucher from anything else that a session key ever signs.
pub const VOUCHER_DOMAIN: &[u8; 19] = b"millrace:voucher:v1";
/// Separates a channel's receipt from anything else that is hashed.
pub const CHANNEL_RECEIPT_DOMAIN: &[u8; 27] = b"millrace:channel-receipt:v1";

/// An opening or a request may be so many ms older or younger than its reader's clock.
pub const REQUEST_WINDOW_MS: u64 = 60_000;

/// Tokens from one checkpoint to the next: what either side can lose.
pub const CHECKPOINT_TOKENS: u32 = 32;

/// What all answers of a channel have taken together.
#[derive(
	Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct RunningTotal {
	/// Answers, the one under way included.
	pub answers: u32,
	/// Tokens of the prompts.
	pub input_tokens: u64,
	/// Tokens of the answers.
	pub output_tokens: u64,
	/// Milliseconds of inference.
	pub gpu_ms: u64,
	/// Plancks that the miner has earned.
	pub fee: Balance,
}

impl RunningTotal {
	/// The total when an answer that took `usage` at `rate` so far follows the ones of this total. `None`: a sum does not
	/// fit.
	pub fn with(&self, rate: &Rate, usage: &Usage) -> Option<Self> {
		Some(Self {
			answers: self.answers.checked_add(1)?,
			input_tokens: self.input_tokens.checked_add(usage.input_tokens.into())?,
			output_tokens: self.output_tokens.checked_add(usage.output_tokens.into())?,
			gpu_ms: self.gpu_ms.checked_add(usage.gpu_ms.into())?,
			fee: self.fee.checked_add(rate.fee(usage)?)?,
		})
	}
}

/// Why a request's date is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untimely {
	/// It was signed too long ago.
	Stale,
	/// It was signed in the future.
	Early,
}

/// Whether something was signed within [`REQUEST_WINDOW_MS`] of `now`, both in ms since 1970. Errors: before or after.
fn check_date(issued_at: u64, now: u64) -> Result<(), Untimely> {
	if issued_at.saturating_add(REQUEST_WINDOW_MS) < now {
		Err(Untimely::Stale)
	} else if now.saturating_add(REQUEST_WINDOW_MS) < issued_at {
		Err(Untimely::Early)
	} else {
		Ok(())
	}
}

/// That a client begins a session, signed by its session key: who has no channel takes no miner's time.
///
/// Signed bytes: blake2-256 of ([`OPENING_DOMAIN`] as 19 raw bytes, SCALE of the fields).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct OpeningPayload {
	/// Hash of the chain's block 0.
	pub genesis: H256,
	/// The channel.
	pub channel: ChannelId,
	/// When it was signed, in ms since 1970.
	pub issued_at: u64,
}

impl OpeningPayload {
	/// The 32 bytes that get signed.
	pub fn signing_hash(&self) -> [u8; 32] {
		signing_hash(OPENING_DOMAIN, self)
	}

	/// Whether `signature` is `session_key`'s sr25519 signature over this payload.
	pub fn verify(&self, signature: &sr25519::Signature, session_key: &AccountId32) -> bool {
		is_signed(&self.signing_hash(), signature, session_key)
	}

	/// Whether it was signed within [`REQUEST_WINDOW_MS`] of `now`, in ms since 1970. Errors: before or after.
	pub fn check_date(&self, now: u64) -> Result<(), Untimely> {
		check_date(self.issued_at, now)
	}
}

/// What a client asks for in a channel, signed by its session key.
///
/// Signed bytes: blake2-256 of ([`REQUEST_DOMAIN`] as 19 raw bytes, SCALE of the fields).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct RequestPayload {
	/// Hash of the chain's block 0.
	pub genesis: H256,
	/// The channel.
	pub channel: ChannelId,
	/// The answer's number in the channel, from 1: a request is answered once.
	pub seq: u32,
	/// What the model is.
	pub model_digest: H256,
	/// What is done with the input.
	pub workload: Workload,
	/// The sampler's seed.
	pub seed: u64,
	/// blake2-256 of the input.
	pub input_hash: H256,
	/// When it was signed, in ms since 1970.
	pub issued_at: u64,
}

impl RequestPayload {
	/// The 32 bytes that get signed.
	pub fn signing_hash(&self) -> [u8; 32] {
		signing_hash(REQUEST_DOMAIN, self)
	}

	/// Whether `signature` is `session_key`'s sr25519 signature over this payload.
	pub fn verify(&self, signature: &sr25519::Signature, session_key: &AccountId32) -> bool {
		is_signed(&self.signing_hash(), signature, session_key)
	}

	/// Whether it was signed within [`REQUEST_WINDOW_MS`] of `now`, in ms since 1970. Errors: before or after.
	pub fn check_date(&self, now: u64) -> Result<(), Untimely> {
		check_date(self.issued_at, now)
	}
}

/// How far an answer is, signed by the miner's operator.
///
/// Signed bytes: blake2-256 of ([`CHECKPOINT_DOMAIN`] as 22 raw bytes, SCALE of the fields). Two of one channel, `seq` and
/// `index` that differ in anything prove a fraud.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct CheckpointPayload {
	/// Hash of the chain's block 0.
	pub genesis: H256,
	/// The channel.
	pub channel: ChannelId,
	/// The answer's number in the channel, from 1.
	pub seq: u32,
	/// The checkpoint's number in the answer, from 0.
	pub index: u32,
	/// What was asked: the hash that the request's signature covers.
	pub request: H256,
	/// blake2-256 of the answer's bytes so far.
	pub output_hash: H256,
	/// Root of the transcript so far, see [`crate::transcript`].
	pub transcript_root: H256,
	/// What this answer has taken so far.
	pub usage: Usage,
	/// What all answers have taken, this one included.
	pub total: RunningTotal,
	/// Whether the answer ends here.
	pub last: bool,
}

impl CheckpointPayload {
	/// The 32 bytes that get signed.
	pub fn signing_hash(&self) -> [u8; 32] {
		signing_hash(CHECKPOINT_DOMAIN, self)
	}

	/// Whether `signature` is `operator`'s sr25519 signature over this payload.
	pub fn verify(&self, signature: &sr25519::Signature, operator: &AccountId32) -> bool {
		is_signed(&self.signing_hash(), signature, operator)
	}
}

/// A checkpoint with its operator's sr25519 signature.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Checkpoint {
	/// What was signed.
	pub payload: CheckpointPayload,
	/// Over [`CheckpointPayload::signing_hash`].
	pub signature: sr25519::Signature,
}

/// What a voucher's signature covers.
///
/// Signed bytes: blake2-256 of ([`VOUCHER_DOMAIN`] as 19 raw bytes, SCALE of the fields).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct VoucherPayload {
	/// Hash of the chain's block 0.
	pub genesis: H256,
	/// The channel.
	pub channel: ChannelId,
	/// What the client owes.
	pub total: RunningTotal,
	/// The checkpoint that is counter-signed: the hash that its signature covers.
	pub checkpoint: H256,
}

impl VoucherPayload {
	/// The 32 bytes that get signed.
	pub fn signing_hash(&self) -> [u8; 32] {
		signing_hash(VOUCHER_DOMAIN, self)
	}

	/// Whether `signature` is `session_key`'s sr25519 signature over this payload.
	pub fn verify(&self, signature: &sr25519::Signature, session_key: &AccountId32) -> bool {
		is_signed(&self.signing_hash(), signature, session_key)
	}
}

/// A voucher as it goes on chain, which knows the rest.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Voucher {
	/// What the client owes.
	pub total: RunningTotal,
	/// The checkpoint that is counter-signed: the hash that its signature covers.
	pub checkpoint: H256,
	/// The session key's sr25519 signature over the [`VoucherPayload`].
	pub signature: sr25519::Signature,
}

impl Voucher {
	/// What its signature covers when it is for this channel.
	pub fn payload(&self, genesis: H256, channel: ChannelId) -> VoucherPayload {
		VoucherPayload { genesis, channel, total: self.total, checkpoint: self.checkpoint }
	}
}

/// What is known of a channel that was settled: one record for all its answers. `AccountId` is 32 bytes on Millrace.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct ChannelReceipt<AccountId> {
	/// The channel.
	pub channel: ChannelId,
	/// Who paid.
	pub client: AccountId,
	/// The miner's owner.
	pub miner: AccountId,
	/// sha256 of the model's GGUF file.
	pub model_digest: H256,
	/// The price of all answers.
	pub rate: Rate,
	/// What the best voucher says; nothing when there was none.
	pub total: RunningTotal,
	/// The checkpoint that the best voucher counter-signs; zero when there was none.
	pub checkpoint: H256,
	/// Plancks paid to the miner: `total.fee`, or the deposit where that is less.
	pub paid: Balance,
	/// Plancks given back to the client.
	pub refund: Balance,
	/// The block of the opening.
	pub opened_at: BlockNumber,
	/// The block of the settlement.
	pub ended_at: BlockNumber,
}

impl<AccountId: Encode> ChannelReceipt<AccountId> {
	/// The leaf of a block's receipt tree: [`CHANNEL_RECEIPT_DOMAIN`], the hash of the chain's block 0 and the SCALE
	/// encoding.
	pub fn leaf(&self, genesis: &H256) -> Vec<u8> {
		let mut bytes = CHANNEL_RECEIPT_DOMAIN.to_vec();
		genesis.encode_to(&mut bytes);
		self.encode_to(&mut bytes);
		bytes
	}
}
