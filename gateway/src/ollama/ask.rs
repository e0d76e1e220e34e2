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
	answer::Call,
	openai::request::{asks, check_input, order, refusal},
	prompt::{self, Kind},
	server::{AnyBody, Shared},
	tools::{Choice, Tools},
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
	/// The functions that the model can call, see [`crate::tools`].
	#[schema(value_type = Option<Vec<Value>>)]
	tools: Option<Box<RawValue>>,
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
	/// The functions that the model called.
	tool_calls: Option<Vec<ToolCall>>,
	/// In a message of the role `tool` the call that it is the result of; the first without one unless told.
	tool_call_id: Option<String>,
}

/// A call of a function in Ollama's form.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = OllamaToolCall)]
pub struct ToolCall {
	id: Option<String>,
	function: CalledFunction,
}

/// Which function is called, and how.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = OllamaCalledFunction)]
pub struct CalledFunction {
	name: String,
	#[schema(value_type = Option<Value>)]
	arguments: Option<Box<RawValue>>,
}

impl Message {
	fn of(role: &str, content: String) -> Self {
		Self { role: role.into(), content, images: None, tool_calls: None, tool_call_id: None }
	}
}

/// What no answer can do.
#[derive(Clone, Debug, Default, Deserialize)]
struct Others {
	suffix: Option<Value>,
	images: Option<Value>,
	template: Option<Value>,
	context: Option<Value>,
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

fn call((number, ToolCall { id, function }): (usize, ToolCall)) -> Result<Call, OllamaError> {
	let CalledFunction { name, arguments } = function;
	let arguments = arguments.map_or_else(|| "{}".to_owned(), |arguments| arguments.get().to_owned());
	if !arguments.starts_with('{') {
		return Err(OllamaError::bad_request(format!("the arguments of the call of {name} are no JSON object")));
	}
	Ok(Call { id: id.unwrap_or_else(|| number.to_string()), name, arguments })
}

/// What the messages ask for.
fn asked(
	messages: Vec<Message>,
	tools: Option<&Tools>,
	form: Option<&conversation::Form>,
) -> Result<(Kind, String), OllamaError> {
	let bad = |error: prompt::BadMessages| OllamaError::bad_request(error.to_string());
	let mut said = prompt::Messages::default();
	for Message { role, content, images, tool_calls, tool_call_id } in messages {
		if asks(&images) {
			return Err(OllamaError::bad_request("miners are asked in text alone, without images"));
		}
		let calls = tool_calls.unwrap_or_default().into_iter().enumerate().map(call).collect::<Result<Vec<_>, _>>()?;
		match prompt::role(&role) {
			Some(of) => said.say(of, content, &calls).map_err(bad)?,
			None if role == "tool" => said.result(tool_call_id.as_deref(), content).map_err(bad)?,
			None => {
				let known = "system, user, assistant and tool";
				let message = format!("messages of the role {role} can't be used; only {known}");
				return Err(OllamaError::bad_request(message));
			}
		}
	}
	said.ask(tools, form).map_err(bad)
}

/// The functions that the model can call, if there are any.
fn tools_of(list: Option<&RawValue>) -> Result<Option<Tools>, OllamaError> {
	let list = list.map_or("null", RawValue::get);
	Tools::read(list, Choice::Auto, true).map_err(|error| OllamaError::bad_request(format!("tools: {error}")))
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
			asked(messages, None, answer_form.as_ref())?
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
	let ChatRequest { model: name, messages, stream, format, tools, options, keep_alive, others } = request;
	let model = gateway.text_model(&caller, &name).await?;
	let form = Form { model: name, chat: true, began };
	if messages.is_empty() {
		return Ok(load_or_unload(&form, keep_alive.as_ref()));
	}
	others.check()?;
	let (tools, answer_form) = (tools_of(tools.as_deref())?, form_of(format.as_deref())?);
	if tools.is_some() && answer_form.is_some() {
		return Err(OllamaError::bad_request(
			"format can't be had where the model may call functions; leave tools or format out",
		));
	}
	let (kind, input) = asked(messages, tools.as_ref(), answer_form.as_ref())?;
	check_input("messages", &input)?;
	let options = options.unwrap_or_default();
	let sampling = options.sampling(&model, input.len())?;
	let order = options.wishes(order(&gateway.limits, &model, kind(sampling), input))?;
	let mut deltas = gateway.answer(&caller, order).await?;
	if let Some(tools) = &tools {
		deltas = tools.read_calls(deltas);
	}
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
	fn functions_should_be_those_of_the_request_or_be_refused() {
		let of = |tools: Value| tools_of(Some(&RawValue::from_string(tools.to_string()).unwrap()));
		let tool = json!({ "type": "function", "function": { "name": "f" } });
		assert!(of(json!([tool])).unwrap().is_some());
		assert!(of(json!([])).unwrap().is_none() && tools_of(None).unwrap().is_none());
		assert!(of(json!([{ "type": "function" }])).unwrap_err().0.message.starts_with("tools: "));
	}

	#[test]
	fn results_should_be_those_of_the_calls_before_them() {
		let call = json!({ "function": { "name": "add", "arguments": { "a": 17 } } });
		let messages = json!([
			{ "role": "user", "content": "17 + 25?" },
			{ "role": "assistant", "content": "", "tool_calls": [call, call] },
			{ "role": "tool", "tool_name": "add", "content": "42" },
			{ "role": "tool", "tool_name": "add", "content": "43" },
		]);
		let (_, input) = asked(serde_json::from_value(messages).unwrap(), None, None).unwrap();
		let said: Vec<Value> = serde_json::from_str(&input).unwrap();
		assert!(said[1]["content"].as_str().unwrap().contains(r#"{"name": "add", "arguments": {"a": 17}}"#), "{input}");
		let results = said[2]["content"].as_str().unwrap();
		assert!(results.find("42") < results.find("43") && results.starts_with("<tool_response>"), "{input}");
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
			asked(serde_json::from_value(messages).unwrap(), None, None)
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
