//! Ending an answer where it says something that its client has no use for.

use std::collections::VecDeque;

use futures::{stream, StreamExt};
use millrace_primitives::TranscriptEntry;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
	answer::{Delta, Deltas, Finish},
	openai::ApiError,
};

/// Most texts that end an answer, as OpenAI has it, and most bytes of each.
const MOST: usize = 4;
const MOST_BYTES: usize = 256;

/// The texts that end an answer: one, or a list.
///
/// # Errors
///
/// It is something else, or too much of it.
pub fn texts(value: Option<&Value>) -> Result<Vec<String>, ApiError> {
	let refuse = || {
		let message = format!("stop: expected a text or up to {MOST} of them, of 1 to {MOST_BYTES} bytes each");
		ApiError::bad_request(Some("stop"), message)
	};
	let texts = match value {
		None | Some(Value::Null) => Vec::new(),
		Some(Value::String(text)) => vec![text.clone()],
		Some(Value::Array(texts)) => {
			let text = |text: &Value| text.as_str().map(str::to_owned).ok_or_else(refuse);
			texts.iter().map(text).collect::<Result<_, _>>()?
		}
		Some(_) => return Err(refuse()),
	};
	if texts.len() > MOST || texts.iter().any(|text| !(1..=MOST_BYTES).contains(&text.len())) {
		return Err(refuse());
	}
	Ok(texts)
}

/// What has not been passed on yet.
struct Held {
	deltas: Deltas,
	texts: Vec<Vec<u8>>,
	enough: CancellationToken,
	bytes: Vec<u8>,
	/// The record of tokens whose bytes have not all been passed on.
	tokens: VecDeque<TranscriptEntry>,
	/// Bytes that were passed on beyond those of the tokens that were.
	ahead: usize,
	ended: bool,
}

impl Held {
	/// What comes of a delta.
	fn take(&mut self, delta: Delta) -> Vec<Delta> {
		match delta {
			Delta::Tokens(more) => {
				self.tokens.extend(more);
				Vec::new()
			}
			Delta::Piece(piece) => {
				let more = self.push(&piece);
				self.pass(more)
			}
			call @ Delta::Call(_) => vec![call],
			Delta::End(mut end) => {
				if self.ended {
					end.finish = Finish::Stop;
					return vec![Delta::End(end)];
				}
				let rest = std::mem::take(&mut self.bytes);
				let mut parts = self.pass(rest);
				let tokens = std::mem::take(&mut self.tokens);
				parts.extend((!tokens.is_empty()).then(|| Delta::Tokens(tokens.into())));
				parts.push(Delta::End(end));
				parts
			}
		}
	}

	/// Bytes, and before them the tokens that end within them.
	fn pass(&mut self, bytes: Vec<u8>) -> Vec<Delta> {
		self.ahead = self.ahead.saturating_add(bytes.len());
		let mut tokens = Vec::new();
		while let Some(token) = self.tokens.pop_front_if(|token| token.bytes.len() <= self.ahead) {
			self.ahead = self.ahead.saturating_sub(token.bytes.len());
			tokens.push(token);
		}
		let tokens = (!tokens.is_empty()).then_some(Delta::Tokens(tokens));
		tokens.into_iter().chain((!bytes.is_empty()).then_some(Delta::Piece(bytes))).collect()
	}

	/// Where the first of the texts begins in what is held.
	fn found(&self) -> Option<usize> {
		let of = |text: &Vec<u8>| self.bytes.windows(text.len()).position(|window| window == text.as_slice());
		self.texts.iter().filter_map(of).min()
	}

	/// Bytes at the end that can be the beginning of a text.
	fn open(&self) -> usize {
		let of = |text: &Vec<u8>| {
			let most = text.len().saturating_sub(1).min(self.bytes.len());
			(1..=most).rev().find(|len| self.bytes.ends_with(&text[..*len])).unwrap_or(0)
		};
		self.texts.iter().map(of).max().unwrap_or(0)
	}

	/// What can be passed on of a piece that came.
	fn push(&mut self, piece: &[u8]) -> Vec<u8> {
		if self.ended {
			return Vec::new();
		}
		self.bytes.extend_from_slice(piece);
		let upto = match self.found() {
			Some(at) => {
				self.ended = true;
				self.enough.cancel();
				at
			}
			None => self.bytes.len().saturating_sub(self.open()),
		};
		let rest = self.bytes.split_off(upto);
		std::mem::replace(&mut self.bytes, rest)
	}
}

/// The answer up to the first of `texts`, without it. When it comes, `enough` is cancelled, and what still comes is passed
/// over but for the end, which says what was paid.
pub fn before(deltas: Deltas, texts: Vec<String>, enough: CancellationToken) -> Deltas {
	if texts.is_empty() {
		return deltas;
	}
	let texts = texts.into_iter().map(String::into_bytes).collect();
	let (bytes, tokens) = (Vec::new(), VecDeque::new());
	let held = Held { deltas, texts, enough, bytes, tokens, ahead: 0, ended: false };
	let parts = stream::unfold(held, |mut held| async move {
		let parts = match held.deltas.next().await? {
			Ok(delta) => held.take(delta).into_iter().map(Ok).collect(),
			Err(error) => vec![Err(error)],
		};
		Some((stream::iter(parts), held))
	});
	parts.flatten().boxed()
}

#[cfg(test)]
mod tests {
	use serde_json::json;

	use super::*;
	use crate::answer::{fake, whole};

	async fn said(pieces: &[&str], texts: &[&str]) -> (String, bool) {
		let enough = CancellationToken::new();
		let deltas = stream::iter(fake::Fake::says(pieces).0).boxed();
		let texts = texts.iter().map(|text| (*text).to_owned()).collect();
		let answer = whole(before(deltas, texts, enough.clone())).await.unwrap();
		(answer.text(), enough.is_cancelled())
	}

	#[tokio::test]
	async fn answer_should_end_before_the_first_text_wherever_it_is_cut() {
		assert_eq!(said(&["ab", "c\n", "\nd"], &["\n\n"]).await, ("abc".into(), true));
		assert_eq!(said(&["a", "b", "c", "d"], &["cd", "b"]).await, ("a".into(), true));
		assert_eq!(said(&["STOP"], &["STOP"]).await, (String::new(), true));
	}

	#[tokio::test]
	async fn answer_should_be_whole_when_no_text_comes() {
		assert_eq!(said(&["ab\n", "c\n"], &["\n\n", "x"]).await, ("ab\nc\n".into(), false));
		assert_eq!(said(&["ab"], &[]).await, ("ab".into(), false));
	}

	#[tokio::test]
	async fn tokens_should_be_those_of_the_text_that_is_passed_on() {
		let recorded = |stop: &'static str| async move {
			let mut deltas = Vec::new();
			for text in ["a", "b", "cd", "e"] {
				deltas.push(Ok(Delta::Tokens(vec![fake::token(text)])));
				deltas.push(Ok(Delta::Piece(text.as_bytes().to_vec())));
			}
			deltas.push(Ok(Delta::End(fake::end())));
			let deltas = stream::iter(deltas).boxed();
			let answer = whole(before(deltas, vec![stop.into()], CancellationToken::new())).await.unwrap();
			let tokens: Vec<_> = answer.tokens.iter().map(|token| token.bytes.clone()).collect();
			(answer.output, tokens)
		};
		assert_eq!(recorded("cd").await, (b"ab".to_vec(), vec![b"a".to_vec(), b"b".to_vec()]));
		// A token that the end cuts in two is not among them.
		assert_eq!(recorded("d").await, (b"abc".to_vec(), vec![b"a".to_vec(), b"b".to_vec()]));
		let (output, tokens) = recorded("x").await;
		assert_eq!((output, tokens.concat()), (b"abcde".to_vec(), b"abcde".to_vec()));
	}

	#[test]
	fn texts_should_be_one_or_a_few_and_not_empty() {
		assert_eq!(texts(None), Ok(Vec::new()));
		assert_eq!(texts(Some(&json!("a"))), Ok(vec!["a".into()]));
		assert_eq!(texts(Some(&json!(["a", "b"]))), Ok(vec!["a".into(), "b".into()]));
		for wrong in
			[json!(""), json!([""]), json!(["a", "b", "c", "d", "e"]), json!([1]), json!(1), json!("x".repeat(257))]
		{
			assert!(texts(Some(&wrong)).is_err(), "{wrong}");
		}
	}
}
