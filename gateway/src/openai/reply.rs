//! Answers in OpenAI's forms, at once or as server-sent events.

use std::{convert::Infallible, time::Duration};

use async_stream::stream;
use axum::response::{
	sse::{Event, KeepAlive, Sse},
	IntoResponse, Response,
};
use futures::{Stream, StreamExt};
use millrace_primitives::TranscriptEntry;
use rand::RngCore;
use serde_json::{json, Value};

use super::{
	logprobs::{characters, Form},
	request::StreamOptions,
	ApiError,
};
use crate::{
	answer::{Answer, Call, Delta, Deltas, End, Text},
	several::{self, interleaved},
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

	/// An event with this one choice; `end` where its answer ends.
	pub fn event(&self, object: &str, choice: Value, end: Option<&End>) -> Value {
		let mut body = self.body(object, vec![choice]);
		if let Some(end) = end {
			body["millrace"] = end.note();
		}
		body
	}

	/// Whole answers, of which `choice` makes choices, by their places.
	pub fn whole(&self, object: &str, answers: &[Answer], choice: impl Fn(usize, &Answer) -> Value) -> Value {
		let choices = answers.iter().enumerate().map(|(index, answer)| choice(index, answer)).collect();
		let ends: Vec<_> = answers.iter().map(|answer| answer.end.clone()).collect();
		let mut body = self.body(object, choices);
		body["usage"] = usage(&ends);
		body["millrace"] = several::note(&ends);
		body
	}

	fn body(&self, object: &str, choices: Vec<Value>) -> Value {
		json!({
			"id": self.id,
			"object": object,
			"created": self.created,
			"model": self.model,
			"choices": choices,
		})
	}
}

/// What answers took together: each is asked the prompt anew.
fn usage(ends: &[End]) -> Value {
	let usage = several::usage(ends);
	let (prompt, completion) = (usage.input_tokens, usage.output_tokens);
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
	/// More of it.
	Text(Said),
	/// A call, and how many came before it.
	Call(usize, Call),
	/// No more comes.
	End {
		/// What it took.
		end: End,
		/// Whether functions were called.
		called: bool,
	},
}

/// More of an answer.
#[derive(Default)]
pub struct Said {
	/// Its characters.
	pub text: String,
	/// The record of its tokens, where that is wanted.
	pub tokens: Vec<TranscriptEntry>,
	/// Characters of all tokens before.
	pub before: usize,
}

impl Said {
	/// The record of its tokens in this form.
	pub fn record(&self, form: Option<Form>) -> Value {
		form.map_or(Value::Null, |form| form.write(&self.tokens, self.before))
	}
}

/// An answer of which parts have come.
#[derive(Default)]
struct Coming {
	text: Text,
	tokens: Vec<TranscriptEntry>,
	before: usize,
	calls: usize,
	end: Option<End>,
}

impl Coming {
	/// What can be told with these characters.
	fn say(&mut self, text: String) -> Said {
		let tokens = std::mem::take(&mut self.tokens);
		let before = self.before;
		self.before = tokens.iter().fold(before, |sum, token| sum.saturating_add(characters(token)));
		Said { text, tokens, before }
	}

	/// The parts that a delta makes.
	fn take(&mut self, delta: Delta) -> Vec<Part> {
		match delta {
			Delta::Tokens(more) => {
				self.tokens.extend(more);
				Vec::new()
			}
			Delta::Piece(piece) => match self.text.push(&piece) {
				text if text.is_empty() => Vec::new(),
				text => vec![Part::Text(self.say(text))],
			},
			Delta::Call(call) => {
				let number = self.calls;
				self.calls = number.saturating_add(1);
				vec![Part::Call(number, call)]
			}
			Delta::End(end) => {
				let rest = std::mem::take(&mut self.text).finish();
				let rest = self.say(rest);
				self.end = Some(end.clone());
				let more = !rest.text.is_empty() || !rest.tokens.is_empty();
				more.then_some(Part::Text(rest))
					.into_iter()
					.chain([Part::End { end, called: self.calls > 0 }])
					.collect()
			}
		}
	}
}

/// Sends what `event` makes of each part of the answer in this place, where it makes something. With `include_usage`, every event has a `usage`, null
/// but in an extra last one, as OpenAI's have. A failure comes as an event, for the status has gone out before.
pub fn stream(
	all: Vec<Deltas>,
	options: StreamOptions,
	event: impl Fn(usize, Part) -> Option<Value> + Send + 'static,
) -> Response {
	let events = events(all, options, event).map(|text| Ok::<_, Infallible>(Event::default().data(text)));
	Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

fn events(
	all: Vec<Deltas>,
	options: StreamOptions,
	event: impl Fn(usize, Part) -> Option<Value> + Send + 'static,
) -> impl Stream<Item = String> + Send {
	let with_usage = options.include_usage == Some(true);
	let event = move |index, part| {
		let mut value = event(index, part)?;
		if with_usage {
			value["usage"] = Value::Null;
		}
		Some(value)
	};
	let mut coming: Vec<_> = all.iter().map(|_| Coming::default()).collect();
	let mut deltas = interleaved(all);
	stream! {
		for index in 0..coming.len() {
			if let Some(value) = event(index, Part::Begin) {
				yield value.to_string();
			}
		}
		let mut last = Value::Null;
		while let Some((index, delta)) = deltas.next().await {
			let Some(answer) = coming.get_mut(index) else { continue };
			match delta {
				Ok(delta) => {
					for part in answer.take(delta) {
						if let Some(value) = event(index, part) {
							yield value.to_string();
							last = value;
						}
					}
				},
				Err(reason) => {
					yield ApiError::from(reason).body().to_string();
					return;
				},
			}
		}
		if with_usage {
			let ends: Vec<_> = coming.into_iter().filter_map(|answer| answer.end).collect();
			last["choices"] = json!([]);
			last["usage"] = usage(&ends);
			last["millrace"] = several::note(&ends);
			yield last.to_string();
		}
		yield "[DONE]".to_owned();
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::answer::{fake, NoAnswer};

	async fn sent(all: Vec<Vec<Result<Delta, NoAnswer>>>, include_usage: bool) -> Vec<Value> {
		let options = StreamOptions { include_usage: Some(include_usage) };
		let head = Head::new("x", "tiny");
		let all = all.into_iter().map(|deltas| futures::stream::iter(deltas).boxed()).collect();
		let made = events(all, options, move |index, part| match part {
			Part::Begin => Some(head.event("chunk", json!([index, "begin"]), None)),
			Part::Text(said) => {
				let record = said.record(Some(Form::Completion(0)));
				Some(head.event("chunk", json!([index, said.text, record["text_offset"]]), None))
			}
			Part::Call(number, call) => Some(head.event("chunk", json!([index, number, call.name]), None)),
			Part::End { end, .. } => Some(head.event("chunk", json!([index, "end"]), Some(&end))),
		});
		made.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))).collect().await
	}

	#[tokio::test]
	async fn pieces_should_be_events_with_one_id_and_usage_in_an_extra_last_one() {
		let sent = sent(vec![fake::Fake::says(&["17", " is"]).0], true).await;
		let choices: Vec<_> = sent.iter().map(|event| event["choices"].clone()).collect();
		let expected = [json!([[0, "begin"]]), json!([[0, "17", []]]), json!([[0, " is", []]]), json!([[0, "end"]])];
		assert_eq!(choices[..4], expected);
		assert_eq!((&choices[4], &sent[4]["usage"]["total_tokens"]), (&json!([]), &json!(7)));
		assert_eq!(sent[5], "[DONE]");
		assert_eq!(sent.len(), 6);
		assert!(sent[..5].iter().all(|event| event["id"] == sent[0]["id"]));
		assert!(sent[..4].iter().all(|event| event.get("usage") == Some(&Value::Null)));
		assert_eq!(sent[3]["millrace"], json!({ "job": 7, "fee": "9" }));
	}

	#[tokio::test]
	async fn usage_should_not_be_there_when_it_is_not_asked_for() {
		let sent = sent(vec![fake::Fake::says(&["a"]).0], false).await;
		assert_eq!(sent.len(), 4);
		assert!(sent[..3].iter().all(|event| event.get("usage").is_none()));
	}

	#[tokio::test]
	async fn stream_should_end_with_the_error_and_not_as_done_when_it_fails_on_the_way() {
		let sent = sent(vec![vec![Ok(Delta::Piece(b"17".to_vec())), Err(NoAnswer::Expired)]], true).await;
		assert_eq!(sent.len(), 3);
		assert_eq!(sent[2]["error"]["code"], "no_miner");
	}

	#[tokio::test]
	async fn choices_should_come_interleaved_and_be_summed_at_the_end() {
		let says = |pieces: &[&str]| fake::Fake::says(pieces).0;
		let sent = sent(vec![says(&["a", "b"]), says(&["c"])], true).await;
		let of = |index: u64| -> Vec<_> {
			let mine = sent.iter().filter(|event| event["choices"][0][0].as_u64() == Some(index));
			mine.map(|event| event["choices"][0][1].as_str().unwrap().to_owned()).collect()
		};
		assert_eq!(of(0), ["begin", "a", "b", "end"]);
		assert_eq!(of(1), ["begin", "c", "end"]);
		let last = &sent[sent.len() - 2];
		assert_eq!((&last["choices"], &last["usage"]["completion_tokens"]), (&json!([]), &json!(4)));
		assert_eq!((&last["millrace"]["fee"], &sent[sent.len() - 1]), (&json!("18"), &json!("[DONE]")));
	}

	#[tokio::test]
	async fn record_should_come_with_the_text_that_its_tokens_complete() {
		let euro = "€".as_bytes();
		let (first, second) = (fake::token("a"), fake::token("€"));
		let deltas = vec![
			Ok(Delta::Tokens(vec![first])),
			Ok(Delta::Piece(b"a".to_vec())),
			Ok(Delta::Tokens(vec![second])),
			Ok(Delta::Piece(euro[..1].to_vec())),
			Ok(Delta::Piece(euro[1..].to_vec())),
			Ok(Delta::Tokens(vec![fake::token("b")])),
			Ok(Delta::End(fake::end())),
		];
		let sent = sent(vec![deltas], false).await;
		let said: Vec<_> = sent[1..4].iter().map(|event| event["choices"][0].clone()).collect();
		assert_eq!(said, [json!([0, "a", [0]]), json!([0, "€", [1]]), json!([0, "", [2]])]);
	}

	#[tokio::test]
	async fn calls_should_be_numbered_in_their_answer() {
		let call = |name: &str| Ok(Delta::Call(Call { id: "a".into(), name: name.into(), arguments: "{}".into() }));
		let deltas = vec![call("f"), Ok(Delta::Piece(b"x".to_vec())), call("g"), Ok(Delta::End(fake::end()))];
		let sent = sent(vec![deltas], false).await;
		assert_eq!(sent[1]["choices"][0], json!([0, 0, "f"]));
		assert_eq!(sent[3]["choices"][0], json!([0, 1, "g"]));
	}
}
