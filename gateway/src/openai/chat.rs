//! `POST /v1/chat/completions`.

use axum::{
	extract::State,
	response::{IntoResponse, Response},
	Json,
};
use millrace_primitives::Workload;
use serde::Deserialize;
use serde_json::{json, Value};
use utoipa::ToSchema;

use super::{
	reply::{self, usage, Head, Part},
	request::Request,
	ApiError,
};
use crate::{
	access::Caller,
	answer::whole,
	server::{Body, Shared},
};

/// A request for the next message.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct ChatRequest {
	/// One, of the user.
	messages: Vec<Message>,
}

/// A message of a chat.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Message {
	/// Who says it.
	role: String,
	/// What is said.
	content: Option<Content>,
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

/// The text of the one user message that a job takes: the model's own template wraps it, and no miner is told what else
/// would stand around it.
fn prompt(messages: Vec<Message>) -> Result<String, ApiError> {
	let refuse = |message: &str| Err(ApiError::bad_request(Some("messages"), message));
	let Ok([message]) = <[Message; 1]>::try_from(messages) else {
		return refuse("a job on chain takes one user message; conversations and system messages need a channel");
	};
	if message.role != "user" {
		return refuse("the one message of a job must have the role user");
	}
	match message.content {
		Some(Content::Text(text)) => Ok(text),
		Some(Content::Parts(parts)) => {
			let mut text = String::new();
			for part in parts {
				match part {
					ContentPart { kind, text: Some(more) } if kind == "text" => text.push_str(&more),
					ContentPart { kind, .. } => {
						return refuse(&format!("parts of the type {kind} can't be used; only text"))
					}
				}
			}
			Ok(text)
		}
		None => refuse("the message has no content"),
	}
}

/// Answers one user message.
#[utoipa::path(
	post,
	path = "/v1/chat/completions",
	tag = "OpenAI",
	request_body = Request<ChatRequest>,
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
	let order = options.order(&gateway.limits, &model, Workload::Chat, ("messages", prompt(messages)?))?;
	let head = Head::new("chatcmpl", &options.model);
	let deltas = gateway.backend.answer(&caller, order).await?;
	if options.stream == Some(true) {
		let options = options.stream_options.unwrap_or_default();
		return Ok(reply::stream(deltas, options, move |part| Some(chunk(&head, part))));
	}
	let answer = whole(deltas).await?;
	let choice = json!({
		"index": 0,
		"message": { "role": "assistant", "content": answer.text(), "refusal": null },
		"logprobs": null,
		"finish_reason": answer.end.finish.name(),
	});
	let mut body = head.body("chat.completion", choice, Some(&answer.end));
	body["usage"] = usage(&answer.end);
	Ok(Json(body).into_response())
}

fn chunk(head: &Head, part: Part) -> Value {
	let (delta, reason, end) = match part {
		Part::Begin => (json!({ "role": "assistant", "content": "" }), Value::Null, None),
		Part::Text(text) => (json!({ "content": text }), Value::Null, None),
		Part::End(end) => (json!({}), json!(end.finish.name()), Some(end)),
	};
	let choice = json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": reason });
	head.body("chat.completion.chunk", choice, end.as_ref())
}

#[cfg(test)]
mod tests {
	use super::*;

	fn prompt_of(messages: Value) -> Result<String, String> {
		prompt(serde_json::from_value(messages).unwrap()).map_err(|error| error.message)
	}

	#[test]
	fn prompt_should_be_the_text_of_the_one_user_message() {
		assert_eq!(prompt_of(json!([{ "role": "user", "content": "hi" }])), Ok("hi".into()));
		let parts = json!([{ "type": "text", "text": "a" }, { "type": "text", "text": "b" }]);
		assert_eq!(prompt_of(json!([{ "role": "user", "content": parts }])), Ok("ab".into()));
	}

	#[test]
	fn prompt_should_be_refused_when_something_would_be_left_out() {
		let user = json!({ "role": "user", "content": "hi" });
		for messages in [
			json!([]),
			json!([{ "role": "system", "content": "be brief" }, user]),
			json!([user, { "role": "assistant", "content": "ho" }, user]),
			json!([{ "role": "system", "content": "hi" }]),
			json!([{ "role": "user", "content": null }]),
			json!([{ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "x" } }] }]),
		] {
			assert!(prompt_of(messages.clone()).is_err(), "{messages}");
		}
	}
}
