//! Where an answer's parts go while it is made.

use std::sync::{
	atomic::{AtomicBool, Ordering},
	Arc,
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

fn gone() -> EngineError {
	EngineError::engine("nobody reads the answer any more")
}
