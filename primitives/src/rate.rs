//! Prices and what they are multiplied with. Integers only; every division rounds down, so the residue is the client's.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

use crate::{Balance, BlockNumber, JobParams, ModelKind, MILLISECS_PER_BLOCK};

/// Milliseconds of a GPU-second.
const MILLIS: Balance = 1_000;

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
	/// Tokens of the prompt as the model saw it, template and BOS included; 0 where the workload counts none.
	pub input_tokens: u32,
	/// Tokens of the answer, the end token not counted; 0 where the workload makes none.
	pub output_tokens: u32,
	/// Milliseconds of work, waiting not counted.
	pub gpu_ms: u32,
}

/// What the chain itself knows of an attempt: a miner's number above it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageBounds {
	/// Most input tokens: one a byte, and the template's; 0 where the workload counts none.
	pub input_tokens: u32,
	/// Most output tokens; 0 where the workload makes none.
	pub output_tokens: u32,
	/// The time since the assignment in milliseconds, or what the workload allows if that is less.
	pub gpu_ms: u32,
	/// Milliseconds that a reference machine would take, to compare offers.
	pub reference_ms: u32,
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

	/// Whether work of this kind of model can be paid so. Without tokens, a rate per token would make it free.
	pub const fn fits(&self, kind: ModelKind) -> bool {
		kind.has_tokens() || matches!(self, Self::PerGpuSecond(_))
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
		let usage = Usage {
			input_tokens: bounds.input_tokens,
			output_tokens: bounds.output_tokens,
			gpu_ms: bounds.reference_ms,
		};
		self.fee(&usage).unwrap_or(Balance::MAX).max(1)
	}
}

impl UsageBounds {
	/// Bounds of an attempt that was assigned `elapsed` blocks ago, for an input of `input_bytes` bytes and a model whose
	/// template adds at most `template_tokens`.
	pub fn new(template_tokens: u32, params: &JobParams, input_bytes: u32, elapsed: BlockNumber) -> Self {
		let workload = &params.workload;
		let millis = u64::from(elapsed).saturating_mul(MILLISECS_PER_BLOCK);
		let millis = u32::try_from(millis).unwrap_or(u32::MAX);
		Self {
			input_tokens: match workload.counts_input() {
				true => input_bytes.saturating_add(template_tokens),
				false => 0,
			},
			output_tokens: workload.max_output_tokens(),
			gpu_ms: workload.max_millis().unwrap_or(u32::MAX).min(millis),
			reference_ms: workload.reference_millis(),
			output_bytes: workload.max_output_bytes(),
		}
	}

	/// `usage` with each number cut down to its bound.
	pub fn clamp(&self, usage: &Usage) -> Usage {
		Usage {
			input_tokens: usage.input_tokens.min(self.input_tokens),
			output_tokens: usage.output_tokens.min(self.output_tokens),
			gpu_ms: usage.gpu_ms.min(self.gpu_ms),
		}
	}

	/// Whether `usage` is within the bounds and, where there are output tokens, counts at least one.
	pub fn allow(&self, usage: &Usage) -> bool {
		usage.input_tokens <= self.input_tokens
			&& (self.output_tokens.min(1)..=self.output_tokens).contains(&usage.output_tokens)
			&& usage.gpu_ms <= self.gpu_ms
	}
}
