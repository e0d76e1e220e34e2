//! Telling the calls of an answer from its text while it comes.

use std::collections::BTreeSet;

use futures::{stream, StreamExt};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{id, CALL, CALL_END};
use crate::answer::{Call, Delta, Deltas};

/// What has not been told yet.
struct Reader {
	/// What can be called.
	names: BTreeSet<String>,
	/// Whether the answer is nothing but one call, without tags.
	bare: bool,
	bytes: Vec<u8>,
	/// Whether the bytes are those of a call that has begun.
	inside: bool,
	/// So many of them have been searched for its end.
	searched: usize,
	/// Whether a call came last: the space after it is no text.
	after: bool,
}

/// As models write it.
#[derive(Deserialize)]
struct Written {
	name: String,
	arguments: Option<Box<RawValue>>,
}

impl Reader {
	fn take(&mut self, delta: Delta) -> Vec<Delta> {
		match delta {
			Delta::Piece(piece) => {
				self.bytes.extend(piece);
				let mut told = Vec::new();
				while !self.bare && self.step(&mut told) {}
				told
			}
			Delta::End(end) => {
				let rest = std::mem::take(&mut self.bytes);
				let call = match (self.bare, self.inside) {
					(true, _) => self.call(&rest),
					// What ended the answer can be the end of the call.
					(_, true) => self.call(rest.get(CALL.len()..).unwrap_or_default()),
					_ => None,
				};
				let rest = call.map(Delta::Call).or_else(|| self.text(rest));
				rest.into_iter().chain([Delta::End(end)]).collect()
			}
			other => vec![other],
		}
	}

	/// Tells what is sure of what is held. Whether there may be more.
	fn step(&mut self, told: &mut Vec<Delta>) -> bool {
		if !self.inside {
			let at = find(&self.bytes, CALL);
			// The space before a call is no text.
			let sure = at.unwrap_or_else(|| self.bytes.len().saturating_sub(beginning(&self.bytes)));
			let length = self.bytes[..sure].trim_ascii_end().len();
			let rest = self.bytes.split_off(length);
			let text = std::mem::replace(&mut self.bytes, rest);
			told.extend(self.text(text));
			self.inside = at.is_some();
			if let Some(at) = at {
				self.bytes.drain(..at.saturating_sub(length));
			}
			return self.inside;
		}
		let Some(at) = find(&self.bytes[self.searched..], CALL_END).map(|at| at.saturating_add(self.searched)) else {
			self.searched = self.bytes.len().saturating_sub(CALL_END.len());
			return false;
		};
		self.searched = 0;
		let rest = self.bytes.split_off(at.saturating_add(CALL_END.len()));
		let whole = std::mem::replace(&mut self.bytes, rest);
		let call = self.call(whole.get(CALL.len()..at).unwrap_or_default());
		self.after = call.is_some();
		self.inside = false;
		told.extend(call.map(Delta::Call).or_else(|| self.text(whole)));
		true
	}

	/// The call that is written so; `None`: it is no call of anything that can be called.
	fn call(&self, written: &[u8]) -> Option<Call> {
		let Written { name, arguments } = serde_json::from_slice(written).ok()?;
		let arguments = arguments.map_or_else(|| "{}".to_owned(), |arguments| arguments.get().to_owned());
		let can_be = self.names.contains(&name) && arguments.starts_with('{');
		can_be.then(|| Call { id: id(), name, arguments })
	}

	fn text(&mut self, mut text: Vec<u8>) -> Option<Delta> {
		if self.after {
			let space = text.len().saturating_sub(text.trim_ascii_start().len());
			text.drain(..space);
		}
		if text.is_empty() {
			return None;
		}
		self.after = false;
		Some(Delta::Piece(text))
	}
}

fn find(bytes: &[u8], text: &str) -> Option<usize> {
	bytes.windows(text.len()).position(|window| window == text.as_bytes())
}

/// Bytes at the end that can be the beginning of a call.
fn beginning(bytes: &[u8]) -> usize {
	let most = CALL.len().saturating_sub(1).min(bytes.len());
	(1..=most).rev().find(|len| bytes.ends_with(&CALL.as_bytes()[..*len])).unwrap_or(0)
}

/// The answer with the calls of `names` apart from its text. `bare`: it is nothing but one call. What is no call, or is cut
/// off, stays text.
pub(super) fn calls(deltas: Deltas, names: BTreeSet<String>, bare: bool) -> Deltas {
	let reader = Reader { names, bare, bytes: Vec::new(), inside: false, searched: 0, after: false };
	let told = stream::unfold((deltas, reader), |(mut deltas, mut reader)| async move {
		let told: Vec<_> = match deltas.next().await? {
			Ok(delta) => reader.take(delta).into_iter().map(Ok).collect(),
			Err(reason) => vec![Err(reason)],
		};
		Some((stream::iter(told), (deltas, reader)))
	});
	told.flatten().boxed()
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::answer::fake;

	/// What is told of an answer that comes in these pieces: texts as they are, calls as `name(arguments)`.
	async fn told(pieces: &[&str], bare: bool) -> Vec<String> {
		let names = ["add", "now"].map(str::to_owned).into();
		let deltas = calls(stream::iter(fake::Fake::says(pieces).0).boxed(), names, bare);
		let mut told: Vec<_> = deltas.map(Result::unwrap).collect().await;
		assert_eq!(told.pop(), Some(Delta::End(fake::end())));
		let mut all: Vec<String> = Vec::new();
		let mut text_last = false;
		for delta in told {
			match delta {
				Delta::Piece(text) => {
					let text = String::from_utf8(text).unwrap();
					match all.last_mut() {
						Some(last) if text_last => last.push_str(&text),
						_ => all.push(text),
					}
					text_last = true;
				}
				Delta::Call(Call { id, name, arguments }) => {
					assert!(id.starts_with("call_"));
					all.push(format!("{name}({arguments})"));
					text_last = false;
				}
				other => panic!("{other:?}"),
			}
		}
		all
	}

	const TWO: &str =
		"Let me see. \n<tool_call>\n{\"name\": \"add\", \"arguments\": {\"b\": \"</x>\", \"a\": [1]}}\n</tool_call>\n\
	                   <tool_call>{\"name\": \"now\"}</tool_call> \n Done < 5.";

	#[tokio::test]
	async fn calls_should_be_told_apart_from_text_wherever_the_pieces_are_cut() {
		let expected = ["Let me see.", r#"add({"b": "</x>", "a": [1]})"#, "now({})", "Done < 5."];
		assert_eq!(told(&[TWO], false).await, expected);
		for at in 1..TWO.len() {
			let (first, second) = TWO.split_at(at);
			assert_eq!(told(&[first, second], false).await, expected, "cut at {at}");
		}
		let each: Vec<_> = TWO.split("").collect();
		assert_eq!(told(&each, false).await, expected);
	}

	#[tokio::test]
	async fn text_should_stay_as_it_is_when_nothing_is_called() {
		for text in ["17 plus 25 = 42 ", " <tool", "a <tool_call b </tool_call> \n", "<", ""] {
			let each: Vec<_> = text.split("").collect();
			assert_eq!(told(&each, false).await.concat(), text);
		}
	}

	#[tokio::test]
	async fn what_is_no_call_should_stay_text() {
		for text in [
			"<tool_call>add(1, 2)</tool_call>",
			r#"<tool_call>{"name": "other", "arguments": {}}</tool_call>"#,
			r#"<tool_call>{"name": "add", "arguments": 5}</tool_call> and on"#,
			r#"<tool_call>{"name": "add", "argu"#,
		] {
			assert_eq!(told(&[text], false).await, [text]);
		}
	}

	#[tokio::test]
	async fn call_should_be_told_when_its_end_is_what_ends_the_answer() {
		assert_eq!(told(&["<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n"], false).await, ["now({})"]);
	}

	#[tokio::test]
	async fn answer_should_be_a_call_when_it_must_be_one_and_is_not_cut_off() {
		let call = r#"{"name": "add", "arguments": {"b": 1, "a": 2}}"#;
		assert_eq!(told(&[&call[..9], &call[9..]], true).await, [r#"add({"b": 1, "a": 2})"#]);
		assert_eq!(told(&[&call[..20]], true).await, [&call[..20]]);
	}
}
