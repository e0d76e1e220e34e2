//! Prices and what they are multiplied with. Integers only; every division rounds down, so the residue is the client's.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

use crate::{job::MAX_TOKEN_BYTES, Balance, BlockNumber, JobParams, ModelSummary, MILLISECS_PER_BLOCK};

/// Milliseconds of a GPU-second.
const MILLIS: Balance = 1_000;

/// Output tokens that a reference GPU makes in a second. Only used to rank offers of different units against each
/// other when a miner is drawn; never to compute a fee.
pub const REFERENCE_TOKENS_PER_GPU_SECOND: u32 = 50;

/// What a miner asks for one model.
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
pub enum Rate {
	/// Plancks per token.
	PerToken {
		/// Plancks per input token.
		input: Balance,
		/// Plancks per output token.
		output: Balance,
	},
	/// Plancks per second of GPU time, charged by the millisecond.
	PerGpuSecond(Balance),
}

/// What a miner says an attempt took.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
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
pub struct Usage {
	/// Tokens of the prompt as the model saw it, template and BOS included.
	pub input_tokens: u32,
	/// Tokens of the answer, the end token not counted.
	pub output_tokens: u32,
	/// Milliseconds of inference, waiting not counted.
	pub gpu_ms: u32,
}

/// What the chain itself knows of an attempt: a miner's number above it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageBounds {
	/// Most input tokens: one a byte, and the template's.
	pub input_tokens: u32,
	/// Most output tokens.
	pub output_tokens: u32,
	/// The time since the assignment in milliseconds.
	pub gpu_ms: u32,
	/// Most output bytes.
	pub output_bytes: u32,
}

impl Rate {
	/// Plancks for `usage`; `None` when that does not fit a [`Balance`].
	///
	/// Per token: `input x input_tokens + output x output_tokens`. Per GPU-second: `rate x gpu_ms / 1000`, rounded
	/// down.
	pub fn fee(&self, usage: &Usage) -> Option<Balance> {
		match self {
			Self::PerToken { input, output } => input
				.checked_mul(usage.input_tokens.into())?
				.checked_add(output.checked_mul(usage.output_tokens.into())?),
			Self::PerGpuSecond(rate) => rate.checked_mul(usage.gpu_ms.into())?.checked_div(MILLIS),
		}
	}

	/// `min(max_fee, fee(usage))`. A product that overflows is above any maximum.
	pub fn capped_fee(&self, usage: &Usage, max_fee: Balance) -> Balance {
		self.fee(usage).map_or(max_fee, |fee| fee.min(max_fee))
	}

	/// Whether this rate is within the client's `limit`: the same unit and no component above the limit's.
	pub fn within(&self, limit: &Self) -> bool {
		match (self, limit) {
			(Self::PerToken { input, output }, Self::PerToken { input: max_in, output: max_out }) => {
				input <= max_in && output <= max_out
			}
			(Self::PerGpuSecond(rate), Self::PerGpuSecond(max)) => rate <= max,
			_ => false,
		}
	}

	/// What a job within `bounds` would cost at the most, for ranking offers; at least 1 planck.
	pub fn estimate(&self, bounds: &UsageBounds) -> Balance {
		let seconds = bounds.output_tokens.div_ceil(REFERENCE_TOKENS_PER_GPU_SECOND).max(1);
		let usage = Usage {
			input_tokens: bounds.input_tokens,
			output_tokens: bounds.output_tokens,
			gpu_ms: seconds.saturating_mul(1_000),
		};
		self.fee(&usage).unwrap_or(Balance::MAX).max(1)
	}
}

impl UsageBounds {
	/// Bounds of an attempt that was assigned `elapsed` blocks ago, for an input of `input_bytes` bytes.
	pub fn new(model: &ModelSummary, params: &JobParams, input_bytes: u32, elapsed: BlockNumber) -> Self {
		let millis = u64::from(elapsed).saturating_mul(MILLISECS_PER_BLOCK);
		Self {
			input_tokens: input_bytes.saturating_add(model.template_tokens),
			output_tokens: params.max_tokens,
			gpu_ms: u32::try_from(millis).unwrap_or(u32::MAX),
			output_bytes: params.max_tokens.saturating_mul(MAX_TOKEN_BYTES).min(crate::job::MAX_OUTPUT_BYTES),
		}
	}

	/// Whether `usage` is within the bounds and counts at least one output token.
	pub fn allow(&self, usage: &Usage) -> bool {
		usage.input_tokens <= self.input_tokens
			&& (1..=self.output_tokens).contains(&usage.output_tokens)
			&& usage.gpu_ms <= self.gpu_ms
	}
}
