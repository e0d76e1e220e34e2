//! The record of an answer's tokens in OpenAI's forms.
//!
//! A transcript has the text of each token that was chosen, and of its alternatives only their numbers: there they are
//! named `token_id:NUMBER`, as vLLM names tokens that it is asked the numbers of, with no bytes.

use millrace_primitives::{
	transcript::{Logprob, TOP_ALTERNATIVES},
	Alternative, TranscriptEntry,
};
use serde_json::{json, Map, Value};

use super::ApiError;

/// What OpenAI says of tokens that are as good as impossible.
const IMPOSSIBLE: f64 = -9999.0;

/// The number of tokens whose engine knows none.
const UNKNOWN: u32 = u32::MAX;

/// How the record is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
	/// As chats have it, with so many alternatives.
	Chat(usize),
	/// As completions have it, with so many alternatives.
	Completion(usize),
}

fn is_none(value: Option<&Value>) -> bool {
	matches!(value, None | Some(Value::Null | Value::Bool(false)))
}

fn count(param: &'static str, value: &Value) -> Result<usize, ApiError> {
	let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
	count.filter(|count| *count <= TOP_ALTERNATIVES).ok_or_else(|| {
		let message = format!("{param} is {value}; it must be 0 to {TOP_ALTERNATIVES}, which is what transcripts hold");
		ApiError::bad_request(Some(param), message)
	})
}

impl Form {
	/// What a chat asks for by `logprobs` and `top_logprobs`.
	///
	/// # Errors
	///
	/// They are no truth value and no number, the number is beyond what transcripts hold, or it stands alone.
	pub fn of_chat(logprobs: Option<&Value>, top: Option<&Value>) -> Result<Option<Self>, ApiError> {
		let top = top.filter(|top| !top.is_null()).map(|top| count("top_logprobs", top)).transpose()?;
		match logprobs {
			Some(Value::Bool(true)) => Ok(Some(Self::Chat(top.unwrap_or(0)))),
			given if !is_none(given) => {
				Err(ApiError::bad_request(Some("logprobs"), "logprobs: expected true or false; see top_logprobs"))
			}
			_ if top.is_some_and(|top| top > 0) => {
				Err(ApiError::bad_request(Some("top_logprobs"), "top_logprobs: set logprobs to true for it"))
			}
			_ => Ok(None),
		}
	}

	/// What a completion asks for by `logprobs`.
	///
	/// # Errors
	///
	/// It is no number, or beyond what transcripts hold.
	pub fn of_completion(logprobs: Option<&Value>) -> Result<Option<Self>, ApiError> {
		match logprobs {
			Some(value) if !is_none(logprobs) => count("logprobs", value).map(|top| Some(Self::Completion(top))),
			_ => Ok(None),
		}
	}

	/// The record of these tokens, before which the answer has so many characters.
	pub fn write(self, tokens: &[TranscriptEntry], before: usize) -> Value {
		match self {
			Self::Chat(top) => {
				let content: Vec<_> = tokens.iter().map(|token| in_chat(token, top)).collect();
				json!({ "content": content, "refusal": null })
			}
			Self::Completion(top) => in_completion(tokens, top, before),
		}
	}
}

fn nats(logprob: Logprob) -> f64 {
	match logprob {
		Logprob::MIN => IMPOSSIBLE,
		millionths => f64::from(millionths) / 1e6,
	}
}

fn numbered(token: u32) -> String {
	match token {
		UNKNOWN => String::new(),
		token => format!("token_id:{token}"),
	}
}

/// A token's name; its bytes where they are known.
fn name(token: &TranscriptEntry) -> (String, Value) {
	match token.bytes.as_slice() {
		[] => (numbered(token.token), Value::Null),
		bytes => (String::from_utf8_lossy(bytes).into_owned(), json!(bytes)),
	}
}

/// The likeliest alternatives whose number is known, each with its name.
fn alternatives(token: &TranscriptEntry, top: usize) -> impl Iterator<Item = (String, Value, f64)> + '_ {
	let known = token.top.iter().filter(|other| other.token != UNKNOWN).take(top);
	known.map(|Alternative { token: other, logprob }| {
		let (name, bytes) = if *other == token.token { name(token) } else { (numbered(*other), Value::Null) };
		(name, bytes, nats(*logprob))
	})
}

fn in_chat(token: &TranscriptEntry, top: usize) -> Value {
	let write = |name: String, bytes: Value, logprob: f64| json!({ "token": name, "bytes": bytes, "logprob": logprob });
	let (name, bytes) = name(token);
	let mut written = write(name, bytes, nats(token.logprob));
	let others = alternatives(token, top).map(|(name, bytes, logprob)| write(name, bytes, logprob));
	written["top_logprobs"] = others.collect();
	written
}

fn in_completion(tokens: &[TranscriptEntry], top: usize, before: usize) -> Value {
	let mut offset = before;
	let mut offsets = Vec::with_capacity(tokens.len());
	for token in tokens {
		offsets.push(offset);
		offset = offset.saturating_add(characters(token));
	}
	let others = |token: &TranscriptEntry| -> Map<String, Value> {
		alternatives(token, top).map(|(name, _, logprob)| (name, json!(logprob))).collect()
	};
	json!({
		"tokens": tokens.iter().map(|token| name(token).0).collect::<Vec<_>>(),
		"token_logprobs": tokens.iter().map(|token| nats(token.logprob)).collect::<Vec<_>>(),
		"top_logprobs": if top == 0 { Value::Null } else { tokens.iter().map(others).collect() },
		"text_offset": offsets,
	})
}

/// Characters that begin in a token.
pub fn characters(token: &TranscriptEntry) -> usize {
	token.bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::answer::fake::token;

	#[test]
	fn chat_should_ask_by_two_parameters() {
		let of = |logprobs: Value, top: Value| {
			Form::of_chat(Some(&logprobs), Some(&top)).map_err(|error| error.param.unwrap())
		};
		assert_eq!(Form::of_chat(None, None), Ok(None));
		assert_eq!(of(json!(false), Value::Null), Ok(None));
		assert_eq!(of(json!(null), json!(0)), Ok(None));
		assert_eq!(of(json!(true), Value::Null), Ok(Some(Form::Chat(0))));
		assert_eq!(of(json!(true), json!(5)), Ok(Some(Form::Chat(5))));
		for (logprobs, top, param) in [
			(json!(true), json!(6), "top_logprobs"),
			(json!(true), json!(-1), "top_logprobs"),
			(json!(false), json!(2), "top_logprobs"),
			(json!(3), json!(null), "logprobs"),
		] {
			assert_eq!(of(logprobs.clone(), top.clone()), Err(param), "{logprobs} {top}");
		}
	}

	#[test]
	fn completion_should_ask_by_one_number() {
		let of = |value: Value| Form::of_completion(Some(&value)).map_err(|error| error.param.unwrap());
		assert_eq!((of(json!(null)), of(json!(0))), (Ok(None), Ok(Some(Form::Completion(0)))));
		assert_eq!(of(json!(5)), Ok(Some(Form::Completion(5))));
		for wrong in [json!(6), json!(true), json!("2")] {
			assert_eq!(of(wrong.clone()), Err("logprobs"), "{wrong}");
		}
	}

	#[test]
	fn tokens_of_a_chat_should_have_text_and_bytes_and_their_alternatives_numbers() {
		let written = Form::Chat(2).write(&[token("€")], 0);
		let chosen = json!({ "token": "€", "bytes": [226, 130, 172], "logprob": -0.25 });
		let other = json!({ "token": "token_id:8", "bytes": null, "logprob": -1.5 });
		let mut whole = chosen.clone();
		whole["top_logprobs"] = json!([chosen, other]);
		assert_eq!(written, json!({ "content": [whole], "refusal": null }));
		assert_eq!(Form::Chat(0).write(&[token("a")], 0)["content"][0]["top_logprobs"], json!([]));
	}

	#[test]
	fn tokens_of_a_completion_should_say_where_they_begin() {
		let written = Form::Completion(1).write(&[token("€"), token("ab"), token("c")], 7);
		assert_eq!(written["tokens"], json!(["€", "ab", "c"]));
		assert_eq!(written["text_offset"], json!([7, 8, 10]));
		assert_eq!(written["token_logprobs"], json!([-0.25, -0.25, -0.25]));
		assert_eq!(written["top_logprobs"][1], json!({ "ab": -0.25 }));
		assert_eq!(Form::Completion(0).write(&[token("a")], 0)["top_logprobs"], Value::Null);
	}

	#[test]
	fn token_should_be_named_by_its_number_or_left_out_when_nothing_else_is_known() {
		let mut entry = token("");
		entry.logprob = Logprob::MIN;
		entry.top = vec![Alternative { token: UNKNOWN, logprob: -1 }, Alternative { token: 9, logprob: -2 }];
		let written = Form::Chat(5).write(&[entry], 0)["content"][0].clone();
		assert_eq!((&written["token"], &written["bytes"]), (&json!("token_id:3"), &Value::Null));
		assert_eq!(
			(&written["logprob"], &written["top_logprobs"][0]["token"]),
			(&json!(-9999.0), &json!("token_id:9"))
		);
	}
}
