//! What goes over the wire to an OpenAI-compatible server and back.

use std::collections::BTreeMap;

use millrace_client::conversation::Form;
use millrace_primitives::{transcript::TOP_ALTERNATIVES, FailCode, Sampling};
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue, Value};

use crate::engines::{
	server::{speaks_of_context, speaks_of_memory, surely_fits, words, Said},
	transcript::{Collector, Logprob},
	EmbedRequest, EngineError, Prompt, Request,
};

/// Phrases of vLLM, SGLang and TGI that a limit follows.
const LIMITS: [&str; 4] = ["maximum context length", "context length (", "maximum model length", "must be <="];

#[derive(Deserialize)]
pub(super) struct Models {
	/// Ollama says null for none.
	pub(super) data: Option<Vec<Model>>,
}

#[derive(Deserialize)]
pub(super) struct Model {
	pub(super) id: String,
}

/// A piece of a streamed answer, of either interface.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Chunk {
	pub(super) model: Option<String>,
	pub(super) choices: Vec<Choice>,
	pub(super) usage: Option<Counted>,
	/// Only llama-server has it.
	pub(super) timings: Option<Timings>,
	pub(super) error: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
	pub(super) delta: Delta,
	pub(super) text: Option<String>,
	pub(super) finish_reason: Option<String>,
	pub(super) logprobs: Option<Logprobs>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Delta {
	pub(super) content: Option<String>,
	reasoning: Option<String>,
	reasoning_content: Option<String>,
}

impl Delta {
	/// Whether the server took a part of the answer out of its text.
	pub(super) fn is_split(&self) -> bool {
		[&self.reasoning, &self.reasoning_content].into_iter().flatten().any(|text| !text.is_empty())
	}
}

/// Log-probabilities in nats.
type ByToken = BTreeMap<String, Option<f64>>;

/// Chat's list, or the parallel lists of the older interface.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Logprobs {
	content: Option<Vec<Logprob>>,
	tokens: Option<Vec<String>>,
	token_logprobs: Option<Vec<Option<f64>>>,
	top_logprobs: Option<Vec<Option<ByToken>>>,
}

impl Logprobs {
	pub(super) fn collect(self, answer: &mut Collector) {
		for entry in self.content.iter().flatten() {
			answer.token(entry);
		}
		let logprobs = self.token_logprobs.unwrap_or_default();
		let mut tops = self.top_logprobs.unwrap_or_default().into_iter();
		for (index, token) in self.tokens.unwrap_or_default().into_iter().enumerate() {
			let others = tops.next().flatten().unwrap_or_default();
			let plain = |(token, logprob)| Logprob { token, logprob, ..Logprob::default() };
			let top_logprobs = Some(others.into_iter().map(plain).collect());
			let logprob = logprobs.get(index).copied().flatten();
			answer.token(&Logprob { token, logprob, top_logprobs, ..Logprob::default() });
		}
	}
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Counted {
	pub(super) prompt_tokens: u32,
	pub(super) completion_tokens: u32,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Timings {
	pub(super) prompt_ms: f64,
	pub(super) predicted_ms: f64,
}

/// A body with the form of its answer. A [`Value`] would put a schema's properties, and so those of the answer, in the order
/// of the alphabet.
#[derive(Serialize)]
pub(super) struct Formed<'a> {
	#[serde(flatten)]
	body: &'a Value,
	#[serde(skip_serializing_if = "Option::is_none")]
	response_format: Option<ResponseFormat>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ResponseFormat {
	JsonObject,
	JsonSchema { json_schema: Schema },
}

#[derive(Serialize)]
struct Schema {
	name: &'static str,
	schema: Box<RawValue>,
	strict: bool,
}

impl<'a> Formed<'a> {
	pub(super) fn new(body: &'a Value, said: &Said<'_>) -> Self {
		let response_format = said.form().map(|form| match form {
			Form::Json => ResponseFormat::JsonObject,
			Form::Schema(_) => ResponseFormat::JsonSchema {
				json_schema: Schema { name: "answer", schema: form.format(), strict: true },
			},
		});
		Self { body, response_format }
	}
}

/// The path and body of a generation. Nothing is left to a server's or model's own defaults that would change the
/// answer; a server passes over keys that it does not know.
pub(super) fn generation(request: &Request, model: &str, said: &Said<'_>) -> (&'static str, Value) {
	let sampling = &request.sampling;
	let mut body = json!({
		"model": model,
		"stream": true,
		"stream_options": { "include_usage": true },
		"max_tokens": sampling.max_tokens,
		"temperature": f64::from(sampling.temperature_milli) / 1e3,
		"top_p": f64::from(sampling.top_p_milli) / 1e3,
		// All three servers that know it take -1 for all tokens; 0 is an error for some.
		"top_k": if sampling.top_k == 0 { -1 } else { i32::from(sampling.top_k) },
		"min_p": 0.0,
		// Some servers take a signed number.
		"seed": request.seed & 0x7fff_ffff,
		"presence_penalty": 0.0,
		"frequency_penalty": 0.0,
		// vLLM's and SGLang's name, and llama-server's.
		"repetition_penalty": 1.0,
		"repeat_penalty": 1.0,
	});
	match said {
		Said::Messages(messages, _) => {
			body["messages"] = json!(messages);
			body["logprobs"] = true.into();
			body["top_logprobs"] = TOP_ALTERNATIVES.into();
			// vLLM's way to tell tokens apart that are spelt alike.
			body["return_tokens_as_token_ids"] = true.into();
			("/v1/chat/completions", body)
		}
		Said::Text(text) => {
			body["prompt"] = (*text).into();
			body["logprobs"] = TOP_ALTERNATIVES.into();
			("/v1/completions", body)
		}
	}
}

/// The answer of `/v1/embeddings`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Embeddings {
	pub(super) data: Vec<Embedding>,
	pub(super) usage: Counted,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Embedding {
	pub(super) embedding: Vec<f32>,
}

/// Sorts out what a server says no to an embedding with.
pub(super) fn embedding_refusal(request: &EmbedRequest, status: StatusCode, body: &str) -> EngineError {
	// As a text without an answer.
	let EmbedRequest { digest, context_length, input } = request.clone();
	let (prompt, sampling) = (Prompt::Generate, Sampling::greedy(0));
	refusal(&Request { digest, context_length, input, prompt, sampling, seed: 0 }, Some(status), body)
}

/// Sorts out what a server says no with, before the answer or in the middle of it.
pub(super) fn refusal(request: &Request, status: Option<StatusCode>, body: &str) -> EngineError {
	let value: Value = serde_json::from_str(body).unwrap_or(Value::Null);
	let error = value.get("error").filter(|error| !error.is_null()).unwrap_or(&value);
	let told = [error.get("message"), Some(error), value.get("message"), value.get("detail")];
	let text = told.into_iter().flatten().find_map(Value::as_str).unwrap_or(body);
	let shown = words(text);
	let code = if speaks_of_memory(text) {
		FailCode::OutOfMemory
	} else if speaks_of_context(text) {
		return context(request, limit(error, text), &shown);
	} else if status == Some(StatusCode::NOT_FOUND) {
		FailCode::ModelMissing
	} else {
		FailCode::EngineError
	};
	let hint = match status {
		Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => "; check the API key",
		_ => "",
	};
	let status = status.map(|status| format!(" ({status})")).unwrap_or_default();
	EngineError::new(code, format!("the server says: {shown}{status}{hint}"))
}

/// A server's context can be smaller than the registered one. Then it is not the client who asked for too much.
fn context(request: &Request, limit: Option<u32>, shown: &str) -> EngineError {
	let registered = request.context_length;
	let too_small = match limit {
		Some(limit) => limit < registered,
		None => surely_fits(request),
	};
	if too_small {
		let message = format!(
			"the server's context is smaller than the model's registered one of {registered} tokens; start the server \
			 with at least that: {shown}"
		);
		return EngineError::engine(message);
	}
	EngineError::new(FailCode::ContextTooLong, format!("the server says: {shown}"))
}

/// The server's context in tokens, as its refusal tells it.
fn limit(error: &Value, text: &str) -> Option<u32> {
	if let Some(limit) = error.get("n_ctx").and_then(Value::as_u64) {
		return u32::try_from(limit).ok();
	}
	let lower = text.to_lowercase();
	let rest = LIMITS.iter().find_map(|phrase| lower.split_once(phrase).map(|(_, rest)| rest))?;
	let digits: String = rest.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
	digits.parse().ok()
}

#[cfg(test)]
mod tests {
	use millrace_client::conversation::{Message, Role};
	use millrace_primitives::H256;

	use super::*;

	fn request(bytes: usize, max_tokens: u32) -> Request {
		let sampling = Sampling::greedy(max_tokens);
		Request {
			digest: H256::zero(),
			context_length: 4_096,
			input: vec![b'x'; bytes],
			prompt: Prompt::Chat,
			sampling,
			seed: 0,
		}
	}

	fn code(request: &Request, text: &str) -> FailCode {
		let body = json!({ "error": { "message": text } }).to_string();
		refusal(request, Some(StatusCode::BAD_REQUEST), &body).code
	}

	/// As vLLM, SGLang, TGI and llama-server write it.
	fn refusals(limit: u32) -> [String; 4] {
		[
			format!("This model's maximum context length is {limit} tokens. However, you requested 9000 tokens."),
			format!("The input (9000 tokens) is longer than the model's context length ({limit} tokens)."),
			format!("Input validation error: `inputs` tokens + `max_new_tokens` must be <= {limit}. Given: 9000."),
			"the request exceeds the available context size, try increasing it".into(),
		]
	}

	#[test]
	fn refusal_should_blame_the_client_when_the_registered_context_is_too_short() {
		for text in refusals(4_096) {
			assert_eq!(code(&request(8_000, 1_000), &text), FailCode::ContextTooLong, "{text}");
		}
	}

	#[test]
	fn refusal_should_blame_the_miner_when_the_servers_context_is_smaller() {
		for text in refusals(2_048) {
			assert_eq!(code(&request(2_000, 1_000), &text), FailCode::EngineError, "{text}");
		}
		let body = json!({ "error": { "message": "exceeds the available context size", "n_ctx": 2_048 } }).to_string();
		assert_eq!(refusal(&request(8_000, 1_000), None, &body).code, FailCode::EngineError);
	}

	#[test]
	fn refusal_should_have_the_code_of_its_cause_when_a_server_tells_it() {
		let code = |status, body: &str| refusal(&request(1, 1), Some(status), body).code;
		assert_eq!(code(StatusCode::NOT_FOUND, "no such model"), FailCode::ModelMissing);
		let memory = r#"{"message":"torch.OutOfMemoryError: CUDA out of memory"}"#;
		assert_eq!(code(StatusCode::INTERNAL_SERVER_ERROR, memory), FailCode::OutOfMemory);
		assert_eq!(code(StatusCode::SERVICE_UNAVAILABLE, r#"{"error":"overloaded"}"#), FailCode::EngineError);
		let denied = refusal(&request(1, 1), Some(StatusCode::UNAUTHORIZED), "no");
		assert!(denied.message.contains("check the API key"), "{denied}");
	}

	#[test]
	fn form_should_be_asked_for_with_its_properties_in_order() {
		let schema = r#"{"type":"object","properties":{"why":{"type":"string"},"answer":{"type":"integer"}}}"#;
		let named =
			format!(r#"{{"type":"json_schema","json_schema":{{"name":"answer","schema":{schema},"strict":true}}}}"#);
		for (form, format) in [
			(Some(Form::of_schema(schema).unwrap()), Some(named.as_str())),
			(Some(Form::Json), Some(r#"{"type":"json_object"}"#)),
			(None, None),
		] {
			let said = Said::Messages(vec![Message::new(Role::User, "hi")], form);
			let (_, body) = generation(&request(1, 8), "m", &said);
			let text = serde_json::to_string(&Formed::new(&body, &said)).unwrap();
			let found = text.split_once(r#""response_format":"#).map(|(_, rest)| &rest[..rest.len() - 1]);
			assert_eq!(found, format, "{text}");
		}
	}

	#[test]
	fn generation_should_leave_nothing_to_defaults_when_the_job_says_little() {
		let (path, body) = {
			let said = Said::Messages(vec![Message::new(Role::User, "hi")], None);
			generation(&Request { seed: u64::MAX, ..request(1, 8) }, "m", &said)
		};
		assert_eq!(path, "/v1/chat/completions");
		assert_eq!(body["messages"][0]["content"], "hi");
		assert_eq!((&body["top_k"], &body["top_p"], &body["min_p"]), (&json!(-1), &json!(1.0), &json!(0.0)));
		assert_eq!((&body["seed"], &body["repetition_penalty"]), (&json!(0x7fff_ffff), &json!(1.0)));
		assert_eq!((&body["logprobs"], &body["top_logprobs"]), (&json!(true), &json!(5)));
		assert_eq!(body["stream_options"]["include_usage"], true);
		let (prompt, sampling) = (Prompt::Generate, Sampling { top_k: 40, ..Sampling::greedy(8) });
		let (path, body) = generation(&Request { prompt, sampling, ..request(1, 8) }, "m", &Said::Text("hi"));
		assert_eq!((path, &body["prompt"]), ("/v1/completions", &json!("hi")));
		assert_eq!((&body["logprobs"], &body["top_k"]), (&json!(5), &json!(40)));
	}
}
