//! `POST /v1/chat/completions`.

use axum::{
	extract::State,
	response::{IntoResponse, Response},
	Json,
};
use millrace_client::conversation;
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
	prompt::{self, Kind},
	server::{Body, Shared},
	several::whole,
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

/// What the messages ask for.
fn asked(messages: Vec<Message>, form: Option<&conversation::Form>) -> Result<(Kind, String), ApiError> {
	let refuse = |message: &str| ApiError::bad_request(Some("messages"), message);
	let mut said = Vec::new();
	for Message { role, content } in messages {
		let of = prompt::role(&role).ok_or_else(|| {
			refuse(&format!("messages of the role {role} can't be used; only system, developer, user and assistant"))
		})?;
		let text = match content {
			Some(Content::Text(text)) => text,
			Some(Content::Parts(parts)) => {
				let mut text = String::new();
				for part in parts {
					match part {
						ContentPart { kind, text: Some(more) } if kind == "text" => text.push_str(&more),
						ContentPart { kind, .. } => {
							return Err(refuse(&format!("parts of the type {kind} can't be used; only text")))
						}
					}
				}
				text
			}
			None => return Err(refuse("a message has no content")),
		};
		said.push(conversation::Message::new(of, text));
	}
	prompt::of(said, form).map_err(|error| refuse(&error.to_string()))
}

/// Answers the last message.
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
	let (kind, input) = asked(messages, options.form()?.as_ref())?;
	let form = Form::of_chat(options.logprobs.as_ref(), options.top_logprobs.as_ref())?;
	let orders = options.orders(&gateway.limits, &model, kind, ("messages", input), form.is_some())?;
	let head = Head::new("chatcmpl", &options.model);
	let all = gateway.answers(&caller, orders).await?;
	if options.stream == Some(true) {
		let options = options.stream_options.unwrap_or_default();
		return Ok(reply::stream(all, options, move |index, part| Some(chunk(&head, form, index, part))));
	}
	let answers = whole(all).await?;
	let body = head.whole("chat.completion", &answers, |index, answer| {
		json!({
			"index": index,
			"message": { "role": "assistant", "content": answer.text(), "refusal": null },
			"logprobs": form.map_or(Value::Null, |form| form.write(&answer.tokens, 0)),
			"finish_reason": answer.end.finish.name(),
		})
	});
	Ok(Json(body).into_response())
}

fn chunk(head: &Head, form: Option<Form>, index: usize, part: Part) -> Value {
	let (delta, record, reason, end) = match part {
		Part::Begin => (json!({ "role": "assistant", "content": "" }), Value::Null, Value::Null, None),
		Part::Text(said) => (json!({ "content": said.text }), said.record(form), Value::Null, None),
		Part::End(end) => (json!({}), Value::Null, json!(end.finish.name()), Some(end)),
	};
	let choice = json!({ "index": index, "delta": delta, "logprobs": record, "finish_reason": reason });
	head.event("chat.completion.chunk", choice, end.as_ref())
}

#[cfg(test)]
mod tests {
	use super::*;

	fn asked_of(messages: Value) -> Result<(&'static str, String), String> {
		let (kind, input) = asked(serde_json::from_value(messages).unwrap(), None).map_err(|error| error.message)?;
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
			json!([{ "role": "user", "content": null }]),
			json!([{ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "x" } }] }]),
		] {
			assert!(asked_of(messages.clone()).is_err(), "{messages}");
		}
	}
}
