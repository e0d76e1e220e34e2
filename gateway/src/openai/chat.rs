//! `POST /v1/chat/completions`.

use axum::{
	extract::State,
	response::{IntoResponse, Response},
	Json,
};
use millrace_primitives::Workload;
use serde::Deserialize;
use serde_json::{json, Value};

use super::{
	reply::{self, finish_reason, now, usage},
	request::Request,
	ApiError,
};
use crate::{
	jobs::Answer,
	server::{Body, Shared},
};

/// A request for the next message.
#[derive(Clone, Debug, Deserialize)]
pub struct ChatRequest {
	messages: Vec<Message>,
}

#[derive(Clone, Debug, Deserialize)]
struct Message {
	role: String,
	content: Option<Content>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Content {
	Text(String),
	Parts(Vec<Part>),
}

#[derive(Clone, Debug, Deserialize)]
struct Part {
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
					Part { kind, text: Some(more) } if kind == "text" => text.push_str(&more),
					Part { kind, .. } => return refuse(&format!("parts of the type {kind} can't be used; only text")),
				}
			}
			Ok(text)
		}
		None => refuse("the message has no content"),
	}
}

/// Answers with the next message.
pub async fn create(
	State(gateway): State<Shared>,
	Body(request): Body<Request<ChatRequest>>,
) -> Result<Response, ApiError> {
	let Request { own: ChatRequest { messages }, options } = request;
	let name = options.model.clone();
	let model = gateway.jobs.model(&name).await?.ok_or_else(|| ApiError::unknown_model(&name))?;
	let input = prompt(messages)?;
	let limit = options.limit(&model, input.len());
	let job = options.job(&gateway.jobs, &model, Workload::Chat, input)?;
	let (stream, stream_options) = (options.stream, options.stream_options.unwrap_or_default());
	let answer = async move { gateway.jobs.answer(job).await.map_err(ApiError::from) };
	if stream {
		return Ok(reply::stream(answer, stream_options, move |answer| chunks(answer, &name, limit)));
	}
	let answer = answer.await?;
	Ok(Json(whole(&answer, &name, limit)).into_response())
}

fn head(answer: &Answer, model: &str, object: &str) -> Value {
	json!({
		"id": format!("chatcmpl-{}", answer.job),
		"object": object,
		"created": now(),
		"model": model,
		"millrace": reply::receipt(answer),
	})
}

fn whole(answer: &Answer, model: &str, limit: u32) -> Value {
	let mut body = head(answer, model, "chat.completion");
	body["choices"] = json!([{
		"index": 0,
		"message": { "role": "assistant", "content": answer.text, "refusal": null },
		"logprobs": null,
		"finish_reason": finish_reason(answer, limit),
	}]);
	body["usage"] = usage(answer);
	body
}

fn chunks(answer: &Answer, model: &str, limit: u32) -> Vec<Value> {
	let chunk = |delta: Value, reason: Value| {
		let mut body = head(answer, model, "chat.completion.chunk");
		body["choices"] = json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": reason }]);
		body
	};
	vec![
		chunk(json!({ "role": "assistant", "content": "" }), Value::Null),
		chunk(json!({ "content": answer.text }), Value::Null),
		chunk(json!({}), json!(finish_reason(answer, limit))),
	]
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
