//! Follows the chain: turns best blocks into events.

use std::{future::Future, sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt};
use millrace_primitives::H256;
use tokio::{
	sync::{mpsc::Sender, watch::Receiver},
	time::timeout,
};

use crate::{
	chain::{Chain, ChainError},
	config::Settings,
	core::Event,
	pause::Pause,
};

/// A node that does not answer for so long counts as lost: a broken connection can stay silent.
const ANSWER: Duration = Duration::from_secs(15);

/// Finality is asked for once in so many readings.
const FINALITY_EVERY: u32 = 4;

/// Why following the chain can't go on.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
	/// Another chain is at the same address now.
	#[error(
		"the node now serves another chain (genesis {found} instead of {known}); stopping so that no answer goes there"
	)]
	OtherChain {
		/// The chain that the miner was started for.
		known: H256,
		/// The chain at the address.
		found: H256,
	},
	/// Nobody takes the events.
	#[error("the miner has stopped")]
	Stopped,
}

/// Sends a [`Event::Snapshot`] for each best block, and at least once in the settings' polling time while the node
/// answers. Connects again for ever, to another node if there is one; returns only when going on would be wrong.
pub async fn follow(chain: Arc<dyn Chain>, events: Sender<Event>, settings: Receiver<Settings>) -> WatchError {
	let mut pause = Pause::default();
	let mut connected = true;
	loop {
		let error = match subscribed(&*chain, &events, &settings, &mut pause, &mut connected).await {
			Ok(never) => match never {},
			Err(Stop::Fatal(error)) => return error,
			Err(Stop::Lost(error)) => error,
			Err(Stop::Silent) => {
				chain.move_on().await;
				"the node does not answer".into()
			}
		};
		if connected {
			tracing::warn!(%error, event = %"node_lost", "lost the node; trying again for ever");
			connected = false;
		}
		pause.wait().await;
	}
}

enum Stop {
	Fatal(WatchError),
	Lost(String),
	/// Connected, but without an answer.
	Silent,
}

impl From<ChainError> for Stop {
	fn from(error: ChainError) -> Self {
		Self::Lost(error.to_string())
	}
}

async fn subscribed(
	chain: &dyn Chain,
	events: &Sender<Event>,
	settings: &Receiver<Settings>,
	pause: &mut Pause,
	connected: &mut bool,
) -> Result<std::convert::Infallible, Stop> {
	let (known, found) = (chain.genesis(), within(chain.current_genesis()).await?);
	if known != found {
		return Err(Stop::Fatal(WatchError::OtherChain { known, found }));
	}
	let send = |event| async { events.send(event).await.map_err(|_| Stop::Fatal(WatchError::Stopped)) };
	let mut blocks = within(chain.blocks()).await?;
	for reading in 0u32.. {
		let (number, assignments) = within(chain.assignments()).await?;
		if !*connected {
			tracing::info!(number, event = %"node_back", "the node is back");
			*connected = true;
		}
		pause.reset();
		send(Event::Snapshot { number, assignments }).await?;
		if reading % FINALITY_EVERY == 0 {
			send(Event::Finalized(within(chain.finalized()).await?)).await?;
		}
		let poll = settings.borrow().poll;
		match timeout(poll, blocks.next()).await {
			Ok(Some(block)) => block?,
			Ok(None) => return Err(Stop::Lost("the subscription to blocks ended".into())),
			Err(_) => {}
		}
		// The best block is read, so blocks that were announced meanwhile are no news.
		while let Some(Some(block)) = blocks.next().now_or_never() {
			block?;
		}
	}
	Err(Stop::Lost("read often enough".into()))
}

async fn within<T>(answer: impl Future<Output = Result<T, ChainError>>) -> Result<T, Stop> {
	match timeout(ANSWER, answer).await {
		Ok(answer) => Ok(answer?),
		Err(_) => Err(Stop::Silent),
	}
}
