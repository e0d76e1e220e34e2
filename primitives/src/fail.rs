//! Why a miner could not finish an attempt, and whose fault that is.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// What a miner says when it gives an attempt up. Never paid, never a completion.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum FailCode {
	/// The input can't be used: not UTF-8 where text is needed, or a control token in it.
	BadInput,
	/// Input tokens + `max_tokens` exceed the model's context.
	ContextTooLong,
	/// The model ended its answer before the first byte of it.
	EmptyOutput,
	/// Not enough memory on the miner's machine or GPU.
	OutOfMemory,
	/// The GPU that the offer counted on is not there.
	NoGpu,
	/// The engine was too slow for the deadline.
	Timeout,
	/// The miner's own rules refuse this work.
	Denied,
	/// The engine failed: crashed, unreachable, or an answer that makes no sense.
	EngineError,
	/// The model's weights with the registered digest are not on the miner's machine.
	ModelMissing,
	/// The miner is shutting down.
	Drain,
}

/// The party that a [`FailCode`] blames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
	/// Another miner would fail in the same way: the job ends.
	Client,
	/// Another miner may succeed: the job goes back to the queue while attempts are left.
	Miner,
}

impl FailCode {
	/// Every code, in the order of its encoding.
	pub const ALL: [Self; 10] = [
		Self::BadInput,
		Self::ContextTooLong,
		Self::EmptyOutput,
		Self::OutOfMemory,
		Self::NoGpu,
		Self::Timeout,
		Self::Denied,
		Self::EngineError,
		Self::ModelMissing,
		Self::Drain,
	];

	/// The party at fault.
	pub const fn fault(self) -> Fault {
		match self {
			Self::BadInput | Self::ContextTooLong | Self::EmptyOutput => Fault::Client,
			Self::OutOfMemory
			| Self::NoGpu
			| Self::Timeout
			| Self::Denied
			| Self::EngineError
			| Self::ModelMissing
			| Self::Drain => Fault::Miner,
		}
	}
}
