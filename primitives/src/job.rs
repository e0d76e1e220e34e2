//! What a client asks for.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_core::H256;
use sp_runtime::traits::{BlakeTwo256, Hash};

use crate::{
	workload::ensure, BadWorkload, BlockNumber, ModelId, ModelSummary, Rate, Sampling, Workload, MILLISECS_PER_BLOCK,
};

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

/// What a job asks for, and its limits.
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
	/// What is done with the input.
	pub workload: Workload,
	/// Blocks that one attempt may take.
	pub timeout: BlockNumber,
	/// The dearest rate that the client accepts, in the same unit; `None`: any, up to the maximum fee.
	pub max_rate: Option<Rate>,
}

impl JobParams {
	/// This workload within 60 blocks an attempt, at any rate.
	pub const fn of(workload: Workload) -> Self {
		Self { workload, timeout: 60, max_rate: None }
	}

	/// Greedy decoding of `max_tokens` tokens of a chat's answer within 60 blocks an attempt.
	pub const fn greedy(max_tokens: u32) -> Self {
		Self::of(Workload::Chat(Sampling::greedy(max_tokens)))
	}

	/// Holds the parameters to the bounds of their workload, for this model. The timeout itself is bounded by numbers that
	/// governance sets, which are not looked at here.
	///
	/// # Errors
	///
	/// The first bound that is broken.
	pub fn check(&self, model: &ModelSummary) -> Result<(), BadWorkload> {
		self.workload.check(model.kind, model.context_length)?;
		let timeout = u64::from(self.timeout).saturating_mul(MILLISECS_PER_BLOCK);
		let fits = self.workload.max_millis().is_none_or(|millis| u64::from(millis) <= timeout);
		ensure(fits, BadWorkload::TaskSecondsAboveTimeout)?;
		ensure(self.max_rate.is_none_or(|rate| rate.fits(model.kind)), BadWorkload::MaxRateUnit)
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
/// Where the seed does not matter, see [`Workload::draws`], it counts as 0, so that an answer stays good on every fork on
/// which the same is asked.
pub fn work_hash(model: ModelId, params: &JobParams, input_hash: &H256, seed: u64) -> H256 {
	let seed = if params.workload.draws() { seed } else { 0 };
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
