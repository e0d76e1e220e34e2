//! What the other parts know of a registered model.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

use crate::H256;

/// Models are numbered from 0 in the order of their registration.
pub type ModelId = u32;

/// Longest name of a model in bytes.
pub const MAX_MODEL_NAME: u32 = 64;

/// What work a model does.
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
pub enum ModelKind {
	/// Writes text, and makes embeddings. Its digest is the sha256 of its weights, a GGUF file.
	#[default]
	#[codec(index = 0)]
	Text,
	/// Makes embeddings only. Its digest is the sha256 of its weights.
	#[codec(index = 1)]
	Embedding,
	/// Draws images. Its digest is the sha256 of its weights.
	#[codec(index = 2)]
	Image,
	/// Measures a machine. Its digest is the sha256 of the name of its rules, see [`crate::bench`].
	#[codec(index = 3)]
	Bench,
	/// Runs a program. Its digest is the sha256 of the definition that its owner publishes.
	#[codec(index = 4)]
	Task,
}

impl ModelKind {
	/// Every kind, in the order of its encoding.
	pub const ALL: [Self; 5] = [Self::Text, Self::Embedding, Self::Image, Self::Bench, Self::Task];

	/// Its name, as command lines have it.
	pub const fn name(&self) -> &'static str {
		match self {
			Self::Text => "text",
			Self::Embedding => "embedding",
			Self::Image => "image",
			Self::Bench => "bench",
			Self::Task => "task",
		}
	}

	/// Whether its work has tokens. Only then it has a context length and can be paid by the token; all else is paid by
	/// the time.
	pub const fn has_tokens(&self) -> bool {
		matches!(self, Self::Text | Self::Embedding)
	}
}

/// What jobs and miners need of a model that can take jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct ModelSummary {
	/// What work it does.
	pub kind: ModelKind,
	/// What it is, see [`ModelKind`].
	pub digest: H256,
	/// Tokens of prompt and answer together; 0 for a kind without tokens.
	pub context_length: u32,
	/// Most tokens that the chat template and BOS add to the input's own.
	pub template_tokens: u32,
}
