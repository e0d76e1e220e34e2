//! `POST /api/generate` and `POST /api/chat`.

use std::time::Instant;

use axum::{
	extract::State,
	response::{IntoResponse, Response},
	Json,
};
use millrace_client::conversation;
use millrace_primitives::Workload;
use serde::Deserialize;
use serde_json::{value::RawValue, Value};
use utoipa::ToSchema;

use super::{
	options::Options,
	reply::{reply, Form},
	OllamaError,
};
use crate::{
	access::Caller,
	openai::request::{asks, check_input, order, refusal},
	prompt::{self, Kind},
	server::{AnyBody, Shared},
};

/// A request for text.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct GenerateRequest {
	/// Name or number of a model of the chain.
	model: String,
	/// What is asked; empty: nothing is done.
	#[serde(default)]
	prompt: String,
	/// What stands before the prompt.
	system: Option<String>,
	/// Whether the model goes on where the prompt ends, without its template.
	raw: Option<bool>,
	/// Whether the answer comes in lines; it does unless told otherwise.
	stream: Option<bool>,
	/// `"json"`, or the JSON Schema of the answer.
	#[schema(value_type = Option<Value>)]
	format: Option<Box<RawValue>>,
	options: Option<Options>,
	/// Passed over, but for 0 without a prompt.
	keep_alive: Option<Value>,
	#[serde(flatten)]
	#[schema(ignore)]
	others: Others,
}

/// A request for the next message.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct ChatRequest {
	/// Name or number of a model of the chain.
	model: String,
	/// Oldest first, the last one the user's; none: nothing is done.
	#[serde(default)]
	messages: Vec<Message>,
	/// Whether the answer comes in lines; it does unless told otherwise.
	stream: Option<bool>,
	/// `"json"`, or the JSON Schema of the answer.
	#[schema(value_type = Option<Value>)]
	format: Option<Box<RawValue>>,
	options: Option<Options>,
	/// Passed over, but for 0 without a message.
	keep_alive: Option<Value>,
	#[serde(flatten)]
	#[schema(ignore)]
	others: Others,
}

/// A message of a chat in Ollama's form.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = OllamaMessage)]
pub struct Message {
	role: String,
	#[serde(default)]
	content: String,
	images: Option<Value>,
	tool_calls: Option<Value>,
}

impl Message {
	fn of(role: &str, content: String) -> Self {
		Self { role: role.into(), content, images: None, tool_calls: None }
	}
}

/// What no answer can do.
#[derive(Clone, Debug, Default, Deserialize)]
struct Others {
	suffix: Option<Value>,
	images: Option<Value>,
	template: Option<Value>,
	context: Option<Value>,
	tools: Option<Value>,
	think: Option<Value>,
	logprobs: Option<Value>,
	top_logprobs: Option<Value>,
}

impl Others {
	fn check(&self) -> Result<(), OllamaError> {
		let given = [
			("suffix", &self.suffix),
			("images", &self.images),
			("template", &self.template),
			("context", &self.context),
			("tools", &self.tools),
			("think", &self.think),
			("logprobs", &self.logprobs),
			("top_logprobs", &self.top_logprobs),
		];
		match given.into_iter().find(|(_, value)| asks(value)) {
			Some((name, _)) => Err(unable(name)),
			None => Ok(()),
		}
	}
}

fn unable(name: &str) -> OllamaError {
	let why = refusal(name).unwrap_or("no answer here can do that; leave it out");
	OllamaError::bad_request(format!("{name}: {why}"))
}

/// The form of the answer, if it is to have one.
fn form_of(format: Option<&RawValue>) -> Result<Option<conversation::Form>, OllamaError> {
	let form = format.map(conversation::Form::of_format).transpose();
	form.map(Option::flatten).map_err(|error| OllamaError::bad_request(error.to_string()))
}

/// What the messages ask for.
fn asked(messages: Vec<Message>, form: Option<&conversation::Form>) -> Result<(Kind, String), OllamaError> {
	let mut said = Vec::new();
	for Message { role, content, images, tool_calls } in messages {
		let of = prompt::role(&role).ok_or_else(|| {
			OllamaError::bad_request(format!(
				"messages of the role {role} can't be used; only system, user and assistant"
			))
		})?;
		if asks(&images) || asks(&tool_calls) {
			return Err(OllamaError::bad_request("miners are asked in text alone, without images and tools"));
		}
		said.push(conversation::Message::new(of, content));
	}
	prompt::of(said, form).map_err(|error| OllamaError::bad_request(error.to_string()))
}

/// What is told when nothing is asked.
fn load_or_unload(form: &Form, keep_alive: Option<&Value>) -> Response {
	let zero = keep_alive.is_some_and(|value| match value {
		Value::Number(number) => number.as_f64() == Some(0.0),
		Value::String(text) => text.trim_end_matches(char::is_alphabetic) == "0",
		_ => false,
	});
	Json(form.nothing(if zero { "unload" } else { "load" })).into_response()
}

/// Answers a prompt.
#[utoipa::path(
	post,
	path = "/api/generate",
	tag = "Ollama",
	request_body = GenerateRequest,
	responses(
		(status = 200, description = "The answer, in lines unless `stream` is false", body = Value),
		(status = "default", description = "Why there is none", body = Value),
	),
)]
pub async fn generate(
	State(gateway): State<Shared>,
	caller: Caller,
	AnyBody(request): AnyBody<GenerateRequest>,
) -> Result<Response, OllamaError> {
	let began = Instant::now();
	let GenerateRequest { model: name, prompt, system, raw, stream, format, options, keep_alive, others } = request;
	let system = system.filter(|system| !system.is_empty());
	let model = gateway.text_model(&caller, &name).await?;
	let form = Form { model: name, chat: false, began };
	if prompt.is_empty() {
		return Ok(load_or_unload(&form, keep_alive.as_ref()));
	}
	others.check()?;
	let answer_form = form_of(format.as_deref())?;
	let (kind, input): (Kind, String) = match (raw, system) {
		(Some(true), _) if answer_form.is_some() => return Err(unable("format")),
		(Some(true), None) => (Workload::Generate, prompt),
		(Some(true), Some(_)) => {
			return Err(OllamaError::bad_request("system: a raw prompt has no template to put it in"))
		}
		(_, system) => {
			let system = system.map(|system| Message::of("system", system));
			let messages = system.into_iter().chain([Message::of("user", prompt)]).collect();
			asked(messages, answer_form.as_ref())?
		}
	};
	check_input("prompt", &input)?;
	let options = options.unwrap_or_default();
	let sampling = options.sampling(&model, input.len())?;
	let order = options.wishes(order(&gateway.limits, &model, kind(sampling), input))?;
	let deltas = gateway.answer(&caller, order).await?;
	reply(form, deltas, stream != Some(false)).await
}

/// Answers the last message.
#[utoipa::path(
	post,
	path = "/api/chat",
	tag = "Ollama",
	request_body(content = ChatRequest),
	responses(
		(status = 200, description = "The answer, in lines unless `stream` is false", body = Value),
		(status = "default", description = "Why there is none", body = Value),
	),
)]
pub async fn chat(
	State(gateway): State<Shared>,
	caller: Caller,
	AnyBody(request): AnyBody<ChatRequest>,
) -> Result<Response, OllamaError> {
	let began = Instant::now();
	let ChatRequest { model: name, messages, stream, format, options, keep_alive, others } = request;
	let model = gateway.text_model(&caller, &name).await?;
	let form = Form { model: name, chat: true, began };
	if messages.is_empty() {
		return Ok(load_or_unload(&form, keep_alive.as_ref()));
	}
	others.check()?;
	let (kind, input) = asked(messages, form_of(format.as_deref())?.as_ref())?;
	check_input("messages", &input)?;
	let options = options.unwrap_or_default();
	let sampling = options.sampling(&model, input.len())?;
	let order = options.wishes(order(&gateway.limits, &model, kind(sampling), input))?;
	let deltas = gateway.answer(&caller, order).await?;
	reply(form, deltas, stream != Some(false)).await
}

#[cfg(test)]
mod tests {
	use serde_json::json;

	use super::*;

	#[test]
	fn request_should_be_refused_by_name_when_a_job_can_not_do_what_it_asks() {
		for (extra, name) in [
			(json!({ "images": ["aGk="] }), "images"),
			(json!({ "think": true }), "think"),
			(json!({ "context": [1] }), "context"),
			(json!({ "logprobs": true }), "logprobs"),
		] {
			let mut request = json!({ "model": "tiny", "prompt": "hi" });
			request.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
			let request: GenerateRequest = serde_json::from_value(request).unwrap();
			assert!(request.others.check().unwrap_err().0.message.contains(name), "{extra}");
		}
	}

	#[test]
	fn chat_should_be_refused_with_the_reason_when_it_brings_tools() {
		let user = json!({ "role": "user", "content": "hi" });
		let request = json!({ "model": "tiny", "messages": [user], "tools": [{ "type": "function" }] });
		let request: ChatRequest = serde_json::from_value(request).unwrap();
		let message = request.others.check().unwrap_err().0.message;
		assert!(message.starts_with("tools: models are asked in text alone"), "{message}");
		let none = json!({ "model": "tiny", "tools": [], "format": "", "think": false });
		assert!(serde_json::from_value::<ChatRequest>(none).unwrap().others.check().is_ok());
	}

	#[test]
	fn form_should_be_that_of_the_request_with_its_properties_in_order() {
		let text = r#"{"model":"tiny","messages":[],"format":{"properties":{"b":{},"a":{}}},"options":{"seed":1}}"#;
		let request: ChatRequest = serde_json::from_str(text).unwrap();
		let form = form_of(request.format.as_deref()).unwrap().unwrap();
		assert_eq!(form, conversation::Form::Schema(r#"{"properties":{"b":{},"a":{}}}"#.into()));
		let text = r#"{"model":"tiny","prompt":"hi","format":"yaml"}"#;
		let request: GenerateRequest = serde_json::from_str(text).unwrap();
		assert!(form_of(request.format.as_deref()).unwrap_err().0.message.contains("JSON Schema"));
	}

	#[test]
	fn request_of_ollamas_own_client_should_be_taken() {
		let text = r#"{"model":"tiny","prompt":"hi","suffix":"","system":"","template":"","context":[],"options":{}}"#;
		let request: GenerateRequest = serde_json::from_str(text).unwrap();
		assert!(request.others.check().is_ok());
		assert_eq!((request.prompt.as_str(), request.stream), ("hi", None));
	}

	#[test]
	fn messages_should_be_refused_when_something_would_be_left_out() {
		let input_of = |messages: Value| {
			asked(serde_json::from_value(messages).unwrap(), None)
				.map(|(_, input)| input)
				.map_err(|error| error.0.message)
		};
		let user = json!({ "role": "user", "content": "hi" });
		assert_eq!(input_of(json!([user])), Ok("hi".into()));
		for messages in [
			json!([{ "role": "tool", "content": "be brief" }, user]),
			json!([{ "role": "assistant", "content": "hi" }]),
			json!([{ "role": "user", "content": "hi", "images": ["aGk="] }]),
		] {
			assert!(input_of(messages.clone()).is_err(), "{messages}");
		}
	}
}
