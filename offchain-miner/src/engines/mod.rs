//! What runs models.

pub mod llama;
pub mod ollama;
pub mod openai;
mod server;
pub mod several;
mod transcript;
pub mod vocabulary;

use std::time::Duration;

use async_trait::async_trait;
use millrace_primitives::{FailCode, JobParams, TranscriptEntry, Usage, H256};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

/// An inference to make.
#[derive(Clone, Debug)]
pub struct Request {
	/// sha256 of the GGUF file to run; nothing else will do.
	pub digest: H256,
	/// Most tokens of prompt and answer together, as registered.
	pub context_length: u32,
	/// The input's bytes.
	pub input: Vec<u8>,
	/// Sampling parameters and limits.
	pub params: JobParams,
	/// The sampler's seed.
	pub seed: u64,
}

/// What an inference gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
	/// The answer's bytes.
	pub output: Vec<u8>,
	/// The record of its tokens.
	pub transcript: Vec<TranscriptEntry>,
	/// What it took.
	pub usage: Usage,
	/// Where the time went, if the engine tells.
	pub times: Option<Times>,
}

/// Where an inference's time went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
	/// All of it.
	pub total: Duration,
	/// Getting the model into memory.
	pub load: Duration,
	/// The prompt.
	pub prompt: Duration,
	/// The answer.
	pub answer: Duration,
}

/// Why an inference gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code:?}: {message}")]
pub struct EngineError {
	/// What the chain is told.
	pub code: FailCode,
	/// What the owner is told.
	pub message: String,
}

impl EngineError {
	/// An error with a code and words.
	pub fn new(code: FailCode, message: impl Into<String>) -> Self {
		Self { code, message: message.into() }
	}

	/// The engine itself failed.
	pub fn engine(message: impl std::fmt::Display) -> Self {
		Self::new(FailCode::EngineError, message.to_string())
	}
}

/// A model that an engine can run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LocalModel {
	/// sha256 of its GGUF file.
	#[serde(serialize_with = "hex_digest")]
	pub digest: H256,
	/// The engine's own name of it.
	pub name: String,
}

fn hex_digest<S: serde::Serializer>(digest: &H256, serializer: S) -> Result<S::Ok, S::Error> {
	serializer.serialize_str(&hex::encode(digest))
}

/// Runs models.
#[async_trait]
pub trait Engine: Send + Sync {
	/// Its name in the configuration.
	fn kind(&self) -> &'static str;

	/// Whether it can be reached and used.
	async fn health(&self) -> Result<(), EngineError>;

	/// The models that it has now.
	async fn models(&self) -> Result<Vec<LocalModel>, EngineError>;

	/// Makes an inference. Ends early, with any result, once `cancel` is cancelled.
	async fn generate(&self, request: Request, cancel: CancellationToken) -> Result<Generation, EngineError>;
}
