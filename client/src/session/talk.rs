//! One stream as two queues of messages.

use std::{marker::PhantomData, time::Duration};

use codec::{Decode, Encode};
use futures::{io::BufReader, AsyncReadExt, AsyncWriteExt};
use libp2p_swarm::Stream;
use tokio::{
	sync::mpsc::{self, error::TrySendError},
	task::JoinHandle,
	time::timeout,
};

use super::wire::{self, FrameError};

/// Messages that may wait on either side. When they are full, the connection's own windows fill, and the other side has
/// to wait: a slow reader costs no memory.
const WAITING: usize = 8;

/// Bytes from which on a write is not added to.
const TOGETHER: usize = 65_536;

/// So long may one write take.
const WRITING: Duration = Duration::from_secs(30);

/// Why a conversation can't go on.
#[derive(Debug, thiserror::Error)]
pub enum TalkError {
	/// The other side is gone.
	#[error("the other side closed the connection")]
	Closed,
	/// The other side said nothing.
	#[error("the other side said nothing for {0} seconds")]
	Silent(u64),
	/// The other side reads nothing.
	#[error("the other side does not read what it is sent")]
	Stuck,
	/// What it said can't be read.
	#[error(transparent)]
	Frame(#[from] FrameError),
}

impl TalkError {
	/// Whether the other side has closed the stream, in whatever way.
	pub fn is_gone(&self) -> bool {
		matches!(self, Self::Closed | Self::Frame(FrameError::Io(_)))
	}
}

/// A conversation: `In` is heard, `Out` is said.
pub struct Talk<In, Out> {
	incoming: mpsc::Receiver<Result<In, FrameError>>,
	/// `None` once all is said.
	outgoing: Option<mpsc::Sender<Vec<u8>>>,
	reader: JoinHandle<()>,
	said: PhantomData<fn(Out)>,
}

impl<In: Decode + Send + 'static, Out: Encode> Talk<In, Out> {
	/// Takes a stream over; messages of more than `most` bytes are refused.
	pub fn new(stream: Stream, most: u32) -> Self {
		let (read, mut write) = stream.split();
		let mut read = BufReader::new(read);
		let (hear, incoming) = mpsc::channel(WAITING);
		let (outgoing, mut say) = mpsc::channel::<Vec<u8>>(WAITING);
		let reader = tokio::spawn(async move {
			loop {
				let (message, ends) = match wire::read(&mut read, most).await {
					Ok(Some(message)) => (Ok(message), false),
					Ok(None) => return,
					Err(error) => (Err(error), true),
				};
				if hear.send(message).await.is_err() || ends {
					return;
				}
			}
		});
		tokio::spawn(async move {
			while let Some(mut bytes) = say.recv().await {
				// What waits already goes out with it, which saves packets.
				while bytes.len() < TOGETHER {
					let Ok(more) = say.try_recv() else { break };
					bytes.extend(more);
				}
				if !matches!(timeout(WRITING, wire::write(&mut write, &bytes)).await, Ok(Ok(()))) {
					return;
				}
			}
			// What was said is flushed; whether the other side still hears the end does not matter.
			let _ = timeout(WRITING, write.close()).await;
		});
		Self { incoming, outgoing: Some(outgoing), reader, said: PhantomData }
	}

	/// Says something, as soon as there is room for it.
	///
	/// # Errors
	///
	/// [`TalkError::Closed`].
	pub async fn say(&self, message: &Out) -> Result<(), TalkError> {
		let outgoing = self.outgoing.as_ref().ok_or(TalkError::Closed)?;
		outgoing.send(wire::frame(message)).await.map_err(|_| TalkError::Closed)
	}

	/// Says something at once.
	///
	/// # Errors
	///
	/// [`TalkError::Closed`], and [`TalkError::Stuck`] when there is no room.
	pub fn say_now(&self, message: &Out) -> Result<(), TalkError> {
		let outgoing = self.outgoing.as_ref().ok_or(TalkError::Closed)?;
		outgoing.try_send(wire::frame(message)).map_err(|error| match error {
			TrySendError::Full(_) => TalkError::Stuck,
			TrySendError::Closed(_) => TalkError::Closed,
		})
	}

	/// The next message, however long it takes. Nothing is lost when this is dropped.
	///
	/// # Errors
	///
	/// See [`TalkError`].
	pub async fn hear(&mut self) -> Result<In, TalkError> {
		Ok(self.incoming.recv().await.ok_or(TalkError::Closed)??)
	}

	/// The next message within `patience`.
	///
	/// # Errors
	///
	/// See [`TalkError`].
	pub async fn hear_within(&mut self, patience: Duration) -> Result<In, TalkError> {
		timeout(patience, self.hear()).await.unwrap_or(Err(TalkError::Silent(patience.as_secs())))
	}

	/// Closes our side, and waits at most `patience` until the other side, which has heard all then, closes its own.
	pub async fn finish(mut self, patience: Duration) {
		self.outgoing = None;
		let _ = timeout(patience, async { while self.incoming.recv().await.is_some() {} }).await;
	}
}

impl<In, Out> Drop for Talk<In, Out> {
	fn drop(&mut self) {
		// The writer ends by itself, once it has written what waits.
		self.reader.abort();
	}
}
