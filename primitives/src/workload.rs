//! What kinds of work a job can ask for, each with its own bounded parameters.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

use crate::{job::MAX_OUTPUT_BYTES, ModelKind};

/// Most bytes that one output token can stand for. Long tokens are runs of spaces; the longest of the vocabularies
/// in common use are 128 bytes.
pub const MAX_TOKEN_BYTES: u32 = 256;

/// Highest temperature, in thousandths (OpenAI's and Ollama's bound is 2.0).
pub const MAX_TEMPERATURE_MILLI: u16 = 2_000;

/// A probability of 1, in thousandths.
pub const MAX_TOP_P_MILLI: u16 = 1_000;

/// Most numbers of an embedding. The widest models in common use have 8,192.
pub const MAX_EMBEDDING_DIMENSIONS: u32 = 8_192;

/// Bytes of one number of an embedding, a little-endian IEEE 754 single.
pub const EMBEDDING_NUMBER_BYTES: u32 = 4;

/// Least rows and columns of a benchmark's matrices.
pub const MIN_BENCH_SIZE: u32 = 64;

/// Most rows and columns of a benchmark's matrices: two of them and their product are 48 MiB.
pub const MAX_BENCH_SIZE: u32 = 2_048;

/// Most matrix products of a benchmark.
pub const MAX_BENCH_ROUNDS: u32 = 256;

/// Bytes of a benchmark's answer, see [`crate::bench`].
pub const BENCH_OUTPUT_BYTES: u32 = 32;

/// An image's width and height are multiples of so many pixels: what latent diffusion models work in.
pub const IMAGE_SIDE_STEP: u16 = 8;

/// Least width and height of an image in pixels.
pub const MIN_IMAGE_SIDE: u16 = 64;

/// Most width and height of an image in pixels.
pub const MAX_IMAGE_SIDE: u16 = 2_048;

/// Most denoising steps of an image.
pub const MAX_IMAGE_STEPS: u16 = 150;

/// Highest guidance scale of an image, in thousandths.
pub const MAX_GUIDANCE_MILLI: u16 = 30_000;

/// Most bytes of the document that stands on chain for an image; the image itself does not.
pub const MAX_MANIFEST_BYTES: u32 = 1_024;

/// Longest run of a task in seconds.
pub const MAX_TASK_SECONDS: u32 = 3_600;

/// Milliseconds of a second.
const MILLIS: u32 = 1_000;

/// Output tokens that a reference GPU makes in a second. Only used to rank offers of different units against each
/// other when a miner is drawn, and to say what a job will cost about; never to compute a fee.
pub const REFERENCE_TOKENS_PER_GPU_SECOND: u32 = 50;

/// Multiplications and additions of a benchmark that a reference machine does in a millisecond.
const REFERENCE_OPERATIONS_PER_MILLI: u64 = 10_000_000;

/// Pixels times steps of an image that a reference GPU does in a millisecond.
const REFERENCE_PIXEL_STEPS_PER_MILLI: u64 = 2_000;

/// How a model's next token is picked, and how many.
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
pub struct Sampling {
	/// Most output tokens, 1 to the model's context length.
	pub max_tokens: u32,
	/// Temperature in thousandths, 0 to 2000. At 0 each token is the argmax.
	pub temperature_milli: u16,
	/// Draw only from this many most likely tokens; 0: all of them.
	pub top_k: u16,
	/// Draw only from the most likely tokens that together reach this probability, in thousandths, 1 to 1000.
	pub top_p_milli: u16,
}

impl Sampling {
	/// Greedy decoding of at most `max_tokens` tokens.
	pub const fn greedy(max_tokens: u32) -> Self {
		Self { max_tokens, temperature_milli: 0, top_k: 0, top_p_milli: MAX_TOP_P_MILLI }
	}
}

/// What a miner does with a job's input.
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
pub enum Workload {
	/// Answers UTF-8 text of one user message; the model's own chat template wraps it. For text models.
	#[codec(index = 0)]
	Chat(Sampling),
	/// Continues UTF-8 text, as it is. Only BOS is added, where the model wants it. For text models.
	#[codec(index = 1)]
	Generate(Sampling),
	/// Turns UTF-8 text into numbers: the output is one vector of little-endian singles, scaled to length 1. For embedding
	/// and text models.
	#[codec(index = 2)]
	Embed,
	/// Multiplies matrices that are made of the input's hash, to show how fast a machine is. The output is a checksum of
	/// 32 bytes. For benchmark models.
	#[codec(index = 3)]
	Bench {
		/// Rows and columns of the matrices, 64 to 2048.
		size: u32,
		/// How many products, each of the one before, 1 to 256.
		rounds: u32,
	},
	/// Draws what UTF-8 text describes, by the seed that the chain gives. The output is a JSON document that names the
	/// image by its sha256; the image itself does not go on chain. For image models.
	#[codec(index = 4)]
	Image {
		/// Pixels, 64 to 2048, a multiple of 8.
		width: u16,
		/// Pixels, 64 to 2048, a multiple of 8.
		height: u16,
		/// Denoising steps, 1 to 150.
		steps: u16,
		/// How closely to follow the text, in thousandths, 0 to 30000.
		guidance_milli: u16,
	},
	/// Runs the task that the model names, on the JSON document in the input. The output is a JSON document that names what
	/// came of it. For task models.
	#[codec(index = 5)]
	Task {
		/// Most bytes of the output, 1 to 65536.
		max_output_bytes: u32,
		/// Longest run in seconds, 1 to 3600 and at most the attempt's timeout.
		max_seconds: u32,
	},
	/// Answers the last message of a conversation; the model's own chat template wraps each. The input is a JSON array of
	/// messages, each with `role` (`system`, `user` or `assistant`) and `content`. For text models.
	#[codec(index = 6)]
	Conversation(Sampling),
}

/// What is wrong with a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadWorkload {
	/// The model is of a kind that does other work.
	WrongKind,
	/// `max_tokens` is 0.
	MaxTokensZero,
	/// `max_tokens` is above the model's context length.
	MaxTokensAboveContext,
	/// `temperature_milli` is above [`MAX_TEMPERATURE_MILLI`].
	TemperatureTooHigh,
	/// `top_p_milli` is not within 1 to [`MAX_TOP_P_MILLI`].
	TopPOutOfRange,
	/// `size` is not within [`MIN_BENCH_SIZE`] to [`MAX_BENCH_SIZE`].
	BenchSizeOutOfRange,
	/// `rounds` is not within 1 to [`MAX_BENCH_ROUNDS`].
	BenchRoundsOutOfRange,
	/// `width` or `height` is not within [`MIN_IMAGE_SIDE`] to [`MAX_IMAGE_SIDE`], or no multiple of
	/// [`IMAGE_SIDE_STEP`].
	ImageSideOutOfRange,
	/// `steps` is not within 1 to [`MAX_IMAGE_STEPS`].
	ImageStepsOutOfRange,
	/// `guidance_milli` is above [`MAX_GUIDANCE_MILLI`].
	GuidanceTooHigh,
	/// `max_output_bytes` is not within 1 to [`MAX_OUTPUT_BYTES`].
	TaskOutputOutOfRange,
	/// `max_seconds` is not within 1 to [`MAX_TASK_SECONDS`].
	TaskSecondsOutOfRange,
	/// `max_seconds` is longer than the attempt's timeout.
	TaskSecondsAboveTimeout,
	/// `max_rate` is per token, for work without tokens.
	MaxRateUnit,
}

pub(crate) fn ensure(holds: bool, wrong: BadWorkload) -> Result<(), BadWorkload> {
	if holds {
		Ok(())
	} else {
		Err(wrong)
	}
}

impl Workload {
	/// Its name, as command lines and metrics have it.
	pub const fn name(&self) -> &'static str {
		match self {
			Self::Chat(_) => "chat",
			Self::Conversation(_) => "conversation",
			Self::Generate(_) => "generate",
			Self::Embed => "embed",
			Self::Bench { .. } => "bench",
			Self::Image { .. } => "image",
			Self::Task { .. } => "task",
		}
	}

	/// How tokens are picked; `None` when none are.
	pub const fn sampling(&self) -> Option<&Sampling> {
		match self {
			Self::Chat(sampling) | Self::Generate(sampling) | Self::Conversation(sampling) => Some(sampling),
			Self::Embed | Self::Bench { .. } | Self::Image { .. } | Self::Task { .. } => None,
		}
	}

	/// Whether models of this kind do it.
	pub const fn fits(&self, kind: ModelKind) -> bool {
		match self {
			Self::Chat(_) | Self::Generate(_) | Self::Conversation(_) => matches!(kind, ModelKind::Text),
			Self::Embed => matches!(kind, ModelKind::Text | ModelKind::Embedding),
			Self::Bench { .. } => matches!(kind, ModelKind::Bench),
			Self::Image { .. } => matches!(kind, ModelKind::Image),
			Self::Task { .. } => matches!(kind, ModelKind::Task),
		}
	}

	/// Whether the seed that the chain gives changes the answer.
	pub const fn draws(&self) -> bool {
		match self {
			Self::Chat(sampling) | Self::Generate(sampling) | Self::Conversation(sampling) => {
				sampling.temperature_milli != 0
			}
			Self::Image { .. } => true,
			Self::Embed | Self::Bench { .. } | Self::Task { .. } => false,
		}
	}

	/// Whether the input's tokens are counted.
	pub const fn counts_input(&self) -> bool {
		matches!(self, Self::Chat(_) | Self::Generate(_) | Self::Conversation(_) | Self::Embed)
	}

	/// Most output tokens; 0 when there are none.
	pub const fn max_output_tokens(&self) -> u32 {
		match self.sampling() {
			Some(sampling) => sampling.max_tokens,
			None => 0,
		}
	}

	/// Most bytes that the output may have.
	pub fn max_output_bytes(&self) -> u32 {
		let most = match self {
			Self::Chat(sampling) | Self::Generate(sampling) | Self::Conversation(sampling) => {
				sampling.max_tokens.saturating_mul(MAX_TOKEN_BYTES)
			}
			Self::Embed => MAX_EMBEDDING_DIMENSIONS.saturating_mul(EMBEDDING_NUMBER_BYTES),
			Self::Bench { .. } => BENCH_OUTPUT_BYTES,
			Self::Image { .. } => MAX_MANIFEST_BYTES,
			Self::Task { max_output_bytes, .. } => *max_output_bytes,
		};
		most.min(MAX_OUTPUT_BYTES)
	}

	/// Most milliseconds that the workload itself allows; `None`: the attempt's time is the only limit.
	pub const fn max_millis(&self) -> Option<u32> {
		match self {
			Self::Task { max_seconds, .. } => Some(max_seconds.saturating_mul(MILLIS)),
			_ => None,
		}
	}

	/// Multiplications and additions of a benchmark; 0 for other workloads.
	pub fn operations(&self) -> u64 {
		match self {
			Self::Bench { size, rounds } => crate::bench::operations(*size, *rounds),
			_ => 0,
		}
	}

	/// Milliseconds that a reference machine takes, to compare offers before anybody has worked; at least 1.
	pub fn reference_millis(&self) -> u32 {
		let millis = match self {
			Self::Chat(sampling) | Self::Generate(sampling) | Self::Conversation(sampling) => {
				let max_tokens = sampling.max_tokens;
				let seconds = max_tokens.div_ceil(REFERENCE_TOKENS_PER_GPU_SECOND).max(1);
				u64::from(seconds.saturating_mul(MILLIS))
			}
			Self::Embed => u64::from(MILLIS),
			Self::Bench { .. } => self.operations().div_ceil(REFERENCE_OPERATIONS_PER_MILLI),
			Self::Image { width, height, steps, .. } => {
				let pixels = u64::from(*width).saturating_mul(u64::from(*height));
				pixels.saturating_mul(u64::from(*steps)).div_ceil(REFERENCE_PIXEL_STEPS_PER_MILLI)
			}
			Self::Task { max_seconds, .. } => u64::from(max_seconds.saturating_mul(MILLIS)),
		};
		u32::try_from(millis).unwrap_or(u32::MAX).max(1)
	}

	/// Holds the workload to its bounds, for a model of this kind and context length in tokens.
	///
	/// # Errors
	///
	/// The first bound that is broken; first of all, whether the model does such work at all.
	pub fn check(&self, kind: ModelKind, context_length: u32) -> Result<(), BadWorkload> {
		use BadWorkload as Bad;
		ensure(self.fits(kind), Bad::WrongKind)?;
		match self {
			Self::Chat(sampling) | Self::Generate(sampling) | Self::Conversation(sampling) => {
				ensure(sampling.max_tokens > 0, Bad::MaxTokensZero)?;
				ensure(sampling.max_tokens <= context_length, Bad::MaxTokensAboveContext)?;
				ensure(sampling.temperature_milli <= MAX_TEMPERATURE_MILLI, Bad::TemperatureTooHigh)?;
				ensure((1..=MAX_TOP_P_MILLI).contains(&sampling.top_p_milli), Bad::TopPOutOfRange)
			}
			Self::Embed => Ok(()),
			Self::Bench { size, rounds } => {
				ensure((MIN_BENCH_SIZE..=MAX_BENCH_SIZE).contains(size), Bad::BenchSizeOutOfRange)?;
				ensure((1..=MAX_BENCH_ROUNDS).contains(rounds), Bad::BenchRoundsOutOfRange)
			}
			Self::Image { width, height, steps, guidance_milli } => {
				let fits = |side: &u16| {
					(MIN_IMAGE_SIDE..=MAX_IMAGE_SIDE).contains(side) && side.is_multiple_of(IMAGE_SIDE_STEP)
				};
				ensure(fits(width) && fits(height), Bad::ImageSideOutOfRange)?;
				ensure((1..=MAX_IMAGE_STEPS).contains(steps), Bad::ImageStepsOutOfRange)?;
				ensure(*guidance_milli <= MAX_GUIDANCE_MILLI, Bad::GuidanceTooHigh)
			}
			Self::Task { max_output_bytes, max_seconds } => {
				ensure((1..=MAX_OUTPUT_BYTES).contains(max_output_bytes), Bad::TaskOutputOutOfRange)?;
				ensure((1..=MAX_TASK_SECONDS).contains(max_seconds), Bad::TaskSecondsOutOfRange)
			}
		}
	}
}
