//! Answers in Ollama's form: one object, or a line for each piece.

use std::{
	convert::Infallible,
	time::{Duration, Instant},
};

use async_stream::stream;
use axum::{
	body::Body,
	http::header::CONTENT_TYPE,
	response::{IntoResponse, Response},
	Json,
};
use futures::{Stream, StreamExt};
use serde_json::{json, Value};

use super::OllamaError;
use crate::{
	answer::{whole, Call, Delta, Deltas, End, Text},
	openai::ApiError,
	store::now,
};

/// How an answer is told.
#[derive(Clone, Debug)]
pub struct Form {
	/// The model's name, as it was asked for.
	pub model: String,
	/// Whether it is a chat's message.
	pub chat: bool,
	/// When the request came.
	pub began: Instant,
}

impl Form {
	/// A line with calls.
	fn calls(&self, text: &str, calls: &[Call], end: Option<&End>) -> Value {
		let mut line = self.line(text, end);
		// Ollama's arguments are JSON itself, where OpenAI's are a text.
		let arguments = |call: &Call| serde_json::from_str(&call.arguments).unwrap_or(Value::Null);
		let told = |call: &Call| json!({ "function": { "name": call.name, "arguments": arguments(call) } });
		if !calls.is_empty() {
			line["message"]["tool_calls"] = calls.iter().map(told).collect();
		}
		line
	}

	/// A piece of text, or the last line of all where `end` is given.
	pub fn line(&self, text: &str, end: Option<&End>) -> Value {
		let mut line = json!({ "model": self.model, "created_at": date(now()), "done": end.is_some() });
		if self.chat {
			line["message"] = json!({ "role": "assistant", "content": text });
		} else {
			line["response"] = text.into();
		}
		if let (Some(end), Some(line)) = (end, line.as_object_mut()) {
			let total = self.began.elapsed();
			let work = Duration::from_millis(end.usage.gpu_ms.into()).min(total);
			let took = json!({
				"done_reason": end.finish.name(),
				"total_duration": nanos(total),
				// What is not the miner's work is the chain's: the draw, the proof, the payment.
				"load_duration": nanos(total.saturating_sub(work)),
				"prompt_eval_count": end.usage.input_tokens,
				// A miner tells its time in one number.
				"prompt_eval_duration": 0,
				"eval_count": end.usage.output_tokens,
				"eval_duration": nanos(work),
				"millrace": end.note(),
			});
			line.extend(took.as_object().cloned().unwrap_or_default());
		}
		line
	}

	/// What Ollama says when it is only asked to load a model, or to let it go.
	pub fn nothing(&self, reason: &str) -> Value {
		let mut line = self.line("", None);
		line["done"] = true.into();
		line["done_reason"] = reason.into();
		line
	}
}

/// Nanoseconds.
pub fn nanos(time: Duration) -> u64 {
	u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Seconds since 1970 as RFC 3339 has them, in UTC.
pub fn date(seconds: i64) -> String {
	let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
	let (year, month, day) = crate::store::civil(days);
	format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

/// The whole answer, or lines of it.
///
/// # Errors
///
/// Why there is no whole answer. In a stream the error is its last line.
pub async fn reply(form: Form, deltas: Deltas, streamed: bool) -> Result<Response, OllamaError> {
	if streamed {
		let body = Body::from_stream(lines(form, deltas).map(Ok::<_, Infallible>));
		return Ok(([(CONTENT_TYPE, "application/x-ndjson")], body).into_response());
	}
	let answer = whole(deltas).await?;
	Ok(Json(form.calls(&answer.text(), &answer.calls, Some(&answer.end))).into_response())
}

fn lines(form: Form, mut deltas: Deltas) -> impl Stream<Item = String> + Send {
	let line = |value: Value| format!("{value}\n");
	stream! {
		let mut text = Text::default();
		while let Some(delta) = deltas.next().await {
			match delta {
				// Nobody asks for the record of the tokens here.
				Ok(Delta::Tokens(_)) => {},
				Ok(Delta::Piece(piece)) => {
					let more = text.push(&piece);
					if !more.is_empty() {
						yield line(form.line(&more, None));
					}
				},
				Ok(Delta::Call(call)) => yield line(form.calls("", &[call], None)),
				Ok(Delta::End(end)) => {
					yield line(form.line(&std::mem::take(&mut text).finish(), Some(&end)));
					return;
				},
				Err(reason) => {
					yield line(OllamaError(ApiError::from(reason)).body());
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

	async fn told(chat: bool, deltas: Vec<Result<Delta, NoAnswer>>) -> Vec<Value> {
		let form = Form { model: "tiny".into(), chat, began: Instant::now() };
		let lines = lines(form, futures::stream::iter(deltas).boxed());
		lines.map(|line| serde_json::from_str(line.strip_suffix('\n').unwrap()).unwrap()).collect().await
	}

	#[tokio::test]
	async fn pieces_should_be_lines_and_the_last_one_say_what_it_took() {
		let told = told(false, fake::Fake::says(&["17", " is"]).0).await;
		assert_eq!(told.len(), 3);
		assert_eq!(
			(&told[0]["response"], &told[1]["response"], &told[2]["response"]),
			(&json!("17"), &json!(" is"), &json!(""))
		);
		assert_eq!((&told[1]["done"], &told[2]["done"]), (&json!(false), &json!(true)));
		assert_eq!((&told[2]["prompt_eval_count"], &told[2]["eval_count"]), (&json!(5), &json!(2)));
		assert!(told[2]["total_duration"].as_u64() >= told[2]["eval_duration"].as_u64());
		assert_eq!(told[2]["millrace"]["fee"], "9");
	}

	#[tokio::test]
	async fn chat_should_be_told_in_messages() {
		let told = told(true, fake::Fake::says(&["hi"]).0).await;
		assert_eq!(told[0]["message"], json!({ "role": "assistant", "content": "hi" }));
		assert!(told[0].get("response").is_none());
	}

	#[tokio::test]
	async fn stream_should_end_with_the_error_when_it_fails_on_the_way() {
		let told = told(false, vec![Ok(Delta::Piece(b"17".to_vec())), Err(NoAnswer::Expired)]).await;
		assert!(told[1]["error"].as_str().unwrap().contains("no miner"));
	}

	#[tokio::test]
	async fn calls_should_be_told_in_messages_with_their_arguments_as_json() {
		let call = Call { id: "a".into(), name: "add".into(), arguments: r#"{"a": 17}"#.into() };
		let told = told(true, vec![Ok(Delta::Call(call)), Ok(Delta::End(fake::end()))]).await;
		let calls = json!([{ "function": { "name": "add", "arguments": { "a": 17 } } }]);
		assert_eq!(told[0]["message"], json!({ "role": "assistant", "content": "", "tool_calls": calls }));
		assert_eq!((&told[0]["done"], &told[1]["done"]), (&json!(false), &json!(true)));
	}

	#[test]
	fn date_should_be_that_of_rfc_3339() {
		assert_eq!(date(0), "1970-01-01T00:00:00Z");
		assert_eq!(date(1_709_251_199), "2024-02-29T23:59:59Z");
	}
}
