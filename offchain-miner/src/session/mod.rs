//! Streaming channels: clients connect, ask, and pay for their answers as they come.
//!
//! `server` listens and takes clients in; `visit` is one client's stream and `answer` one answer; `book` is what must
//! outlive the process; `seen` saves a request the chain's reading; `closing` turns vouchers into money; `publish` tells the chain where all this is.

pub mod answer;
pub mod book;
mod closing;
pub mod identity;
pub mod ledger;
mod publish;
mod seen;
mod server;
pub mod settings;
#[cfg(test)]
mod tests;
mod visit;

use std::{sync::Arc, time::Duration};

use millrace_client::Signer;
use tokio::sync::{watch, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::{config::Settings, engines::several::Engines, metrics::Sessions};
use book::Book;
use ledger::Ledger;
use seen::Seen;

pub use server::{Server, Setup};

/// Most answers at a time, whatever the settings say.
const MOST_STREAMS: usize = 65_536;

/// Clients that may be connected, however few answers there may be at a time.
const CLIENTS: usize = 256;

/// What all clients share.
struct Hall {
	ledger: Arc<dyn Ledger>,
	engines: Arc<Engines>,
	book: Book,
	/// The operator's key, which signs checkpoints.
	signer: Signer,
	/// One for each answer at a time.
	slots: Arc<Semaphore>,
	/// The chain's height.
	seen: Seen,
	/// What can change while it runs.
	settings: watch::Receiver<Settings>,
	/// Counts.
	metrics: Sessions,
	/// No new answers.
	drain: CancellationToken,
	/// No answers at all.
	cut: CancellationToken,
}

impl Hall {
	/// So long may a client take for a voucher.
	fn patience(&self) -> Duration {
		Duration::from_secs(self.settings.borrow().session.voucher_secs.get())
	}

	/// Clients that may be connected: more than can be answered at a time, for each has a pause between two answers.
	fn most_clients(&self) -> usize {
		self.settings.borrow().session.streams.get().min(MOST_STREAMS).saturating_mul(2).max(CLIENTS)
	}

	/// Gives as many answers at a time as the settings say, whenever they change. Fewer begin to count as answers end.
	async fn follow_settings(self: Arc<Self>) {
		let mut settings = self.settings.clone();
		let streams = |settings: &Settings| settings.session.streams.get().min(MOST_STREAMS);
		let mut now = streams(&settings.borrow_and_update());
		while settings.changed().await.is_ok() {
			let wanted = streams(&settings.borrow_and_update());
			self.slots.add_permits(wanted.saturating_sub(now));
			let fewer = u32::try_from(now.saturating_sub(wanted)).unwrap_or(u32::MAX);
			// Never closed.
			if let Ok(permits) = self.slots.acquire_many(fewer).await {
				permits.forget();
			}
			now = wanted;
		}
	}
}
