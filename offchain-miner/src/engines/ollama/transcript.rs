//! From Ollama's log-probabilities to a transcript.
//!
//! Ollama names tokens by their bytes and not by their numbers. Where it cuts a character in two, the bytes are
//! U+FFFD or the entry is missing; such a token's number is [`UNKNOWN`], or it is not in the transcript.

use millrace_primitives::{transcript::logprob_from_nats, Alternative, TranscriptEntry};

use super::api::{Chunk, Logprob};
use crate::engines::vocabulary::Vocabulary;

/// Stands for a token that Ollama's bytes do not identify.
pub const UNKNOWN: u32 = u32::MAX;

/// Gathers an answer.
pub(super) struct Collector<'a> {
	vocabulary: &'a Vocabulary,
	output: Vec<u8>,
	entries: Vec<TranscriptEntry>,
}

impl<'a> Collector<'a> {
	pub(super) fn new(vocabulary: &'a Vocabulary) -> Self {
		Self { vocabulary, output: Vec::new(), entries: Vec::new() }
	}

	pub(super) fn add(&mut self, chunk: &Chunk) {
		self.output.extend_from_slice(chunk.message.content.as_bytes());
		self.output.extend_from_slice(chunk.response.as_bytes());
		for entry in chunk.logprobs.iter().flatten() {
			let top = entry
				.top_logprobs
				.iter()
				.map(|other| Alternative { token: self.id(other), logprob: logprob_from_nats(other.logprob) })
				.collect();
			self.entries.push(TranscriptEntry {
				token: self.id(entry),
				bytes: entry.bytes().to_vec(),
				logprob: logprob_from_nats(entry.logprob),
				top,
			});
		}
	}

	pub(super) fn finish(self) -> (Vec<u8>, Vec<TranscriptEntry>) {
		(self.output, self.entries)
	}

	fn id(&self, entry: &Logprob) -> u32 {
		self.vocabulary.id(entry.bytes()).unwrap_or(UNKNOWN)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn collector_should_number_tokens_when_the_vocabulary_has_their_bytes() {
		let tokens = ["4", "2", "\u{2581}x"].map(str::to_owned);
		let vocabulary = Vocabulary::new("llama", &tokens, &[1, 1, 1]).unwrap();
		let line = r#"{"message":{"role":"assistant","content":"4"},"done":false,
			"logprobs":[{"token":"4","logprob":-0.25,"bytes":[52],
			"top_logprobs":[{"token":"4","logprob":-0.25,"bytes":[52]},{"token":"\ufffd","logprob":-3,"bytes":[239,191,189]}]}]}"#;
		let mut collector = Collector::new(&vocabulary);
		collector.add(&serde_json::from_str(line).unwrap());
		collector.add(&serde_json::from_str(r#"{"response":" x","done":true}"#).unwrap());
		let (output, entries) = collector.finish();
		assert_eq!(output, b"4 x");
		let top =
			vec![Alternative { token: 0, logprob: -250_000 }, Alternative { token: UNKNOWN, logprob: -3_000_000 }];
		assert_eq!(entries, vec![TranscriptEntry { token: 0, bytes: b"4".to_vec(), logprob: -250_000, top }]);
	}
}
