//! A server that draws images: Automatic1111's interface, or OpenAI's.
//!
//! Which weights a name stands for is the owner's word, as with the openai engine; Automatic1111 tells digests too, and a
//! wrong one is refused.

mod settings;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use base64::{engine::general_purpose::STANDARD, Engine as _};
use millrace_primitives::{FailCode, Usage, H256};
use serde::{de::DeserializeOwned, Deserialize};
use serde_json::{json, Value};
use tokio_util::sync::CancellationToken;

use super::{
	server::{self, speaks_of_memory, words, SHORT},
	Engine, EngineError, Generation, ImageRequest, LocalModel,
};
use crate::artifacts::{image_type, Artifacts};

pub use settings::{Api, Served, Settings};

/// More than the largest image that a job can ask for takes in base64, uncompressed.
const MAX_ANSWER: usize = 48 << 20;

/// A checkpoint of `/sdapi/v1/sd-models`.
#[derive(Deserialize)]
struct Checkpoint {
	title: String,
	/// Not known before the server has read the file once.
	sha256: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Names {
	data: Vec<Name>,
}

#[derive(Deserialize)]
struct Name {
	id: String,
}

/// What either interface answers.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Drawn {
	images: Vec<String>,
	data: Vec<Datum>,
}

#[derive(Deserialize)]
struct Datum {
	b64_json: Option<String>,
}

/// The engine.
pub struct Image {
	base: String,
	public: Option<String>,
	api: Api,
	models: Vec<Served>,
	timeout: Option<Duration>,
	client: reqwest::Client,
	artifacts: Artifacts,
}

impl Image {
	/// An engine that has not connected yet; what it draws is kept in `artifacts`.
	///
	/// # Errors
	///
	/// When the settings make no sense.
	pub fn new(settings: &Settings, artifacts: Artifacts) -> Result<Self, EngineError> {
		Ok(Self {
			base: settings.base()?,
			public: settings.public()?,
			api: settings.api,
			models: settings.models.clone(),
			timeout: settings.timeout_secs.map(Duration::from_secs),
			client: server::client().build().map_err(EngineError::engine)?,
			artifacts,
		})
	}

	fn unreachable(&self, error: &reqwest::Error) -> EngineError {
		EngineError::engine(format!("no answer from the image server at {}: {error}", self.base))
	}

	async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, EngineError> {
		let sent = self.client.get(format!("{}{path}", self.base)).timeout(SHORT).send().await;
		let response = sent.map_err(|error| self.unreachable(&error))?;
		let status = response.status();
		if !status.is_success() {
			return Err(EngineError::engine(format!("the image server at {} lists no models ({status})", self.base)));
		}
		response.json().await.map_err(|error| nonsense(&error))
	}

	/// The configured models that the server has now.
	async fn present(&self) -> Result<Vec<&Served>, EngineError> {
		match self.api {
			Api::Automatic1111 => {
				let found: Vec<Checkpoint> = self.get("/sdapi/v1/sd-models").await?;
				let fits = |served: &&Served| {
					found.iter().any(|checkpoint| {
						let told = checkpoint.sha256.as_ref();
						let same = told.is_none_or(|told| told.to_lowercase() == hex::encode(served.digest));
						checkpoint.title == served.name && same
					})
				};
				Ok(self.models.iter().filter(fits).collect())
			}
			Api::Openai => {
				let found: Names = self.get("/v1/models").await?;
				Ok(self.models.iter().filter(|served| found.data.iter().any(|name| name.id == served.name)).collect())
			}
		}
	}

	async fn name(&self, digest: H256) -> Result<&str, EngineError> {
		let found = self.present().await?.into_iter().find(|served| served.digest == digest);
		found.map(|served| served.name.as_str()).ok_or_else(|| {
			let message = format!("the image server has no model with digest {}", hex::encode(digest));
			EngineError::new(FailCode::ModelMissing, message)
		})
	}

	async fn work(&self, request: &ImageRequest) -> Result<Generation, EngineError> {
		let name = self.name(request.digest).await?;
		let text = server::text_of(&request.input, None)?;
		let (path, body) = body(self.api, request, name, text);
		let began = Instant::now();
		let sent = self.client.post(format!("{}{path}", self.base)).json(&body).send().await;
		let answer = self.read(sent.map_err(|error| self.unreachable(&error))?).await?;
		let took = began.elapsed();
		let drawn: Drawn = serde_json::from_slice(&answer).map_err(|error| nonsense(&error))?;
		let texts = drawn.images.iter().chain(drawn.data.iter().filter_map(|datum| datum.b64_json.as_ref()));
		let texts: Vec<_> = texts.collect();
		let [text] = texts.as_slice() else {
			return Err(EngineError::engine(format!("the image server gave {} images, not one", texts.len())));
		};
		let bytes = STANDARD.decode(text.as_bytes()).map_err(|error| nonsense(&error))?;
		let kind = image_type(&bytes).ok_or_else(|| EngineError::engine("the image server gave no image"))?;
		let artifacts = self.artifacts.clone();
		let kept = tokio::task::spawn_blocking(move || artifacts.keep(&bytes, kind)).await;
		let artifact = kept
			.map_err(EngineError::engine)?
			.map_err(|error| EngineError::engine(format!("the image can't be kept: {error}")))?;
		let gpu_ms = u32::try_from(took.as_millis()).unwrap_or(u32::MAX).max(1);
		Ok(Generation {
			output: artifact.document(self.public.as_deref()),
			transcript: Vec::new(),
			usage: Usage { gpu_ms, ..Usage::default() },
			times: None,
		})
	}

	/// All of an answer, within bounds.
	async fn read(&self, mut response: reqwest::Response) -> Result<Vec<u8>, EngineError> {
		let status = response.status();
		let mut answer = Vec::new();
		while let Some(piece) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
			answer.extend_from_slice(&piece);
			if answer.len() > MAX_ANSWER {
				return Err(EngineError::engine("the image server's answer is too long"));
			}
		}
		if status.is_success() {
			return Ok(answer);
		}
		let text = String::from_utf8_lossy(&answer);
		let code = if speaks_of_memory(&text) { FailCode::OutOfMemory } else { FailCode::EngineError };
		Err(EngineError::new(code, format!("the image server says: {} ({status})", words(&text))))
	}
}

/// The path and body of a request. Nothing is left to a server's own defaults that would change the image.
fn body(api: Api, request: &ImageRequest, name: &str, text: &str) -> (&'static str, Value) {
	let ImageRequest { width, height, steps, guidance_milli, .. } = request;
	let guidance = f64::from(*guidance_milli) / 1e3;
	// Servers take 32 bits, and a negative number for a seed of their own.
	let seed = request.seed & 0x7fff_ffff;
	match api {
		Api::Automatic1111 => {
			let body = json!({
				"prompt": text,
				"negative_prompt": "",
				"width": width,
				"height": height,
				"steps": steps,
				"cfg_scale": guidance,
				"seed": seed,
				"sampler_name": "Euler",
				"batch_size": 1,
				"n_iter": 1,
				"send_images": true,
				"save_images": false,
				"override_settings": { "sd_model_checkpoint": name },
			});
			("/sdapi/v1/txt2img", body)
		}
		Api::Openai => {
			let body = json!({
				"model": name,
				"prompt": text,
				"n": 1,
				"size": format!("{width}x{height}"),
				"response_format": "b64_json",
				// Not OpenAI's own, but known to servers of open models.
				"seed": seed,
				"num_inference_steps": steps,
				"guidance_scale": guidance,
			});
			("/v1/images/generations", body)
		}
	}
}

fn nonsense(error: &dyn std::fmt::Display) -> EngineError {
	EngineError::engine(format!("the image server's answer makes no sense: {error}"))
}

#[async_trait]
impl Engine for Image {
	fn kind(&self) -> &'static str {
		"image"
	}

	async fn health(&self) -> Result<(), EngineError> {
		self.present().await.map(|_| ())
	}

	async fn models(&self) -> Result<Vec<LocalModel>, EngineError> {
		let local = |served: &Served| LocalModel { digest: served.digest, name: served.name.clone() };
		Ok(self.present().await?.into_iter().map(local).collect())
	}

	async fn draw(&self, request: ImageRequest, cancel: CancellationToken) -> Result<Generation, EngineError> {
		tokio::select! {
			result = server::within(self.timeout, self.work(&request)) => result,
			() = cancel.cancelled() => Err(EngineError::engine("cancelled")),
		}
	}
}
