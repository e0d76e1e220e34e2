//! A separate Ollama server, over HTTP.

mod api;
#[cfg(test)]
mod tests;

use std::{
	collections::HashMap,
	sync::Arc,
	time::{Duration, Instant},
};

use async_trait::async_trait;
use futures::StreamExt;
use millrace_primitives::{FailCode, TranscriptEntry, Usage, H256};
use serde::{de::DeserializeOwned, Deserialize, Serialize};
use tokio::sync::{oneshot, Mutex};
use tokio_util::sync::CancellationToken;

use super::{
	embedding,
	server::{self, Lines, Said, SHORT},
	sink::{Pacer, Sink},
	transcript::{Collector, Taken},
	vocabulary::Vocabulary,
	EmbedRequest, Engine, EngineError, Generation, LocalModel, Prompt, Request,
};
use api::{Chunk, Embedded, Formed, Show, Tags, Version};

/// The first version whose log-probabilities can be asked for.
const OLDEST: (u64, u64, u64) = (0, 12, 11);

/// A verbose description is megabytes of JSON.
const LONG: Duration = Duration::from_secs(30);

/// So long a list of models is good enough to begin a streamed answer with.
const RECENT: Duration = Duration::from_secs(60);

/// How long a model stays in memory after a request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum KeepAlive {
	/// Seconds; a negative number: for ever.
	Seconds(i64),
	/// A number with its unit, such as `30m`.
	Text(String),
}

/// How to use an Ollama server.
#[derive(Clone, Debug, Default)]
pub struct Options {
	/// Its address, such as `http://127.0.0.1:11434`.
	pub url: String,
	/// Threads of one inference; `None` leaves it to Ollama.
	pub threads: Option<usize>,
	/// How long a model stays in memory after a request; `None` leaves it to Ollama.
	pub keep_alive: Option<KeepAlive>,
	/// A request is given up after so long; `None` leaves it to the attempt's deadline.
	pub timeout: Option<Duration>,
}

/// A model as the server lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Listed {
	name: String,
	/// Of the model's whole description. It changes with whatever the name stands for.
	manifest: String,
	/// sha256 of the GGUF file; `None`: it has none here.
	file: Option<H256>,
}

/// The engine.
pub struct Ollama {
	options: Options,
	client: reqwest::Client,
	/// The last list, and when it was asked for: a model whose manifest is the same still has the same file.
	listed: Mutex<(Vec<Listed>, Option<Instant>)>,
	/// Reading a vocabulary takes megabytes of JSON; a digest names its vocabulary for ever.
	vocabularies: Mutex<HashMap<H256, Arc<Vocabulary>>>,
}

impl Ollama {
	/// An engine that has not connected yet.
	pub fn new(options: Options) -> Result<Self, EngineError> {
		let client = server::client().build().map_err(EngineError::engine)?;
		Ok(Self { options, client, listed: Mutex::default(), vocabularies: Mutex::default() })
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
		let limit = if verbose { LONG } else { SHORT };
		let request = self.client.post(self.url("/api/show")).timeout(limit).json(&body);
		decode(request.send().await.map_err(|e| self.unreachable(&e))?).await
	}

	fn unreachable(&self, error: &reqwest::Error) -> EngineError {
		let url = &self.options.url;
		EngineError::engine(format!("no answer from Ollama at {url}: {error}; check that `ollama serve` runs there"))
	}

	/// What the server has now.
	async fn list(&self) -> Result<Vec<Listed>, EngineError> {
		let asked = Instant::now();
		let tags: Tags = self.get("/api/tags").await?;
		let mut listed = self.listed.lock().await;
		let mut now = Vec::new();
		for tag in tags.models {
			let same = |old: &&Listed| old.name == tag.name && old.manifest == tag.digest;
			if let Some(old) = listed.0.iter().find(same) {
				now.push(old.clone());
			} else if let Ok(show) = self.show(&tag.name, false).await {
				now.push(Listed { file: api::file_digest(&show.modelfile), name: tag.name, manifest: tag.digest });
			}
		}
		*listed = (now.clone(), Some(asked));
		Ok(now)
	}

	/// What the server had a moment ago, if that is known.
	async fn recent(&self) -> Option<Vec<Listed>> {
		let listed = self.listed.lock().await;
		listed.1.filter(|asked| asked.elapsed() < RECENT).map(|_| listed.0.clone())
	}

	/// The model that was made from the file with this digest.
	async fn find(&self, digest: H256) -> Result<Listed, EngineError> {
		Self::find_in(self.list().await?, digest)
	}

	fn find_in(listed: Vec<Listed>, digest: H256) -> Result<Listed, EngineError> {
		listed.into_iter().find(|model| model.file == Some(digest)).ok_or_else(|| {
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

	async fn work(&self, request: &Request, sink: &Sink) -> Result<Generation, EngineError> {
		// Somebody waits for a streamed answer's first word. What was there a moment ago is the same as now if it is still
		// there when the answer has begun.
		let known = if sink.is_read() { self.recent().await } else { None };
		let model = match known.and_then(|listed| Self::find_in(listed, request.digest).ok()) {
			Some(model) => model,
			None => self.find(request.digest).await?,
		};
		let vocabulary = self.vocabulary(&model.name, request.digest).await?;
		let said = server::said(request, Some(&vocabulary))?;
		let (begun, beginning) = oneshot::channel();
		let run = self.run(request, &model.name, &said, &vocabulary, sink, begun);
		// By its first word it has chosen the file that it answers with. That word goes out before this is asked.
		let check = async {
			match beginning.await {
				Ok(()) => self.check_same(&model).await,
				Err(_) => Ok(()),
			}
		};
		let (answer, taken) = if sink.is_read() {
			let (answer, same) = futures::future::join(run, check).await;
			let answer = answer?;
			same?;
			answer
		} else {
			let answer = run.await?;
			self.check_same(&model).await?;
			answer
		};
		if let Some(rest) = taken.rest(&answer) {
			sink.send(rest).await?;
		}
		Ok(answer)
	}

	/// A name can be given to another file meanwhile.
	async fn check_same(&self, model: &Listed) -> Result<(), EngineError> {
		if !self.list().await?.contains(model) {
			let message = format!("Ollama's model {} became another one while it answered", model.name);
			return Err(EngineError::new(FailCode::ModelMissing, message));
		}
		Ok(())
	}

	async fn numbers(&self, request: &EmbedRequest) -> Result<Generation, EngineError> {
		let model = self.find(request.digest).await?;
		let vocabulary = self.vocabulary(&model.name, request.digest).await?;
		let text = server::text_of(&request.input, Some(&vocabulary))?;
		let body = api::embedding(request, &model.name, text, &self.options);
		let sent = self.client.post(self.url("/api/embed")).json(&body).send().await;
		let Embedded { embeddings, prompt_eval_count, total_duration, load_duration } =
			decode(sent.map_err(|e| self.unreachable(&e))?).await?;
		self.check_same(&model).await?;
		let [vector] = embeddings.as_slice() else {
			return Err(EngineError::engine("Ollama gave no single embedding for a single text"));
		};
		server::check_tokens(prompt_eval_count, request.context_length)?;
		embedding::answer(vector, prompt_eval_count, Duration::from_nanos(total_duration.saturating_sub(load_duration)))
	}

	async fn send(
		&self,
		request: &Request,
		said: &Said<'_>,
		body: &serde_json::Value,
	) -> Result<reqwest::Response, EngineError> {
		let path = match request.prompt {
			Prompt::Chat | Prompt::Conversation => "/api/chat",
			Prompt::Generate => "/api/generate",
		};
		let response = self
			.client
			.post(self.url(path))
			.json(&Formed::new(body, said))
			.send()
			.await
			.map_err(|e| self.unreachable(&e))?;
		if !response.status().is_success() {
			return Err(api::refusal(response.status(), &response.text().await.unwrap_or_default()));
		}
		Ok(response)
	}

	async fn run(
		&self,
		request: &Request,
		name: &str,
		said: &Said<'_>,
		vocabulary: &Vocabulary,
		sink: &Sink,
		begun: oneshot::Sender<()>,
	) -> Result<(Generation, Taken), EngineError> {
		let (mut begun, mut spoken) = (Some(begun), false);
		let mut tell = || {
			if let Some(begun) = begun.take() {
				// Who waits for it waits with this.
				let _ = begun.send(());
			}
		};
		let response = self.send(request, said, &api::body(request, name, said, &self.options)).await?;
		let (mut answer, mut pacer) = (Collector::new(Some(vocabulary)), Pacer::new(sink));
		let mut lines = Lines::default();
		let mut stream = response.bytes_stream();
		let mut last = None;
		'stream: while let Some(piece) = stream.next().await {
			lines.push(&piece.map_err(|e| self.unreachable(&e))?)?;
			while let Some(line) = lines.next() {
				let chunk: Chunk = serde_json::from_slice(&line).map_err(|error| nonsense(&error))?;
				if let Some(error) = &chunk.error {
					let refusal = api::refusal(reqwest::StatusCode::INTERNAL_SERVER_ERROR, error);
					if refusal.code == FailCode::ContextTooLong {
						return Err(self.broken_off(request, name, said, refusal).await);
					}
					return Err(refusal);
				}
				check_name(&chunk, name)?;
				if std::mem::replace(&mut spoken, true) {
					tell();
				}
				chunk.collect(&mut answer);
				if chunk.done {
					last = Some(chunk);
					break 'stream;
				}
				if pacer.is_read() {
					if let Some(part) = answer.part(0, pacer.worked()) {
						pacer.send(part).await?;
					}
				}
			}
		}
		let Some(last) = last else {
			let broken = EngineError::engine("Ollama's answer broke off");
			return Err(self.broken_off(request, name, said, broken).await);
		};
		server::read_off(stream);
		tell();
		let (output, transcript, taken) = answer.finish();
		Ok((finish(request, output, transcript, &last)?, taken))
	}

	/// What an answer means that ends without its last line. Ollama ends one so when the same token comes too often,
	/// some versions when the context is full, and a crash can look the same. So the prompt is counted: the client is
	/// at fault only if prompt and answer do not fit.
	async fn broken_off(&self, request: &Request, name: &str, said: &Said<'_>, broken: EngineError) -> EngineError {
		let unproven = EngineError::engine(broken.message);
		if server::surely_fits(request) {
			return unproven;
		}
		match self.prompt_tokens(request, name, said).await {
			Ok(tokens) => server::check_context(request, tokens).err().unwrap_or(unproven),
			Err(error) if error.code == FailCode::ContextTooLong => error,
			Err(_) => unproven,
		}
	}

	async fn prompt_tokens(&self, request: &Request, name: &str, said: &Said<'_>) -> Result<u32, EngineError> {
		let mut body = api::body(request, name, said, &self.options);
		body["stream"] = false.into();
		body["options"]["num_predict"] = 1.into();
		let chunk: Chunk = decode(self.send(request, said, &body).await?).await?;
		check_name(&chunk, name)?;
		match chunk.prompt_eval_count {
			0 => Err(EngineError::engine("Ollama did not count the prompt")),
			tokens => Ok(tokens),
		}
	}
}

/// An answer of any other model is none.
fn check_name(chunk: &Chunk, name: &str) -> Result<(), EngineError> {
	if chunk.model.is_empty() || chunk.model == name {
		return Ok(());
	}
	let message = format!("Ollama answered for {} when asked for {name}", server::words(&chunk.model));
	Err(EngineError::new(FailCode::ModelMissing, message))
}

fn finish(
	request: &Request,
	output: Vec<u8>,
	transcript: Vec<TranscriptEntry>,
	last: &Chunk,
) -> Result<Generation, EngineError> {
	server::check_context(request, last.prompt_eval_count)?;
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
		output_tokens: counted.min(request.sampling.max_tokens),
		gpu_ms: u32::try_from(nanos / 1_000_000).unwrap_or(u32::MAX),
	};
	Ok(Generation { output, transcript, usage, times: Some(last.times()) })
}

async fn decode<T: DeserializeOwned>(response: reqwest::Response) -> Result<T, EngineError> {
	let status = response.status();
	if !status.is_success() {
		return Err(api::refusal(status, &response.text().await.unwrap_or_default()));
	}
	response.json().await.map_err(|error| nonsense(&error))
}

fn nonsense(error: &dyn std::fmt::Display) -> EngineError {
	EngineError::engine(format!("Ollama's answer makes no sense: {error}"))
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
		let local = |model: Listed| Some(LocalModel { digest: model.file?, name: model.name });
		Ok(self.list().await?.into_iter().filter_map(local).collect())
	}

	async fn generate(
		&self,
		request: Request,
		sink: Sink,
		cancel: CancellationToken,
	) -> Result<Generation, EngineError> {
		// Dropping the request makes Ollama stop.
		tokio::select! {
			result = server::within(self.options.timeout, self.work(&request, &sink)) => result,
			() = cancel.cancelled() => Err(EngineError::engine("cancelled")),
		}
	}

	async fn embed(&self, request: EmbedRequest, cancel: CancellationToken) -> Result<Generation, EngineError> {
		tokio::select! {
			result = server::within(self.options.timeout, self.numbers(&request)) => result,
			() = cancel.cancelled() => Err(EngineError::engine("cancelled")),
		}
	}
}
