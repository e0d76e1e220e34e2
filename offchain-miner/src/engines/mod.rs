//! What runs models.

mod embedding;
pub mod image;
pub mod llama;
pub mod ollama;
pub mod openai;
mod server;
pub mod several;
pub mod sink;
mod transcript;
pub mod vocabulary;

use std::time::Duration;

use async_trait::async_trait;
use millrace_primitives::{FailCode, Sampling, TranscriptEntry, Usage, Workload, H256};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use sink::Sink;

/// How an input's text becomes the model's prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
	/// One user message, in the model's own chat template.
	Chat,
	/// As it is.
	Generate,
	/// The messages of a conversation, each in the model's own chat template; see [`millrace_client::conversation`].
	Conversation,
}

/// Text to make.
#[derive(Clone, Debug)]
pub struct Request {
	/// sha256 of the GGUF file to run; nothing else will do.
	pub digest: H256,
	/// Most tokens of prompt and answer together, as registered.
	pub context_length: u32,
	/// The input's bytes.
	pub input: Vec<u8>,
	/// How the input is used.
	pub prompt: Prompt,
	/// How tokens are picked, and how many.
	pub sampling: Sampling,
	/// The sampler's seed.
	pub seed: u64,
}

/// Text to turn into numbers.
#[derive(Clone, Debug)]
pub struct EmbedRequest {
	/// sha256 of the weights to use; nothing else will do.
	pub digest: H256,
	/// Most tokens of the text, as registered.
	pub context_length: u32,
	/// The input's bytes.
	pub input: Vec<u8>,
}

/// An image to draw.
#[derive(Clone, Debug)]
pub struct ImageRequest {
	/// sha256 of the weights to use; nothing else will do.
	pub digest: H256,
	/// The description's bytes.
	pub input: Vec<u8>,
	/// Pixels.
	pub width: u16,
	/// Pixels.
	pub height: u16,
	/// Denoising steps.
	pub steps: u16,
	/// How closely to follow the description, in thousandths.
	pub guidance_milli: u16,
	/// What the image is drawn by.
	pub seed: u64,
}

/// What engines can be asked for.
#[derive(Clone, Debug)]
pub enum Order {
	/// Text.
	Generate(Request),
	/// Numbers.
	Embed(EmbedRequest),
	/// An image.
	Draw(ImageRequest),
}

impl Order {
	/// What a workload asks of an engine; `None` when engines have no part in it.
	pub fn new(workload: &Workload, digest: H256, context_length: u32, input: Vec<u8>, seed: u64) -> Option<Self> {
		let text = |prompt, sampling: Sampling, input| {
			Some(Self::Generate(Request { digest, context_length, input, prompt, sampling, seed }))
		};
		match *workload {
			Workload::Chat(sampling) => text(Prompt::Chat, sampling, input),
			Workload::Generate(sampling) => text(Prompt::Generate, sampling, input),
			Workload::Conversation(sampling) => text(Prompt::Conversation, sampling, input),
			Workload::Embed => Some(Self::Embed(EmbedRequest { digest, context_length, input })),
			Workload::Image { width, height, steps, guidance_milli } => {
				Some(Self::Draw(ImageRequest { digest, input, width, height, steps, guidance_milli, seed }))
			}
			Workload::Bench { .. } | Workload::Task { .. } => None,
		}
	}
}

/// What an inference gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
	/// The answer's bytes.
	pub output: Vec<u8>,
	/// The record of its tokens; empty when it has none.
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

	/// This engine does not do such work at all.
	fn unable(engine: &str, what: &str) -> Self {
		Self::new(FailCode::ModelMissing, format!("{engine} does not {what}"))
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

	/// Makes text, and gives it to `sink` part by part. Ends early, with any result, once `cancel` is cancelled, as the other
	/// two.
	async fn generate(
		&self,
		_request: Request,
		_sink: Sink,
		_cancel: CancellationToken,
	) -> Result<Generation, EngineError> {
		Err(EngineError::unable(self.kind(), "make text"))
	}

	/// Makes an embedding: the output is one vector of length 1, as little-endian singles.
	async fn embed(&self, _request: EmbedRequest, _cancel: CancellationToken) -> Result<Generation, EngineError> {
		Err(EngineError::unable(self.kind(), "make embeddings"))
	}

	/// Draws an image; the output is the document that names it, see [`crate::artifacts`].
	async fn draw(&self, _request: ImageRequest, _cancel: CancellationToken) -> Result<Generation, EngineError> {
		Err(EngineError::unable(self.kind(), "draw images"))
	}
}
