//! Answers in OpenAI's forms, at once or as server-sent events.

use std::{convert::Infallible, time::Duration};

use async_stream::stream;
use axum::response::{
	sse::{Event, KeepAlive, Sse},
	IntoResponse, Response,
};
use futures::{Stream, StreamExt};
use rand::RngCore;
use serde_json::{json, Value};

use super::{request::StreamOptions, ApiError};
use crate::{
	answer::{Delta, Deltas, End, Text},
	store::now,
};

/// A comment goes out so often while nothing else does, so that no proxy takes the connection for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// What all parts of one answer have in common.
#[derive(Clone, Debug)]
pub struct Head {
	id: String,
	created: i64,
	model: String,
}

impl Head {
	/// For an answer of `model`; its name begins with `prefix`.
	pub fn new(prefix: &str, model: &str) -> Self {
		let mut bytes = [0; 12];
		rand::rngs::OsRng.fill_bytes(&mut bytes);
		Self { id: format!("{prefix}-{}", hex::encode(bytes)), created: now(), model: model.to_owned() }
	}

	/// A whole answer, or one event of it, with this one choice; `end` where it is known.
	pub fn body(&self, object: &str, choice: Value, end: Option<&End>) -> Value {
		let mut body = json!({
			"id": self.id,
			"object": object,
			"created": self.created,
			"model": self.model,
			"choices": [choice],
		});
		if let Some(end) = end {
			body["millrace"] = end.note();
		}
		body
	}
}

/// What the answer took.
pub fn usage(end: &End) -> Value {
	let (prompt, completion) = (end.usage.input_tokens, end.usage.output_tokens);
	json!({
		"prompt_tokens": prompt,
		"completion_tokens": completion,
		"total_tokens": prompt.saturating_add(completion),
	})
}

/// A part of an answer that is sent as it comes.
pub enum Part {
	/// Nothing is there yet.
	Begin,
	/// More text.
	Text(String),
	/// No more comes.
	End(End),
}

/// Sends what `event` makes of each part, where it makes something. With `include_usage`, every event has a `usage`, null
/// but in an extra last one, as OpenAI's have. A failure comes as an event, for the status has gone out before.
pub fn stream(
	deltas: Deltas,
	options: StreamOptions,
	event: impl Fn(Part) -> Option<Value> + Send + 'static,
) -> Response {
	let events = events(deltas, options, event).map(|text| Ok::<_, Infallible>(Event::default().data(text)));
	Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

fn events(
	mut deltas: Deltas,
	options: StreamOptions,
	event: impl Fn(Part) -> Option<Value> + Send + 'static,
) -> impl Stream<Item = String> + Send {
	let with_usage = options.include_usage == Some(true);
	let event = move |part| {
		let mut value = event(part)?;
		if with_usage {
			value["usage"] = Value::Null;
		}
		Some(value)
	};
	stream! {
		if let Some(value) = event(Part::Begin) {
			yield value.to_string();
		}
		let mut text = Text::default();
		while let Some(delta) = deltas.next().await {
			match delta {
				Ok(Delta::Piece(piece)) => {
					let more = text.push(&piece);
					if let Some(value) = Some(more).filter(|more| !more.is_empty()).and_then(|more| event(Part::Text(more))) {
						yield value.to_string();
					}
				},
				Ok(Delta::End(end)) => {
					let rest = std::mem::take(&mut text).finish();
					if let Some(value) = Some(rest).filter(|rest| !rest.is_empty()).and_then(|rest| event(Part::Text(rest))) {
						yield value.to_string();
					}
					if let Some(mut value) = event(Part::End(end.clone())) {
						yield value.to_string();
						if with_usage {
							value["choices"] = json!([]);
							value["usage"] = usage(&end);
							yield value.to_string();
						}
					}
					yield "[DONE]".to_owned();
					return;
				},
				Err(reason) => {
					yield ApiError::from(reason).body().to_string();
					return;
				},
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::answer::{fake, NoAnswer};

	async fn sent(deltas: Vec<Result<Delta, NoAnswer>>, include_usage: bool) -> Vec<Value> {
		let options = StreamOptions { include_usage: Some(include_usage) };
		let head = Head::new("x", "tiny");
		let made = events(futures::stream::iter(deltas).boxed(), options, move |part| match part {
			Part::Begin => Some(head.body("chunk", json!("begin"), None)),
			Part::Text(text) => Some(head.body("chunk", json!(text), None)),
			Part::End(end) => Some(head.body("chunk", json!("end"), Some(&end))),
		});
		made.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))).collect().await
	}

	#[tokio::test]
	async fn pieces_should_be_events_with_one_id_and_usage_in_an_extra_last_one() {
		let sent = sent(fake::Fake::says(&["17", " is"]).0, true).await;
		let choices: Vec<_> = sent.iter().map(|event| event["choices"].clone()).collect();
		assert_eq!(choices[..4], [json!(["begin"]), json!(["17"]), json!([" is"]), json!(["end"])]);
		assert_eq!((&choices[4], &sent[4]["usage"]["total_tokens"]), (&json!([]), &json!(7)));
		assert_eq!(sent[5], "[DONE]");
		assert_eq!(sent.len(), 6);
		assert!(sent[..5].iter().all(|event| event["id"] == sent[0]["id"]));
		assert!(sent[..4].iter().all(|event| event.get("usage") == Some(&Value::Null)));
		assert_eq!(sent[3]["millrace"], json!({ "job": 7, "fee": "9" }));
	}

	#[tokio::test]
	async fn usage_should_not_be_there_when_it_is_not_asked_for() {
		let sent = sent(fake::Fake::says(&["a"]).0, false).await;
		assert_eq!(sent.len(), 4);
		assert!(sent[..3].iter().all(|event| event.get("usage").is_none()));
	}

	#[tokio::test]
	async fn stream_should_end_with_the_error_and_not_as_done_when_it_fails_on_the_way() {
		let sent = sent(vec![Ok(Delta::Piece(b"17".to_vec())), Err(NoAnswer::Expired)], true).await;
		assert_eq!(sent.len(), 3);
		assert_eq!(sent[2]["error"]["code"], "no_miner");
	}
}
