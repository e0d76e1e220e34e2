//! What a GGUF file needs to run, by its header.

use std::path::{Path, PathBuf};

use llama_cpp_2::model::{params::LlamaModelParams, LlamaModel};
use millrace_primitives::H256;

use crate::engines::llama::{backend, file_digest};

/// Bytes of an entry of llama.cpp's key-value cache.
const CACHE_ENTRY: u64 = 2;

/// A model's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFile {
	/// Where it is.
	pub path: PathBuf,
	/// Bytes of it.
	pub bytes: u64,
	/// Tokens of prompt and answer together, at the most.
	pub context_length: u32,
	/// Bytes of memory for each token of a slot's context; at the most, for models that keep less.
	pub bytes_per_token: u64,
}

impl ModelFile {
	/// Reads the header and the vocabulary, not the weights.
	///
	/// # Errors
	///
	/// When the file can't be read or is none that llama.cpp can load.
	pub fn open(path: &Path) -> Result<Self, String> {
		let shown = path.display();
		let bytes = std::fs::metadata(path).map_err(|error| format!("{shown}: {error}"))?.len();
		let backend = backend().map_err(|error| error.message)?;
		let model = LlamaModel::load_from_file(backend, path, &LlamaModelParams::default().with_vocab_only(true))
			.map_err(|_| format!("{shown}: not a GGUF file that llama.cpp can load"))?;
		let architecture = model.meta_val_str("general.architecture").unwrap_or_default();
		let number = |key: &str| model.meta_val_str(&format!("{architecture}.{key}")).ok()?.parse::<u64>().ok();
		let layers = number("block_count").unwrap_or(0);
		let heads = number("attention.head_count").unwrap_or(0);
		let width = number("embedding_length").unwrap_or(0).checked_div(heads).unwrap_or(0);
		let keys = number("attention.key_length").unwrap_or(width);
		let values = number("attention.value_length").unwrap_or(width);
		let cached = number("attention.head_count_kv").unwrap_or(heads);
		let per_layer = cached.saturating_mul(keys.saturating_add(values)).saturating_mul(CACHE_ENTRY);
		let context_length = number("context_length").and_then(|length| u32::try_from(length).ok());
		Ok(Self {
			path: path.into(),
			bytes,
			context_length: context_length.unwrap_or(u32::MAX),
			bytes_per_token: layers.saturating_mul(per_layer),
		})
	}

	/// The sha256 by which the chain knows the file. Reads all of it.
	///
	/// # Errors
	///
	/// When it can't be read.
	pub fn digest(&self) -> Result<H256, String> {
		file_digest(&self.path).map_err(|error| format!("{}: {error}", self.path.display()))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn file_should_tell_its_needs_when_it_is_a_model() {
		let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/millrace-tiny.gguf");
		let file = ModelFile::open(&path).unwrap();
		assert_eq!(file.bytes, std::fs::metadata(&path).unwrap().len());
		assert_eq!(file.context_length, 512);
		// Keys and values of 2 layers, 1 head of 32 numbers, 2 bytes each.
		assert_eq!(file.bytes_per_token, 2 * 2 * 32 * 2);
	}

	#[test]
	fn file_should_be_refused_when_it_is_no_model_or_not_there() {
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("x.gguf");
		assert!(ModelFile::open(&path).unwrap_err().contains("x.gguf"));
		std::fs::write(&path, "no model").unwrap();
		assert!(ModelFile::open(&path).unwrap_err().contains("not a GGUF file"));
	}
}
