//! `POST /v1/completions`.

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

/// A request for text that goes on where the prompt ends.
#[derive(Clone, Debug, Deserialize)]
pub struct CompletionRequest {
	prompt: Prompt,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Prompt {
	Text(String),
	Texts(Vec<String>),
	Other(serde::de::IgnoredAny),
}

fn prompt(prompt: Prompt) -> Result<String, ApiError> {
	let refuse = |message: &str| Err(ApiError::bad_request(Some("prompt"), message));
	match prompt {
		Prompt::Text(text) => Ok(text),
		Prompt::Texts(texts) => match <[String; 1]>::try_from(texts) {
			Ok([text]) => Ok(text),
			Err(_) => refuse("a job on chain takes one prompt; send a request for each"),
		},
		Prompt::Other(_) => refuse("the prompt must be text; miners make the tokens themselves"),
	}
}

/// Answers with the text that follows.
pub async fn create(
	State(gateway): State<Shared>,
	Body(request): Body<Request<CompletionRequest>>,
) -> Result<Response, ApiError> {
	let Request { own: CompletionRequest { prompt: given }, options } = request;
	let name = options.model.clone();
	let model = gateway.jobs.model(&name).await?.ok_or_else(|| ApiError::unknown_model(&name))?;
	let input = prompt(given)?;
	let limit = options.limit(&model, input.len());
	let job = options.job(&gateway.jobs, &model, Workload::Generate, input)?;
	let (stream, stream_options) = (options.stream, options.stream_options.unwrap_or_default());
	let answer = async move { gateway.jobs.answer(job).await.map_err(ApiError::from) };
	if stream {
		return Ok(reply::stream(answer, stream_options, move |answer| {
			vec![
				body(answer, &name, &answer.text, Value::Null),
				body(answer, &name, "", json!(finish_reason(answer, limit))),
			]
		}));
	}
	let answer = answer.await?;
	let mut whole = body(&answer, &name, &answer.text, json!(finish_reason(&answer, limit)));
	whole["usage"] = usage(&answer);
	Ok(Json(whole).into_response())
}

fn body(answer: &Answer, model: &str, text: &str, reason: Value) -> Value {
	json!({
		"id": format!("cmpl-{}", answer.job),
		"object": "text_completion",
		"created": now(),
		"model": model,
		"choices": [{ "index": 0, "text": text, "logprobs": null, "finish_reason": reason }],
		"millrace": reply::receipt(answer),
	})
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn prompt_should_be_one_text() {
		let prompt_of = |value: Value| prompt(serde_json::from_value(value).unwrap()).map_err(|error| error.message);
		assert_eq!(prompt_of(json!("go on")), Ok("go on".into()));
		assert_eq!(prompt_of(json!(["go on"])), Ok("go on".into()));
		for bad in [json!(["a", "b"]), json!([]), json!([1, 2]), json!([[1, 2]]), json!(7)] {
			assert!(prompt_of(bad.clone()).is_err(), "{bad}");
		}
	}
}
