//! Where an answer's parts go while it is made.

use std::{
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc,
	},
	time::{Duration, Instant},
};

use millrace_primitives::{TranscriptEntry, Usage};
use tokio::sync::mpsc;

use super::EngineError;

/// A part of an answer. All parts together are the answer's bytes and transcript.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
	/// Bytes; may end within a character.
	pub bytes: Vec<u8>,
	/// The record of the tokens of this part.
	pub entries: Vec<TranscriptEntry>,
	/// What the answer has taken so far, as far as the engine knows it already.
	pub usage: Usage,
}

/// Takes an answer's parts, as fast as somebody reads them; or drops them where nobody is to read them.
#[derive(Clone, Debug, Default)]
pub struct Sink(Option<Arc<Open>>);

#[derive(Debug)]
struct Open {
	pieces: mpsc::Sender<Piece>,
	used: AtomicBool,
}

impl Sink {
	/// Drops everything: the whole answer is what counts.
	pub fn none() -> Self {
		Self(None)
	}

	/// Holds at most `most` parts that are not read yet; an engine waits while it is full.
	pub fn bounded(most: usize) -> (Self, mpsc::Receiver<Piece>) {
		let (pieces, receiver) = mpsc::channel(most);
		(Self(Some(Arc::new(Open { pieces, used: AtomicBool::new(false) }))), receiver)
	}

	/// Whether anybody reads parts: where nobody does, they need not be made.
	pub fn is_read(&self) -> bool {
		self.0.is_some()
	}

	/// Whether a part was given away, so that another try could not begin anew.
	pub fn is_used(&self) -> bool {
		self.0.as_ref().is_some_and(|open| open.used.load(Ordering::Relaxed))
	}

	/// Gives a part away, and waits while there is no room.
	///
	/// # Errors
	///
	/// When the reader is gone.
	pub async fn send(&self, piece: Piece) -> Result<(), EngineError> {
		let Some(open) = &self.0 else { return Ok(()) };
		open.used.store(true, Ordering::Relaxed);
		open.pieces.send(piece).await.map_err(|_| gone())
	}

	/// The same outside of the asynchronous runtime.
	///
	/// # Errors
	///
	/// When the reader is gone.
	pub fn send_blocking(&self, piece: Piece) -> Result<(), EngineError> {
		let Some(open) = &self.0 else { return Ok(()) };
		open.used.store(true, Ordering::Relaxed);
		open.pieces.blocking_send(piece).map_err(|_| gone())
	}
}

/// Gives the parts of a server's answer away, and knows how much of the time was work: from the server's first word on,
/// without the waits for a reader.
pub(super) struct Pacer<'a> {
	sink: &'a Sink,
	began: Option<Instant>,
	waited: Duration,
}

impl<'a> Pacer<'a> {
	pub(super) fn new(sink: &'a Sink) -> Self {
		Self { sink, began: None, waited: Duration::ZERO }
	}

	/// Whether anybody reads parts.
	pub(super) fn is_read(&self) -> bool {
		self.sink.is_read()
	}

	/// The time that was work; the first call begins it.
	pub(super) fn worked(&mut self) -> Duration {
		self.began.get_or_insert_with(Instant::now).elapsed().saturating_sub(self.waited)
	}

	/// How long nobody read what was made.
	pub(super) fn waited(&self) -> Duration {
		self.waited
	}

	pub(super) async fn send(&mut self, piece: Piece) -> Result<(), EngineError> {
		let began = Instant::now();
		self.sink.send(piece).await?;
		self.waited = self.waited.saturating_add(began.elapsed());
		Ok(())
	}
}

fn gone() -> EngineError {
	EngineError::engine("nobody reads the answer any more")
}
