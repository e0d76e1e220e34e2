//! `POST /v1/completions`.

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
	logprobs::Form,
	reply::{self, Head, Part},
	request::Request,
	ApiError,
};
use crate::{
	access::Caller,
	server::{Body, Shared},
	several::whole,
};

/// A request for text that goes on where the prompt ends.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct CompletionRequest {
	/// Text.
	#[schema(value_type = String)]
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

/// Goes on where the prompt ends.
#[utoipa::path(
	post,
	path = "/v1/completions",
	tag = "OpenAI",
	request_body = Request<CompletionRequest>,
	params(("Idempotency-Key" = Option<String>, Header, description = "A name for the request: sent again, it is not charged again but refused")),
	responses(
		(status = 200, description = "The text that follows, or events of it when `stream` is set", body = Value),
		(status = "default", description = "Why there is none, in OpenAI's form", body = Value),
	),
)]
pub async fn create(
	State(gateway): State<Shared>,
	caller: Caller,
	Body(request): Body<Request<CompletionRequest>>,
) -> Result<Response, ApiError> {
	let Request { own: CompletionRequest { prompt: given }, options } = request;
	let model = gateway.text_model(&caller, &options.model).await?;
	options.check_text_alone()?;
	let form = Form::of_completion(options.logprobs.as_ref())?;
	let input = ("prompt", prompt(given)?);
	let orders = options.orders(&gateway.limits, &model, Workload::Generate, input, form.is_some())?;
	let head = Head::new("cmpl", &options.model);
	let all = gateway.answers(&caller, orders).await?;
	if options.stream == Some(true) {
		let options = options.stream_options.unwrap_or_default();
		return Ok(reply::stream(all, options, move |index, part| match part {
			// Nothing calls a function here.
			Part::Begin | Part::Call(..) => None,
			Part::Text(said) => {
				let record = said.record(form);
				Some(head.event(OBJECT, choice(index, &said.text, record, Value::Null), None))
			}
			Part::End { end, .. } => {
				let choice = choice(index, "", Value::Null, json!(end.finish.name()));
				Some(head.event(OBJECT, choice, Some(&end)))
			}
		}));
	}
	let answers = whole(all).await?;
	let body = head.whole(OBJECT, &answers, |index, answer| {
		let record = form.map_or(Value::Null, |form| form.write(&answer.tokens, 0));
		choice(index, &answer.text(), record, json!(answer.end.finish.name()))
	});
	Ok(Json(body).into_response())
}

const OBJECT: &str = "text_completion";

fn choice(index: usize, text: &str, record: Value, reason: Value) -> Value {
	json!({ "index": index, "text": text, "logprobs": record, "finish_reason": reason })
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
