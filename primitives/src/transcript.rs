//! The record of an answer, token by token, and its Merkle root.
//!
//! Leaf `i`: `"millrace:transcript:v1"`, SCALE(`u32 i`, entry). The tree is `binary-merkle-tree`'s over blake2-256:
//! leaves are hashed, pairs are concatenated and hashed, an odd node moves up.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;
use sp_core::H256;
use sp_runtime::traits::BlakeTwo256;

/// Separates a transcript's leaf from anything else that is hashed.
pub const TRANSCRIPT_DOMAIN: &[u8; 22] = b"millrace:transcript:v1";

/// Alternatives that a transcript keeps for each token. Fewer can't tell quantisations of one model apart.
pub const TOP_ALTERNATIVES: usize = 5;

/// A natural logarithm of a probability in millionths of a nat, at most 0.
pub type Logprob = i32;

/// A token that the model could have chosen.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Alternative {
	/// The token's number in the model's vocabulary.
	pub token: u32,
	/// Its raw log-probability: before temperature, penalties and filters.
	pub logprob: Logprob,
}

/// One output token.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct TranscriptEntry {
	/// The token's number in the model's vocabulary.
	pub token: u32,
	/// The bytes that it stands for; may be a part of a character.
	pub bytes: Vec<u8>,
	/// Its raw log-probability.
	pub logprob: Logprob,
	/// The most likely tokens at this position, most likely first.
	pub top: Vec<Alternative>,
}

/// A log-probability in nats as a [`Logprob`]: rounded to the nearest millionth, held within the type, at most 0. A
/// NaN counts as impossible.
#[cfg(feature = "std")]
pub fn logprob_from_nats(nats: f64) -> Logprob {
	if nats.is_nan() {
		return Logprob::MIN;
	}
	// A float's cast to an integer saturates.
	(nats * 1e6).round().min(0.0) as Logprob
}

/// The bytes of leaf `index`.
pub fn leaf(index: u32, entry: &TranscriptEntry) -> Vec<u8> {
	let mut bytes = TRANSCRIPT_DOMAIN.to_vec();
	(index, entry).encode_to(&mut bytes);
	bytes
}

/// The root over all entries; the zero hash for none.
pub fn root(entries: &[TranscriptEntry]) -> H256 {
	let leaves = (0u32..).zip(entries).map(|(index, entry)| leaf(index, entry));
	binary_merkle_tree::merkle_root::<BlakeTwo256, _>(leaves)
}
