//! What goes over the wire to Ollama and back.

use std::time::Duration;

use millrace_client::conversation::Form;
use millrace_primitives::{transcript::TOP_ALTERNATIVES, FailCode, H256};
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue, Value};

use crate::engines::{
	server::{speaks_of_context, speaks_of_memory, words, Said},
	transcript::{Collector, Logprob},
	vocabulary::Vocabulary,
	EmbedRequest, EngineError, Request, Times,
};

#[derive(Deserialize)]
pub(super) struct Version {
	pub(super) version: String,
}

#[derive(Deserialize)]
pub(super) struct Tags {
	#[serde(default)]
	pub(super) models: Vec<Tag>,
}

#[derive(Deserialize)]
pub(super) struct Tag {
	pub(super) name: String,
	/// Of its manifest, which names the file and all settings.
	#[serde(default)]
	pub(super) digest: String,
}

#[derive(Deserialize)]
pub(super) struct Show {
	#[serde(default)]
	pub(super) modelfile: String,
	#[serde(default)]
	model_info: serde_json::Map<String, Value>,
}

impl Show {
	/// The vocabulary, which only a verbose answer has.
	pub(super) fn vocabulary(mut self) -> Result<Vocabulary, EngineError> {
		let mut take = |key: &str| self.model_info.remove(&format!("tokenizer.ggml.{key}")).unwrap_or(Value::Null);
		let missing = |what: &str| EngineError::engine(format!("Ollama does not tell the model's tokenizer: {what}"));
		let tokens: Vec<String> = serde_json::from_value(take("tokens")).map_err(|_| missing("tokens"))?;
		let types: Vec<i64> = serde_json::from_value(take("token_type")).map_err(|_| missing("token_type"))?;
		let kind: String = serde_json::from_value(take("model")).map_err(|_| missing("model"))?;
		Vocabulary::new(&kind, &tokens, &types).ok_or_else(|| missing(&format!("unknown kind {kind}")))
	}
}

/// A line of a streamed answer, of `/api/chat` or of `/api/generate`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Chunk {
	pub(super) model: String,
	message: Message,
	response: String,
	logprobs: Option<Vec<Logprob>>,
	pub(super) done: bool,
	pub(super) done_reason: Option<String>,
	total_duration: u64,
	load_duration: u64,
	pub(super) prompt_eval_count: u32,
	pub(super) prompt_eval_duration: u64,
	pub(super) eval_count: u32,
	pub(super) eval_duration: u64,
	pub(super) error: Option<String>,
}

impl Chunk {
	pub(super) fn collect(&self, answer: &mut Collector) {
		answer.text(&self.message.content);
		answer.text(&self.response);
		for entry in self.logprobs.iter().flatten() {
			answer.token(entry);
		}
	}

	/// What the last line says of the time that was needed. Ollama counts nanoseconds.
	pub(super) fn times(&self) -> Times {
		Times {
			total: Duration::from_nanos(self.total_duration),
			load: Duration::from_nanos(self.load_duration),
			prompt: Duration::from_nanos(self.prompt_eval_duration),
			answer: Duration::from_nanos(self.eval_duration),
		}
	}
}

/// The answer of `/api/embed`; times are nanoseconds.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Embedded {
	pub(super) embeddings: Vec<Vec<f32>>,
	pub(super) prompt_eval_count: u32,
	pub(super) total_duration: u64,
	pub(super) load_duration: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Message {
	content: String,
}

/// A body with the form of its answer. A [`Value`] would put a schema's properties, and so those of the answer, in the order
/// of the alphabet.
#[derive(Serialize)]
pub(super) struct Formed<'a> {
	#[serde(flatten)]
	body: &'a Value,
	#[serde(skip_serializing_if = "Option::is_none")]
	format: Option<Box<RawValue>>,
}

impl<'a> Formed<'a> {
	pub(super) fn new(body: &'a Value, said: &Said<'_>) -> Self {
		Self { body, format: said.form().map(Form::format) }
	}
}

/// The body of a generation. Nothing is left to the model's own defaults that would change its answer.
pub(super) fn body(request: &Request, model: &str, said: &Said<'_>, options: &super::Options) -> Value {
	let sampling = &request.sampling;
	let mut drawn = json!({
		"temperature": f64::from(sampling.temperature_milli) / 1e3,
		// Ollama's seed is a signed number.
		"seed": request.seed & 0x7fff_ffff,
		"top_k": sampling.top_k,
		"top_p": f64::from(sampling.top_p_milli) / 1e3,
		"min_p": 0.0,
		"num_predict": sampling.max_tokens,
		"num_ctx": request.context_length,
		"repeat_penalty": 1.0,
		"presence_penalty": 0.0,
		"frequency_penalty": 0.0,
	});
	if let Some(threads) = options.threads {
		drawn["num_thread"] = threads.into();
	}
	let mut body = json!({
		"model": model,
		"stream": true,
		"logprobs": true,
		"top_logprobs": TOP_ALTERNATIVES,
		// By default the start of a prompt that is too long is cut away in silence.
		"truncate": false,
		"shift": false,
		"options": drawn,
	});
	if let Some(keep_alive) = &options.keep_alive {
		body["keep_alive"] = json!(keep_alive);
	}
	match said {
		Said::Messages(messages, _) => body["messages"] = json!(messages),
		Said::Text(text) => {
			body["prompt"] = (*text).into();
			body["raw"] = true.into();
		}
	}
	body
}

/// The body of an embedding.
pub(super) fn embedding(request: &EmbedRequest, model: &str, text: &str, options: &super::Options) -> Value {
	let mut settings = json!({ "num_ctx": request.context_length });
	if let Some(threads) = options.threads {
		settings["num_thread"] = threads.into();
	}
	// By default the end of a text that is too long is cut away in silence.
	let mut body = json!({ "model": model, "input": [text], "truncate": false, "options": settings });
	if let Some(keep_alive) = &options.keep_alive {
		body["keep_alive"] = json!(keep_alive);
	}
	body
}

/// Sorts out what Ollama says no with.
pub(super) fn refusal(status: StatusCode, body: &str) -> EngineError {
	let text = serde_json::from_str::<Value>(body)
		.ok()
		.and_then(|value| value.get("error")?.as_str().map(str::to_owned))
		.unwrap_or_else(|| body.to_owned());
	let code = if speaks_of_context(&text) {
		FailCode::ContextTooLong
	} else if speaks_of_memory(&text) {
		FailCode::OutOfMemory
	} else if status == StatusCode::NOT_FOUND {
		FailCode::ModelMissing
	} else {
		FailCode::EngineError
	};
	EngineError::new(code, format!("Ollama: {} ({status})", words(&text)))
}

/// `0.17.4`, with or without something behind it.
pub(super) fn parse_version(text: &str) -> Option<(u64, u64, u64)> {
	let plain = text.split(['-', '+']).next()?;
	let mut parts = plain.split('.').map(|part| part.parse().ok());
	Some((parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?))
}

/// The digest in a Modelfile's `FROM /.../blobs/sha256-<hex>`; none for a model whose weights an adapter changes.
pub(super) fn file_digest(modelfile: &str) -> Option<H256> {
	if modelfile.lines().any(|line| line.trim_start().starts_with("ADAPTER ")) {
		return None;
	}
	let from = modelfile.lines().find_map(|line| line.trim().strip_prefix("FROM "))?;
	let name = from.trim().rsplit(['/', '\\']).next()?;
	let digits = name.strip_prefix("sha256-").or_else(|| name.strip_prefix("sha256:"))?;
	let bytes: [u8; 32] = hex::decode(digits).ok()?.try_into().ok()?;
	Some(bytes.into())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn file_digest_should_be_read_when_the_modelfile_names_a_blob() {
		let hex = "ab".repeat(32);
		let modelfile =
			format!("# Modelfile generated by \"ollama show\"\n\nFROM /x/blobs/sha256-{hex}\nTEMPLATE \"\"");
		assert_eq!(file_digest(&modelfile), Some(H256::repeat_byte(0xab)));
		assert_eq!(file_digest("FROM qwen3:8b"), None);
		assert_eq!(file_digest(&format!("{modelfile}\nADAPTER /x/blobs/sha256-{hex}")), None);
	}

	#[test]
	fn version_should_be_ordered_when_it_has_a_suffix() {
		assert!(parse_version("0.17.4").unwrap() > (0, 12, 11));
		assert_eq!(parse_version("0.12.11-rc1"), Some((0, 12, 11)));
		assert!(parse_version("0.9.6").unwrap() < (0, 12, 11));
		assert_eq!(parse_version("dev"), None);
	}

	#[test]
	fn refusal_should_have_the_code_of_its_cause_when_ollama_tells_it() {
		let code = |status, text: &str| refusal(status, &json!({ "error": text }).to_string()).code;
		let bad = StatusCode::BAD_REQUEST;
		assert_eq!(code(bad, "the input length exceeds the context length"), FailCode::ContextTooLong);
		let broken = StatusCode::INTERNAL_SERVER_ERROR;
		assert_eq!(code(broken, "model requires more system memory (8 GiB)"), FailCode::OutOfMemory);
		assert_eq!(code(StatusCode::NOT_FOUND, "model 'x' not found"), FailCode::ModelMissing);
		assert_eq!(code(broken, "llama runner process has terminated"), FailCode::EngineError);
	}
}
