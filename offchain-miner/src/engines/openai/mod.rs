//! Any server that speaks OpenAI's HTTP interface: vLLM, SGLang, TGI, llama-server.
//!
//! Such a server names its models and tells nothing of their files. Which file a name stands for is the owner's word.

mod api;
pub(crate) mod settings;
#[cfg(test)]
mod tests;

use std::{
	collections::HashMap,
	time::{Duration, Instant},
};

use async_trait::async_trait;
use futures::StreamExt;
use millrace_primitives::{FailCode, TranscriptEntry, Usage, H256};
use reqwest::header::{HeaderMap, AUTHORIZATION};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
	embedding, llama,
	server::{self, Lines, Said, SHORT},
	sink::{Pacer, Sink},
	transcript::{Collector, Taken},
	vocabulary::Vocabulary,
	EmbedRequest, Engine, EngineError, Generation, LocalModel, Request,
};
use api::{Chunk, Counted, Embeddings, Formed, Models, Timings};

pub use settings::{Served, Settings};

/// The engine.
pub struct Openai {
	base: String,
	models: Vec<Served>,
	timeout: Option<Duration>,
	client: reqwest::Client,
	/// Of the models whose file is at hand.
	vocabularies: HashMap<H256, Vocabulary>,
}

/// What a stream gave.
struct Streamed {
	output: Vec<u8>,
	transcript: Vec<TranscriptEntry>,
	taken: Taken,
	counted: Option<Counted>,
	finish: Option<String>,
	/// Inference without the wait for it.
	took: Duration,
}

impl Openai {
	/// An engine that has not connected yet. Hashes the files that the settings name, which can take minutes.
	pub fn new(settings: &Settings) -> Result<Self, EngineError> {
		if settings.models.is_empty() {
			return Err(EngineError::engine("the openai engine has no models; name them with their digests"));
		}
		let mut headers = HeaderMap::new();
		if let Some(value) = settings.authorization()? {
			headers.insert(AUTHORIZATION, value);
		}
		let client = server::client().default_headers(headers).build().map_err(EngineError::engine)?;
		let mut vocabularies = HashMap::new();
		for Served { digest, file, .. } in &settings.models {
			let Some(path) = file else { continue };
			let shown = path.display();
			let found = llama::file_digest(path).map_err(|error| EngineError::engine(format!("{shown}: {error}")))?;
			if found != *digest {
				let (found, wanted) = (hex::encode(found), hex::encode(digest));
				return Err(EngineError::engine(format!("{shown} has sha256 {found}, and not {wanted} as configured")));
			}
			vocabularies.insert(*digest, llama::vocabulary(path)?);
		}
		let timeout = settings.timeout_secs.map(Duration::from_secs);
		Ok(Self { base: settings.base()?, models: settings.models.clone(), timeout, client, vocabularies })
	}

	fn unreachable(&self, error: &reqwest::Error) -> EngineError {
		EngineError::engine(format!("no answer from the server at {}: {}", self.base, chain(error)))
	}

	/// The names that the server has now.
	async fn names(&self) -> Result<Vec<String>, EngineError> {
		let request = self.client.get(format!("{}/v1/models", self.base)).timeout(SHORT);
		let response = request.send().await.map_err(|error| self.unreachable(&error))?;
		let status = response.status();
		if !status.is_success() {
			let text = server::words(&response.text().await.unwrap_or_default());
			return Err(EngineError::engine(format!("the server at {} lists no models: {text} ({status})", self.base)));
		}
		let models: Models = response.json().await.map_err(|error| nonsense(&error))?;
		Ok(models.data.into_iter().flatten().map(|model| model.id).collect())
	}

	/// The server's name of the model with this digest, if it has it now.
	async fn name(&self, digest: H256) -> Result<&str, EngineError> {
		let missing = |why: String| EngineError::new(FailCode::ModelMissing, why);
		let served = self.models.iter().find(|model| model.digest == digest);
		let name = served
			.map(|model| model.name.as_str())
			.ok_or_else(|| missing(format!("no model of the openai engine has the digest {}", hex::encode(digest))))?;
		if !self.names().await?.iter().any(|found| found == name) {
			return Err(missing(format!("the server at {} has no model {name} now", self.base)));
		}
		Ok(name)
	}

	async fn numbers(&self, request: &EmbedRequest) -> Result<Generation, EngineError> {
		let name = self.name(request.digest).await?;
		let text = server::text_of(&request.input, self.vocabularies.get(&request.digest))?;
		let body = json!({ "model": name, "input": text, "encoding_format": "float" });
		let began = Instant::now();
		let sent = self.client.post(format!("{}/v1/embeddings", self.base)).json(&body).send().await;
		let response = sent.map_err(|error| self.unreachable(&error))?;
		let status = response.status();
		if !status.is_success() {
			return Err(api::embedding_refusal(request, status, &response.text().await.unwrap_or_default()));
		}
		let answer: Embeddings = response.json().await.map_err(|error| nonsense(&error))?;
		let took = began.elapsed();
		let [vector] = answer.data.as_slice() else {
			return Err(EngineError::engine("the server gave no single embedding for a single text"));
		};
		server::check_tokens(answer.usage.prompt_tokens, request.context_length)?;
		embedding::answer(&vector.embedding, answer.usage.prompt_tokens, took)
	}

	async fn work(&self, request: &Request, sink: &Sink) -> Result<Generation, EngineError> {
		let name = self.name(request.digest).await?;
		let vocabulary = self.vocabularies.get(&request.digest);
		let said = server::said(request, vocabulary)?;
		let streamed = self.stream(request, name, &said, vocabulary, sink).await?;
		let taken = streamed.taken;
		let answer = finish(request, streamed)?;
		if let Some(rest) = taken.rest(&answer) {
			sink.send(rest).await?;
		}
		Ok(answer)
	}

	async fn stream(
		&self,
		request: &Request,
		name: &str,
		said: &Said<'_>,
		vocabulary: Option<&Vocabulary>,
		sink: &Sink,
	) -> Result<Streamed, EngineError> {
		let (path, body) = api::generation(request, name, said);
		let sent = self.client.post(format!("{}{path}", self.base)).json(&Formed::new(&body, said)).send().await;
		let response = sent.map_err(|error| self.unreachable(&error))?;
		let status = response.status();
		if !status.is_success() {
			return Err(api::refusal(request, Some(status), &response.text().await.unwrap_or_default()));
		}
		let (mut answer, mut pacer) = (Collector::new(vocabulary), Pacer::new(sink));
		let mut lines = Lines::default();
		let mut stream = response.bytes_stream();
		let (mut counted, mut finish, mut first): (Option<Counted>, _, _) = (None, None, None);
		let mut timings: Option<Timings> = None;
		'stream: while let Some(piece) = stream.next().await {
			lines.push(&piece.map_err(|error| self.unreachable(&error))?)?;
			while let Some(line) = lines.next() {
				// Other lines of such a stream are comments, names of events, and empty.
				let Some(data) = line.strip_prefix(b"data:") else { continue };
				if data.trim_ascii() == b"[DONE]" {
					server::read_off(stream);
					break 'stream;
				}
				let chunk: Chunk = serde_json::from_slice(data).map_err(|error| nonsense(&error))?;
				first.get_or_insert_with(Instant::now);
				if chunk.error.is_some() {
					return Err(api::refusal(request, None, &String::from_utf8_lossy(data)));
				}
				if let Some(other) = chunk.model.filter(|model| !model.is_empty() && model != name) {
					let message = format!("the server answered for {} when asked for {name}", server::words(&other));
					return Err(EngineError::new(FailCode::ModelMissing, message));
				}
				for choice in chunk.choices {
					if choice.delta.is_split() {
						return Err(EngineError::engine(
							"the server keeps the model's reasoning apart, so that the answer is not whole; start it \
							 without a reasoning parser",
						));
					}
					answer.text(choice.delta.content.as_deref().or(choice.text.as_deref()).unwrap_or_default());
					if let Some(logprobs) = choice.logprobs {
						logprobs.collect(&mut answer);
					}
					finish = choice.finish_reason.or(finish);
				}
				// Some servers send zeros until the end.
				counted = chunk.usage.filter(|usage| usage.prompt_tokens > 0).or(counted);
				timings = chunk.timings.or(timings);
				// The last token may turn out to be the one that ended the answer.
				if pacer.is_read() {
					if let Some(part) = answer.part(1, pacer.worked()) {
						pacer.send(part).await?;
					}
				}
			}
		}
		let took = match timings {
			Some(timings) => Duration::try_from_secs_f64((timings.prompt_ms + timings.predicted_ms) / 1e3).ok(),
			None => None,
		};
		let took =
			took.or(first.map(|first: Instant| first.elapsed().saturating_sub(pacer.waited()))).unwrap_or_default();
		let (output, transcript, taken) = answer.finish();
		Ok(Streamed { output, transcript, taken, counted, finish, took })
	}
}

fn finish(request: &Request, streamed: Streamed) -> Result<Generation, EngineError> {
	let Streamed { output, mut transcript, counted, finish, took, .. } = streamed;
	let ended = match finish.as_deref() {
		Some("stop") => true,
		Some("length") => false,
		Some(other) => return Err(EngineError::engine(format!("the server ended the answer with {other:?}"))),
		None => return Err(EngineError::engine("the server's answer broke off")),
	};
	let Some(counted) = counted else {
		return Err(EngineError::engine("the server counted no tokens; it must know stream_options.include_usage"));
	};
	server::check_context(request, counted.prompt_tokens)?;
	if output.is_empty() {
		return Err(EngineError::new(FailCode::EmptyOutput, "the model ended its answer at once"));
	}
	if ended {
		drop_end_token(&output, &mut transcript);
	}
	if transcript.is_empty() {
		return Err(EngineError::engine(
			"the server gave no log-probabilities, without which nobody can check an answer",
		));
	}
	let entries = u32::try_from(transcript.len()).unwrap_or(u32::MAX);
	let output_tokens = counted.completion_tokens.saturating_sub(u32::from(ended)).max(entries);
	let usage = Usage {
		input_tokens: counted.prompt_tokens,
		output_tokens: output_tokens.min(request.sampling.max_tokens),
		gpu_ms: u32::try_from(took.as_millis()).unwrap_or(u32::MAX).max(1),
	};
	Ok(Generation { output, transcript, usage, times: None })
}

/// Some servers list the token that ended the answer, though it is no part of it.
fn drop_end_token(output: &[u8], transcript: &mut Vec<TranscriptEntry>) {
	let part = |bytes: &[u8]| !bytes.is_empty() && (output.ends_with(bytes) || bytes.ends_with("\u{fffd}".as_bytes()));
	if transcript.last().is_some_and(|last| !part(&last.bytes)) {
		transcript.pop();
	}
}

fn nonsense(error: &dyn std::fmt::Display) -> EngineError {
	EngineError::engine(format!("the server's answer makes no sense: {error}"))
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
	let causes = std::iter::successors(error.source(), |error| error.source());
	causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[async_trait]
impl Engine for Openai {
	fn kind(&self) -> &'static str {
		"openai"
	}

	async fn health(&self) -> Result<(), EngineError> {
		self.names().await.map(|_| ())
	}

	async fn models(&self) -> Result<Vec<LocalModel>, EngineError> {
		let names = self.names().await?;
		let present = self.models.iter().filter(|model| names.contains(&model.name));
		Ok(present.map(|model| LocalModel { digest: model.digest, name: model.name.clone() }).collect())
	}

	async fn generate(
		&self,
		request: Request,
		sink: Sink,
		cancel: CancellationToken,
	) -> Result<Generation, EngineError> {
		// Dropping the request makes the server stop.
		tokio::select! {
			result = server::within(self.timeout, self.work(&request, &sink)) => result,
			() = cancel.cancelled() => Err(EngineError::engine("cancelled")),
		}
	}

	async fn embed(&self, request: EmbedRequest, cancel: CancellationToken) -> Result<Generation, EngineError> {
		tokio::select! {
			result = server::within(self.timeout, self.numbers(&request)) => result,
			() = cancel.cancelled() => Err(EngineError::engine("cancelled")),
		}
	}
}
