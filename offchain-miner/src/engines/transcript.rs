//! From a server's log-probabilities to a transcript.
//!
//! Servers name tokens by their bytes. Where a number comes with them it is taken, else the vocabulary gives it. Where a
//! server cuts a character in two, the bytes are U+FFFD or the entry is missing; such a token's number is [`UNKNOWN`],
//! or it is not in the transcript.

use std::{cmp::Reverse, time::Duration};

use millrace_primitives::{
	transcript::{logprob_from_nats, TOP_ALTERNATIVES},
	Alternative, TranscriptEntry, Usage,
};
use serde::Deserialize;

use super::{sink::Piece, vocabulary::Vocabulary, Generation};

/// Stands for a token that its bytes do not identify.
pub const UNKNOWN: u32 = u32::MAX;

/// What vLLM writes in front of a token's number when it is asked for numbers.
const NUMBERED: &str = "token_id:";

/// A token with its log-probability in nats, as Ollama and OpenAI's chat interface spell it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Logprob {
	pub(super) token: String,
	pub(super) bytes: Option<Vec<u8>>,
	/// Only llama-server has it.
	pub(super) id: Option<u32>,
	pub(super) logprob: Option<f64>,
	pub(super) top_logprobs: Option<Vec<Logprob>>,
}

impl Logprob {
	fn number(&self) -> Option<u32> {
		self.id.or_else(|| self.token.strip_prefix(NUMBERED)?.parse().ok())
	}

	fn bytes(&self) -> &[u8] {
		match &self.bytes {
			Some(bytes) => bytes,
			None if self.token.starts_with(NUMBERED) => &[],
			None => self.token.as_bytes(),
		}
	}

	fn value(&self) -> i32 {
		logprob_from_nats(self.logprob.unwrap_or(f64::NAN))
	}
}

/// How much of an answer was taken as parts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Taken {
	bytes: usize,
	entries: usize,
}

impl Taken {
	/// The part that completes the answer; `None` when nothing is left.
	pub(super) fn rest(&self, whole: &Generation) -> Option<Piece> {
		let bytes = whole.output.get(self.bytes..).unwrap_or_default().to_vec();
		let entries = whole.transcript.get(self.entries..).unwrap_or_default().to_vec();
		(!bytes.is_empty() || !entries.is_empty()).then_some(Piece { bytes, entries, usage: whole.usage })
	}
}

/// Gathers an answer.
pub(super) struct Collector<'a> {
	vocabulary: Option<&'a Vocabulary>,
	output: Vec<u8>,
	entries: Vec<TranscriptEntry>,
	/// How much of both was taken as a part.
	taken: Taken,
}

impl<'a> Collector<'a> {
	pub(super) fn new(vocabulary: Option<&'a Vocabulary>) -> Self {
		Self { vocabulary, output: Vec::new(), entries: Vec::new(), taken: Taken::default() }
	}

	/// A part of the answer's text.
	pub(super) fn text(&mut self, text: &str) {
		self.output.extend_from_slice(text.as_bytes());
	}

	/// The next token.
	pub(super) fn token(&mut self, entry: &Logprob) {
		let mut top: Vec<_> = entry
			.top_logprobs
			.iter()
			.flatten()
			.map(|other| Alternative { token: self.id(other), logprob: other.value() })
			.collect();
		top.sort_by_key(|other| Reverse(other.logprob));
		top.truncate(TOP_ALTERNATIVES);
		let (token, bytes) = (self.id(entry), entry.bytes().to_vec());
		self.entries.push(TranscriptEntry { token, bytes, logprob: entry.value(), top });
	}

	/// What came since the last part, but for the last `held` tokens, when it took so long; `None` when there is
	/// nothing. How long the prompt was servers say at the end.
	pub(super) fn part(&mut self, held: usize, took: Duration) -> Option<Piece> {
		let Taken { bytes, entries } = self.taken;
		let until = self.entries.len().saturating_sub(held).max(entries);
		if bytes == self.output.len() && entries == until {
			return None;
		}
		self.taken = Taken { bytes: self.output.len(), entries: until };
		let usage = Usage {
			input_tokens: 0,
			output_tokens: u32::try_from(until).unwrap_or(u32::MAX),
			gpu_ms: u32::try_from(took.as_millis()).unwrap_or(u32::MAX),
		};
		Some(Piece { bytes: self.output[bytes..].to_vec(), entries: self.entries[entries..until].to_vec(), usage })
	}

	pub(super) fn finish(self) -> (Vec<u8>, Vec<TranscriptEntry>, Taken) {
		(self.output, self.entries, self.taken)
	}

	fn id(&self, entry: &Logprob) -> u32 {
		let by_bytes = || self.vocabulary?.id(entry.bytes());
		entry.number().or_else(by_bytes).unwrap_or(UNKNOWN)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn gather(vocabulary: Option<&Vocabulary>, entry: &str) -> TranscriptEntry {
		let mut collector = Collector::new(vocabulary);
		collector.token(&serde_json::from_str(entry).unwrap());
		collector.finish().1.remove(0)
	}

	#[test]
	fn token_should_be_numbered_when_the_vocabulary_has_its_bytes() {
		let tokens = ["4", "2", "\u{2581}x"].map(str::to_owned);
		let vocabulary = Vocabulary::new("llama", &tokens, &[1, 1, 1]).unwrap();
		let entry = r#"{"token":"4","logprob":-0.25,"bytes":[52],"top_logprobs":[
			{"token":"\ufffd","logprob":-3,"bytes":[239,191,189]},{"token":"4","logprob":-0.25,"bytes":[52]}]}"#;
		let top =
			vec![Alternative { token: 0, logprob: -250_000 }, Alternative { token: UNKNOWN, logprob: -3_000_000 }];
		let wanted = TranscriptEntry { token: 0, bytes: b"4".to_vec(), logprob: -250_000, top };
		assert_eq!(gather(Some(&vocabulary), entry), wanted);
	}

	#[test]
	fn token_should_have_the_servers_number_when_it_gives_one() {
		let by_id = gather(None, r#"{"id":7,"token":"4","logprob":-0.25,"bytes":[52]}"#);
		assert_eq!((by_id.token, by_id.bytes), (7, b"4".to_vec()));
		let by_name = gather(None, r#"{"token":"token_id:9","logprob":null,"bytes":[52]}"#);
		assert_eq!((by_name.token, by_name.bytes, by_name.logprob), (9, b"4".to_vec(), i32::MIN));
		assert_eq!(gather(None, r#"{"token":"token_id:9"}"#).bytes, b"");
	}

	#[test]
	fn token_should_be_unknown_when_nothing_gives_its_number() {
		assert_eq!(gather(None, r#"{"token":"4","logprob":-1}"#).token, UNKNOWN);
	}

	#[test]
	fn parts_should_be_the_answer_when_the_last_token_turns_out_to_be_none_of_it() {
		let mut collector = Collector::new(None);
		let mut parts = Vec::new();
		for text in ["a", "b", "</s>"] {
			let entry = serde_json::json!({ "token": text, "logprob": -1 });
			collector.token(&serde_json::from_value(entry).unwrap());
			collector.text(if text == "</s>" { "" } else { text });
			parts.extend(collector.part(1, Duration::ZERO));
		}
		let (output, mut transcript, taken) = collector.finish();
		transcript.pop();
		let whole = Generation { output, transcript, usage: Usage::default(), times: None };
		assert_eq!(taken.rest(&whole), None);
		let bytes: Vec<u8> = parts.iter().flat_map(|part| part.bytes.clone()).collect();
		let entries: Vec<_> = parts.into_iter().flat_map(|part| part.entries).collect();
		assert_eq!((bytes, entries), (whole.output, whole.transcript));
	}

	#[test]
	fn alternatives_should_be_cut_when_a_server_sends_more() {
		let many: Vec<_> = (0..9).map(|id| serde_json::json!({ "id": id, "logprob": -9 + id })).collect();
		let entry = serde_json::json!({ "token": "a", "logprob": 0, "top_logprobs": many });
		let top: Vec<_> = gather(None, &entry.to_string()).top.iter().map(|other| other.token).collect();
		assert_eq!(top, [8, 7, 6, 5, 4]);
	}
}
