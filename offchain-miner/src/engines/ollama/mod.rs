//! A separate Ollama server, over HTTP.

mod api;
#[cfg(test)]
mod tests;
mod transcript;

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::StreamExt;
use millrace_primitives::{FailCode, Usage, Workload, H256};
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::{vocabulary::Vocabulary, Engine, EngineError, Generation, LocalModel, Request};
use api::{Chunk, Show, Tags, Version};

/// The first version whose log-probabilities can be asked for.
const OLDEST: (u64, u64, u64) = (0, 12, 11);

/// Answers to everything but a generation come within this time.
const SHORT: Duration = Duration::from_secs(30);

/// Longest line of a streamed answer; a longer one makes no sense.
const MAX_LINE: usize = 1 << 20;

/// More tokens than a chat template adds.
const TEMPLATE_TOKENS: usize = 256;

/// How to use an Ollama server.
#[derive(Clone, Debug)]
pub struct Options {
	/// Its address, such as `http://127.0.0.1:11434`.
	pub url: String,
	/// Threads of one inference; `None` leaves it to Ollama.
	pub threads: Option<usize>,
}

/// The engine.
pub struct Ollama {
	options: Options,
	client: reqwest::Client,
	/// Reading a vocabulary takes megabytes of JSON; a digest names its vocabulary for ever.
	vocabularies: Mutex<HashMap<H256, Arc<Vocabulary>>>,
}

impl Ollama {
	/// An engine that has not connected yet.
	pub fn new(options: Options) -> Result<Self, EngineError> {
		let client = reqwest::Client::builder().build().map_err(EngineError::engine)?;
		Ok(Self { options, client, vocabularies: Mutex::default() })
	}

	fn url(&self, path: &str) -> String {
		format!("{}{path}", self.options.url.trim_end_matches('/'))
	}

	async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, EngineError> {
		let response = self.client.get(self.url(path)).timeout(SHORT).send().await.map_err(|e| self.unreachable(&e))?;
		decode(response).await
	}

	async fn show(&self, model: &str, verbose: bool) -> Result<Show, EngineError> {
		let body = serde_json::json!({ "model": model, "verbose": verbose });
		let request = self.client.post(self.url("/api/show")).timeout(SHORT).json(&body);
		decode(request.send().await.map_err(|e| self.unreachable(&e))?).await
	}

	fn unreachable(&self, error: &reqwest::Error) -> EngineError {
		let url = &self.options.url;
		EngineError::engine(format!("no answer from Ollama at {url}: {error}; check that `ollama serve` runs there"))
	}

	/// The name under which the server has the file with this digest.
	async fn name_of(&self, digest: H256) -> Result<String, EngineError> {
		let models = self.models().await?;
		models.into_iter().find(|model| model.digest == digest).map(|model| model.name).ok_or_else(|| {
			EngineError::new(
				FailCode::ModelMissing,
				format!("Ollama has no model made FROM a file with sha256 {}", hex::encode(digest)),
			)
		})
	}

	async fn vocabulary(&self, name: &str, digest: H256) -> Result<Arc<Vocabulary>, EngineError> {
		let mut known = self.vocabularies.lock().await;
		if let Some(vocabulary) = known.get(&digest) {
			return Ok(vocabulary.clone());
		}
		let vocabulary = Arc::new(self.show(name, true).await?.vocabulary()?);
		known.insert(digest, vocabulary.clone());
		Ok(vocabulary)
	}

	async fn run(&self, request: &Request, name: &str, vocabulary: &Vocabulary) -> Result<Generation, EngineError> {
		let text = std::str::from_utf8(&request.input)
			.map_err(|_| EngineError::new(FailCode::BadInput, "the input is not UTF-8"))?;
		// Ollama parses control tokens wherever they stand, so that a user could leave the user's turn.
		if let Some(special) = vocabulary.special_in(text) {
			return Err(EngineError::new(FailCode::BadInput, format!("the input has the control token {special}")));
		}
		let path = match request.params.workload {
			Workload::Chat => "/api/chat",
			Workload::Generate => "/api/generate",
		};
		let body = api::body(request, name, text, self.options.threads);
		let response = self.client.post(self.url(path)).json(&body).send().await.map_err(|e| self.unreachable(&e))?;
		if !response.status().is_success() {
			return Err(api::refusal(response.status(), &response.text().await.unwrap_or_default()));
		}
		let mut answer = transcript::Collector::new(vocabulary);
		let mut lines = Vec::new();
		let mut stream = response.bytes_stream();
		let mut last = None;
		while let Some(part) = stream.next().await {
			lines.extend_from_slice(&part.map_err(|e| self.unreachable(&e))?);
			while let Some(end) = lines.iter().position(|byte| *byte == b'\n') {
				let line: Vec<u8> = lines.drain(..=end).collect();
				let chunk: Chunk = serde_json::from_slice(&line)
					.map_err(|error| EngineError::engine(format!("Ollama's answer makes no sense: {error}")))?;
				if let Some(error) = chunk.error {
					return Err(api::refusal(reqwest::StatusCode::INTERNAL_SERVER_ERROR, &error));
				}
				answer.add(&chunk);
				if chunk.done {
					last = Some(chunk);
				}
			}
			if lines.len() > MAX_LINE {
				return Err(EngineError::engine("Ollama's answer has no end of line"));
			}
		}
		let last = last.ok_or_else(|| broken_off(request))?;
		let (output, transcript) = answer.finish();
		finish(request, output, transcript, &last)
	}
}

/// What a stream without a last line means. Ollama ends one so when the context is full.
fn broken_off(request: &Request) -> EngineError {
	// No token is shorter than a byte, so that only the template's are not counted here.
	let most = request.input.len().saturating_add(TEMPLATE_TOKENS);
	let most = u32::try_from(most).unwrap_or(u32::MAX).saturating_add(request.params.max_tokens);
	let (code, why) = if most > request.context_length {
		(FailCode::ContextTooLong, "the context was full before the answer's end")
	} else {
		(FailCode::EngineError, "Ollama's answer broke off")
	};
	EngineError::new(code, why)
}

fn finish(
	request: &Request,
	output: Vec<u8>,
	transcript: Vec<millrace_primitives::TranscriptEntry>,
	last: &Chunk,
) -> Result<Generation, EngineError> {
	let wanted = last.prompt_eval_count.saturating_add(request.params.max_tokens);
	if wanted > request.context_length {
		let message = format!("{wanted} tokens of prompt and answer; the model takes {}", request.context_length);
		return Err(EngineError::new(FailCode::ContextTooLong, message));
	}
	if output.is_empty() {
		return Err(EngineError::new(FailCode::EmptyOutput, "the model ended its answer at once"));
	}
	let entries = u32::try_from(transcript.len()).unwrap_or(u32::MAX);
	// An answer that the model ended counts the end token as well.
	let ended = u32::from(last.done_reason.as_deref() == Some("stop"));
	let counted = last.eval_count.saturating_sub(ended).max(entries).max(1);
	let nanos = last.prompt_eval_duration.saturating_add(last.eval_duration);
	let usage = Usage {
		input_tokens: last.prompt_eval_count,
		output_tokens: counted.min(request.params.max_tokens),
		gpu_ms: u32::try_from(nanos / 1_000_000).unwrap_or(u32::MAX),
	};
	Ok(Generation { output, transcript, usage })
}

async fn decode<T: DeserializeOwned>(response: reqwest::Response) -> Result<T, EngineError> {
	let status = response.status();
	if !status.is_success() {
		return Err(api::refusal(status, &response.text().await.unwrap_or_default()));
	}
	response.json().await.map_err(|error| EngineError::engine(format!("Ollama's answer makes no sense: {error}")))
}

#[async_trait]
impl Engine for Ollama {
	fn kind(&self) -> &'static str {
		"ollama"
	}

	async fn health(&self) -> Result<(), EngineError> {
		let Version { version } = self.get("/api/version").await?;
		match api::parse_version(&version) {
			Some(parsed) if parsed >= OLDEST => Ok(()),
			_ => Err(EngineError::engine(format!("Ollama {version} is too old; 0.12.11 or newer is needed"))),
		}
	}

	async fn models(&self) -> Result<Vec<LocalModel>, EngineError> {
		let tags: Tags = self.get("/api/tags").await?;
		let mut models = Vec::new();
		for tag in tags.models {
			// A model that vanished meanwhile or runs elsewhere has no file here.
			let Ok(show) = self.show(&tag.name, false).await else { continue };
			if let Some(digest) = api::file_digest(&show.modelfile) {
				models.push(LocalModel { digest, name: tag.name });
			}
		}
		Ok(models)
	}

	async fn generate(&self, request: Request, cancel: CancellationToken) -> Result<Generation, EngineError> {
		let work = async {
			let name = self.name_of(request.digest).await?;
			let vocabulary = self.vocabulary(&name, request.digest).await?;
			self.run(&request, &name, &vocabulary).await
		};
		// Dropping the request makes Ollama stop.
		tokio::select! {
			result = work => result,
			() = cancel.cancelled() => Err(EngineError::engine("cancelled")),
		}
	}
}
