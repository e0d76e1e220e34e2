//! What the other parts know of a registered model.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::H256;

/// Models are numbered from 0 in the order of their registration.
pub type ModelId = u32;

/// Longest name of a model in bytes.
pub const MAX_MODEL_NAME: u32 = 64;

/// What jobs and miners need of a model that can take jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct ModelSummary {
	/// sha256 of the GGUF file.
	pub digest: H256,
	/// Tokens of prompt and answer together.
	pub context_length: u32,
	/// Most tokens that the chat template and BOS add to the input's own.
	pub template_tokens: u32,
}
