//! What a client asks for.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_core::H256;
use sp_runtime::traits::{BlakeTwo256, Hash};

use crate::{BlockNumber, ModelId, Rate};

/// Jobs are numbered from 0 in the order of their submission.
pub type JobId = u64;

/// Attempts of a job are numbered from 1 to [`MAX_ATTEMPTS`].
pub type Attempt = u8;

/// A job is assigned at most this often.
pub const MAX_ATTEMPTS: Attempt = 3;

/// Longest inline input in bytes.
pub const MAX_INPUT_BYTES: u32 = 16 * 1024;

/// Longest inline output in bytes.
pub const MAX_OUTPUT_BYTES: u32 = 64 * 1024;

/// Most bytes that one output token can stand for. Long tokens are runs of spaces; the longest of the vocabularies
/// in common use are 128 bytes.
pub const MAX_TOKEN_BYTES: u32 = 256;

/// Highest temperature, in thousandths (OpenAI's and Ollama's bound is 2.0).
pub const MAX_TEMPERATURE_MILLI: u16 = 2_000;

/// How the input's bytes become the model's prompt.
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
#[serde(rename_all = "snake_case")]
pub enum Workload {
	/// UTF-8 text of one user message; the model's own chat template wraps it.
	#[default]
	Chat,
	/// UTF-8 text that the model continues, as it is. Only BOS is added, where the model wants it.
	Generate,
}

/// Sampling parameters and limits of one job.
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
pub struct JobParams {
	/// How the input is used.
	pub workload: Workload,
	/// Most output tokens, 1 to the model's context length.
	pub max_tokens: u32,
	/// Temperature in thousandths, 0 to 2000. At 0 each token is the argmax.
	pub temperature_milli: u16,
	/// Draw only from this many most likely tokens; 0: all of them.
	pub top_k: u16,
	/// Draw only from the most likely tokens that together reach this probability, in thousandths, 1 to 1000.
	pub top_p_milli: u16,
	/// Blocks that one attempt may take.
	pub timeout: BlockNumber,
	/// The dearest rate that the client accepts, in the same unit; `None`: any, up to the maximum fee.
	pub max_rate: Option<Rate>,
}

impl JobParams {
	/// Greedy decoding of `max_tokens` tokens within 60 blocks an attempt.
	pub const fn greedy(max_tokens: u32) -> Self {
		Self {
			workload: Workload::Chat,
			max_tokens,
			temperature_milli: 0,
			top_k: 0,
			top_p_milli: 1_000,
			timeout: 60,
			max_rate: None,
		}
	}

	/// Hash of the parameters as they stand in a receipt: blake2-256 of the SCALE encoding.
	pub fn hash(&self) -> H256 {
		BlakeTwo256::hash_of(self)
	}
}

/// blake2-256 of an input's or output's bytes.
pub fn payload_hash(bytes: &[u8]) -> H256 {
	BlakeTwo256::hash(bytes)
}

/// The last 8 bytes of a hash as a little-endian number.
pub fn low_u64(hash: &H256) -> u64 {
	// 32 bytes are always four numbers of 8.
	let [.., last] = <[u64; 4]>::decode(&mut &hash.0[..]).unwrap_or_default();
	last
}

/// The seed that the chain gives to an attempt: the last 8 bytes, little-endian, of
/// blake2-256(SCALE("millrace:seed:v1", randomness, job, attempt)).
pub fn sampling_seed(randomness: &[u8; 32], job: JobId, attempt: Attempt) -> u64 {
	low_u64(&BlakeTwo256::hash_of(&(b"millrace:seed:v1", randomness, job, attempt)))
}

/// What an attempt has to compute: blake2-256(SCALE("millrace:work:v1", model, parameters, input hash, seed)).
///
/// At temperature 0 the seed does not matter and counts as 0, so that an answer stays good on every fork on which the
/// same is asked.
pub fn work_hash(model: ModelId, params: &JobParams, input_hash: &H256, seed: u64) -> H256 {
	let seed = if params.temperature_milli == 0 { 0 } else { seed };
	BlakeTwo256::hash_of(&(b"millrace:work:v1", model, params, input_hash, seed))
}

/// How a job ended.
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
pub enum Outcome {
	/// Answered, the miner paid, the rest refunded.
	Settled,
	/// The attempts were used up, or the client was at fault; refunded in full.
	Failed,
	/// Nobody took it in time; refunded in full.
	Expired,
	/// Withdrawn by its client before an assignment; refunded in full.
	Cancelled,
}
