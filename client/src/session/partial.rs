//! What has come of an answer so far.

use std::time::Instant;

use millrace_primitives::{job::payload_hash, transcript, Checkpoint, TranscriptEntry, Usage, UsageBounds};

use super::{Received, SessionError};

/// A miner's clock may be ahead of ours by one part in so many before its milliseconds are doubted.
const CLOCK_SLACK: u32 = 500;

/// An answer that is under way, or was left behind.
pub(super) struct Partial {
	began: Instant,
	/// What it can have taken at most.
	pub bounds: UsageBounds,
	output: Vec<u8>,
	/// Bytes of `output` that were given out as text.
	shown: usize,
	entries: Vec<TranscriptEntry>,
	/// How many of them were given out.
	told: usize,
	/// What it has taken, as of the last checkpoint that was paid.
	pub usage: Usage,
	/// Heard and not paid yet: what interrupts the payment must not lose it.
	pub unpaid: Option<Checkpoint>,
	/// Bytes and tokens up to the last checkpoint that was paid.
	kept: (usize, usize),
	most_bytes: usize,
}

impl Partial {
	/// Of an answer that was asked for at `began`, with these bounds and at most so many bytes.
	pub fn new(began: Instant, bounds: UsageBounds, most_bytes: usize) -> Self {
		Self {
			began,
			bounds,
			output: Vec::new(),
			shown: 0,
			entries: Vec::new(),
			told: 0,
			usage: Usage::default(),
			unpaid: None,
			kept: (0, 0),
			most_bytes,
		}
	}

	/// What a checkpoint is compared with.
	pub fn received(&self) -> Received {
		let millis = u32::try_from(self.began.elapsed().as_millis()).unwrap_or(u32::MAX);
		Received {
			output_hash: payload_hash(&self.output),
			transcript_root: transcript::root(&self.entries),
			tokens: u32::try_from(self.entries.len()).unwrap_or(u32::MAX),
			elapsed_ms: millis.saturating_add(millis / CLOCK_SLACK),
		}
	}

	/// More of it has come.
	pub fn take(&mut self, bytes: &[u8], entries: Vec<TranscriptEntry>) -> Result<(), SessionError> {
		if self.output.len().saturating_add(bytes.len()) > self.most_bytes {
			return Err(SessionError::Broken("more bytes than the answer may have"));
		}
		self.output.extend_from_slice(bytes);
		self.entries.extend(entries);
		if u32::try_from(self.entries.len()).is_ok_and(|tokens| tokens <= self.bounds.output_tokens) {
			Ok(())
		} else {
			Err(SessionError::Broken("more tokens than the answer may have"))
		}
	}

	/// The record of the tokens that came since the last time.
	pub fn news(&mut self) -> Vec<TranscriptEntry> {
		let new = self.entries[self.told..].to_vec();
		self.told = self.entries.len();
		new
	}

	/// The characters that came since the last time; with `all`, also what is no whole character.
	pub fn text(&mut self, all: bool) -> String {
		let new = &self.output[self.shown..];
		let whole = match std::str::from_utf8(new) {
			// Up to three bytes at the end can be the beginning of a character.
			Err(error) if !all && error.error_len().is_none() => error.valid_up_to(),
			_ => new.len(),
		};
		let text = String::from_utf8_lossy(&new[..whole]).into_owned();
		self.shown += whole;
		text
	}

	/// Bytes and tokens that came since the last time, up to a checkpoint.
	pub fn part(&mut self) -> (Vec<u8>, Vec<TranscriptEntry>) {
		let (bytes, tokens) = self.kept;
		self.kept = (self.output.len(), self.entries.len());
		(self.output[bytes..].to_vec(), self.entries[tokens..].to_vec())
	}
}
