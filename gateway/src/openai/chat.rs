//! `POST /v1/chat/completions`.

use axum::{
	extract::State,
	response::{IntoResponse, Response},
	Json,
};
use millrace_client::conversation::Form as AnswerForm;
use serde::Deserialize;
use serde_json::{json, Value};
use utoipa::ToSchema;

use super::{
	logprobs::Form,
	reply::{self, Head, Part},
	request::Request,
	ApiError,
};
use crate::{
	access::Caller,
	answer::{Answer, Call, End, Finish},
	prompt::{self, Kind},
	server::{Body, Shared},
	several::whole,
	tools::Tools,
};

/// A request for the next message.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct ChatRequest {
	/// Oldest first; the last one is the user's.
	messages: Vec<Message>,
}

/// A message of a chat.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Message {
	/// Who says it.
	role: String,
	/// What is said; a model that calls functions need not say anything.
	content: Option<Content>,
	/// The functions that the model called.
	tool_calls: Option<Vec<ToolCall>>,
	/// In a message of the role `tool` the call that it is the result of.
	tool_call_id: Option<String>,
}

/// A call of a function.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct ToolCall {
	id: String,
	function: CalledFunction,
}

/// Which function is called, and how.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct CalledFunction {
	name: String,
	/// A JSON object, as text.
	arguments: String,
}

/// What a message says.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Content {
	/// Text.
	Text(String),
	/// Text in parts.
	Parts(Vec<ContentPart>),
}

/// A part of a message.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct ContentPart {
	#[serde(rename = "type")]
	kind: String,
	text: Option<String>,
}

fn refuse(message: impl Into<String>) -> ApiError {
	ApiError::bad_request(Some("messages"), message)
}

fn text(content: Content) -> Result<String, ApiError> {
	let parts = match content {
		Content::Text(text) => return Ok(text),
		Content::Parts(parts) => parts,
	};
	let mut text = String::new();
	for part in parts {
		match part {
			ContentPart { kind, text: Some(more) } if kind == "text" => text.push_str(&more),
			ContentPart { kind, .. } => {
				return Err(refuse(format!("parts of the type {kind} can't be used; only text")))
			}
		}
	}
	Ok(text)
}

fn call(ToolCall { id, function: CalledFunction { name, arguments } }: ToolCall) -> Result<Call, ApiError> {
	if serde_json::from_str::<serde_json::Map<String, Value>>(&arguments).is_err() {
		return Err(refuse(format!("the arguments of the call {id} are no JSON object")));
	}
	Ok(Call { id, name, arguments })
}

/// What the messages ask for.
fn asked(messages: Vec<Message>, tools: Option<&Tools>, form: Option<&AnswerForm>) -> Result<(Kind, String), ApiError> {
	let bad = |error: prompt::BadMessages| refuse(error.to_string());
	let mut said = prompt::Messages::default();
	for Message { role, content, tool_calls, tool_call_id } in messages {
		let text = content.map(text).transpose()?;
		let calls = tool_calls.unwrap_or_default().into_iter().map(call).collect::<Result<Vec<_>, _>>()?;
		let (text, of) = match (text, prompt::role(&role)) {
			(None, _) if calls.is_empty() => return Err(refuse("a message has no content")),
			(text, of) => (text.unwrap_or_default(), of),
		};
		match of {
			Some(of) => said.say(of, text, &calls).map_err(bad)?,
			None if role == "tool" => {
				let id = tool_call_id.ok_or_else(|| refuse("a message of the role tool has no tool_call_id"))?;
				said.result(Some(&id), text).map_err(bad)?;
			}
			None => {
				let known = "system, developer, user, assistant and tool";
				return Err(refuse(format!("messages of the role {role} can't be used; only {known}")));
			}
		}
	}
	said.ask(tools, form).map_err(bad)
}

/// Answers the last message.
#[utoipa::path(
	post,
	path = "/v1/chat/completions",
	tag = "OpenAI",
	request_body = Request<ChatRequest>,
	params(("Idempotency-Key" = Option<String>, Header, description = "A name for the request: sent again, it is not charged again but refused")),
	responses(
		(status = 200, description = "The answer, or events of it when `stream` is set", body = Value),
		(status = "default", description = "Why there is none, in OpenAI's form", body = Value),
	),
)]
pub async fn create(
	State(gateway): State<Shared>,
	caller: Caller,
	Body(request): Body<Request<ChatRequest>>,
) -> Result<Response, ApiError> {
	let Request { own: ChatRequest { messages }, options } = request;
	let model = gateway.text_model(&caller, &options.model).await?;
	let tools = options.tools()?;
	let (kind, input) = asked(messages, tools.as_ref(), options.chat_form(tools.as_ref())?.as_ref())?;
	let form = Form::of_chat(options.logprobs.as_ref(), options.top_logprobs.as_ref())?;
	let mut orders = options.orders(&gateway.limits, &model, kind, ("messages", input), form.is_some())?;
	for order in &mut orders {
		order.stop.extend(tools.as_ref().and_then(Tools::stop));
	}
	let head = Head::new("chatcmpl", &options.model);
	let mut all = gateway.answers(&caller, orders).await?;
	if let Some(tools) = &tools {
		all = all.into_iter().map(|deltas| tools.read_calls(deltas)).collect();
	}
	if options.stream == Some(true) {
		let options = options.stream_options.unwrap_or_default();
		return Ok(reply::stream(all, options, move |index, part| Some(chunk(&head, form, index, part))));
	}
	let answers = whole(all).await?;
	let body = head.whole("chat.completion", &answers, |index, answer| {
		json!({
			"index": index,
			"message": message(answer),
			"logprobs": form.map_or(Value::Null, |form| form.write(&answer.tokens, 0)),
			"finish_reason": finish(&answer.end, !answer.calls.is_empty()),
		})
	});
	Ok(Json(body).into_response())
}

fn finish(end: &End, called: bool) -> &'static str {
	match end.finish {
		Finish::Stop if called => "tool_calls",
		finish => finish.name(),
	}
}

fn called(Call { id, name, arguments }: &Call) -> Value {
	json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } })
}

fn message(answer: &Answer) -> Value {
	let text = answer.text();
	let mut message = json!({ "role": "assistant", "content": text, "refusal": null });
	if !answer.calls.is_empty() {
		message["tool_calls"] = answer.calls.iter().map(called).collect();
		if text.is_empty() {
			message["content"] = Value::Null;
		}
	}
	message
}

fn chunk(head: &Head, form: Option<Form>, index: usize, part: Part) -> Value {
	let (delta, record, reason, end) = match part {
		Part::Begin => (json!({ "role": "assistant", "content": "" }), Value::Null, Value::Null, None),
		Part::Text(said) => (json!({ "content": said.text }), said.record(form), Value::Null, None),
		Part::Call(number, call) => {
			let mut call = called(&call);
			call["index"] = number.into();
			(json!({ "tool_calls": [call] }), Value::Null, Value::Null, None)
		}
		Part::End { end, called } => (json!({}), Value::Null, json!(finish(&end, called)), Some(end)),
	};
	let choice = json!({ "index": index, "delta": delta, "logprobs": record, "finish_reason": reason });
	head.event("chat.completion.chunk", choice, end.as_ref())
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::answer::fake;

	fn asked_of(messages: Value) -> Result<(&'static str, String), String> {
		let (kind, input) =
			asked(serde_json::from_value(messages).unwrap(), None, None).map_err(|error| error.message)?;
		Ok((kind(millrace_primitives::Sampling::greedy(1)).name(), input))
	}

	#[test]
	fn input_should_be_the_text_when_there_is_one_message() {
		assert_eq!(asked_of(json!([{ "role": "user", "content": "hi" }])), Ok(("chat", "hi".into())));
		let parts = json!([{ "type": "text", "text": "a" }, { "type": "text", "text": "b" }]);
		assert_eq!(asked_of(json!([{ "role": "user", "content": parts }])), Ok(("chat", "ab".into())));
	}

	#[test]
	fn input_should_be_the_conversation_when_there_are_more() {
		let (system, user) =
			(json!({ "role": "developer", "content": "brief" }), json!({ "role": "user", "content": "hi" }));
		let text = r#"[{"role":"system","content":"brief"},{"role":"user","content":"hi"}]"#;
		assert_eq!(asked_of(json!([system, user])), Ok(("conversation", text.into())));
	}

	#[test]
	fn messages_should_be_refused_when_something_would_be_left_out() {
		let user = json!({ "role": "user", "content": "hi" });
		for messages in [
			json!([]),
			json!([user, { "role": "assistant", "content": "ho" }]),
			json!([{ "role": "system", "content": "hi" }]),
			json!([{ "role": "tool", "content": "hi" }, user]),
			json!([user, { "role": "tool", "tool_call_id": "a", "content": "hi" }]),
			json!([{ "role": "function", "name": "f", "content": "hi" }, user]),
			json!([{ "role": "user", "content": null }]),
			json!([{ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "x" } }] }]),
		] {
			assert!(asked_of(messages.clone()).is_err(), "{messages}");
		}
	}

	fn history(arguments: &str, result: Value) -> Value {
		let function = json!({ "name": "add", "arguments": arguments });
		json!([
			{ "role": "user", "content": "17 + 25?" },
			{ "role": "assistant", "content": null, "tool_calls": [{ "id": "a", "type": "function", "function": function }] },
			result,
		])
	}

	#[test]
	fn input_should_have_the_calls_and_their_results() {
		let result = json!({ "role": "tool", "tool_call_id": "a", "content": [{ "type": "text", "text": "42" }] });
		let (_, input) = asked_of(history(r#"{"b":25,"a":17}"#, result)).unwrap();
		let said: Vec<Value> = serde_json::from_str(&input).unwrap();
		let call = "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"b\": 25, \"a\": 17}}\n</tool_call>";
		assert_eq!(said[1], json!({ "role": "assistant", "content": call }));
		assert_eq!(said[2], json!({ "role": "user", "content": "<tool_response>\n42\n</tool_response>" }));
	}

	#[test]
	fn messages_should_be_refused_when_a_call_or_its_result_makes_no_sense() {
		let result = json!({ "role": "tool", "tool_call_id": "a", "content": "42" });
		for (arguments, result, reason) in [
			("a = 1", result.clone(), "arguments of the call a"),
			("{}", json!({ "role": "tool", "content": "42" }), "no tool_call_id"),
			("{}", json!({ "role": "tool", "tool_call_id": "b", "content": "42" }), "tool_call_id b"),
			("{}", json!({ "role": "user", "content": "well?" }), "the call a has no message"),
		] {
			let error = asked_of(history(arguments, result)).unwrap_err();
			assert!(error.contains(reason), "{error}");
		}
	}

	#[test]
	fn answer_should_have_its_calls_and_say_that_it_ends_with_them() {
		let call = Call { id: "a".into(), name: "add".into(), arguments: "{}".into() };
		let mut answer = Answer { output: Vec::new(), tokens: Vec::new(), calls: vec![call], end: fake::end() };
		let told = json!([{ "id": "a", "type": "function", "function": { "name": "add", "arguments": "{}" } }]);
		assert_eq!(
			message(&answer),
			json!({ "role": "assistant", "content": null, "refusal": null, "tool_calls": told })
		);
		assert_eq!((finish(&answer.end, true), finish(&answer.end, false)), ("tool_calls", "stop"));
		answer.output = b"Wait.".to_vec();
		assert_eq!(message(&answer)["content"], "Wait.");
		let cut = End { finish: Finish::Length, ..fake::end() };
		assert_eq!(finish(&cut, true), "length");
	}
}
