//! Answers in OpenAI's forms, at once or as server-sent events.

use std::{
	convert::Infallible,
	future::Future,
	time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::response::{
	sse::{Event, KeepAlive, Sse},
	IntoResponse, Response,
};
use futures::{stream, StreamExt};
use serde_json::{json, Value};

use super::{request::StreamOptions, ApiError};
use crate::jobs::Answer;

/// A comment goes out so often while the answer is not there, so that no proxy takes the connection for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Seconds since 1970.
pub fn now() -> u64 {
	SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Why the answer ended.
pub fn finish_reason(answer: &Answer, limit: u32) -> &'static str {
	if answer.usage.output_tokens >= limit {
		"length"
	} else {
		"stop"
	}
}

/// What the answer took.
pub fn usage(answer: &Answer) -> Value {
	let (prompt, completion) = (answer.usage.input_tokens, answer.usage.output_tokens);
	json!({
		"prompt_tokens": prompt,
		"completion_tokens": completion,
		"total_tokens": prompt.saturating_add(completion),
	})
}

/// What is ours to say of an answer: the job, whose receipt anybody can check, and what it cost.
pub fn receipt(answer: &Answer) -> Value {
	json!({ "job": answer.job, "fee": answer.fee.to_string() })
}

/// Sends what `chunks` makes of the answer as events, once it is there. With `include_usage`, every chunk has a `usage`,
/// null but in an extra last one, as OpenAI's have. A failure comes as an event, for the status has gone out before.
pub fn stream(
	answer: impl Future<Output = Result<Answer, ApiError>> + Send + 'static,
	options: StreamOptions,
	chunks: impl FnOnce(&Answer) -> Vec<Value> + Send + 'static,
) -> Response {
	let events = stream::once(async move { stream::iter(lines(answer.await, options, chunks)) }).flatten();
	Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

fn lines(
	answer: Result<Answer, ApiError>,
	options: StreamOptions,
	chunks: impl FnOnce(&Answer) -> Vec<Value>,
) -> Vec<Result<Event, Infallible>> {
	let data = |value: &Value| Ok(Event::default().data(value.to_string()));
	let answer = match answer {
		Ok(answer) => answer,
		Err(error) => return vec![data(&error.body())],
	};
	let mut values = chunks(&answer);
	if options.include_usage {
		let mut last = values.last().cloned().unwrap_or_default();
		for value in &mut values {
			value["usage"] = Value::Null;
		}
		last["choices"] = json!([]);
		last["usage"] = usage(&answer);
		values.push(last);
	}
	values.iter().map(data).chain([Ok(Event::default().data("[DONE]"))]).collect()
}
