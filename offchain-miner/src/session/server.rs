//! Listening, and taking clients in.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use futures::StreamExt;
use millrace_client::{
	session::{network, talk::Talk, wire::MAX_TO_MINER},
	Signer,
};
use tokio::{
	sync::{watch, Semaphore},
	task::{JoinHandle, JoinSet},
	time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{
	book::Book,
	identity,
	ledger::Ledger,
	publish,
	seen::Seen,
	settings::SessionSettings,
	visit::{End, Visit},
	Hall, MOST_STREAMS,
};
use crate::{config::Settings, engines::several::Engines, metrics::Sessions};

/// What answers that are cut off may take to say so.
const CUTTING: Duration = Duration::from_secs(5);

/// What sessions are served with.
pub struct Setup<'a> {
	/// Where and how.
	pub settings: &'a SessionSettings,
	/// Where keys and vouchers are kept.
	pub work_dir: &'a Path,
	/// The chain.
	pub ledger: Arc<dyn Ledger>,
	/// What runs models.
	pub engines: Engines,
	/// The operator's key.
	pub signer: Signer,
	/// Where counters are.
	pub metrics: Sessions,
	/// What is in force, and what comes to be.
	pub changes: watch::Receiver<Settings>,
}

/// The running server.
pub struct Server {
	pub(super) hall: Arc<Hall>,
	clients: JoinHandle<()>,
	helpers: Vec<JoinHandle<()>>,
}

impl Drop for Server {
	fn drop(&mut self) {
		self.clients.abort();
		self.helpers.iter().for_each(JoinHandle::abort);
	}
}

impl Server {
	/// Begins to listen, and serves clients from here on.
	///
	/// # Errors
	///
	/// When an address can't be listened on, or a file in the work directory can't be used.
	pub fn start(setup: Setup<'_>) -> anyhow::Result<Self> {
		let Setup { settings, work_dir, ledger, engines, signer, metrics, changes } = setup;
		let book = Book::open(work_dir, ledger.genesis()).context("the channels' files can't be used")?;
		let key = identity::load(work_dir)?;
		let listening = network::listen(&key, &settings.listen).context("sessions can't be served")?;
		let hall = Arc::new(Hall {
			ledger: ledger.clone(),
			engines: Arc::new(engines),
			book,
			signer,
			slots: Arc::new(Semaphore::new(settings.streams.get().min(MOST_STREAMS))),
			settings: changes,
			metrics,
			seen: Seen::default(),
			drain: CancellationToken::new(),
			cut: CancellationToken::new(),
		});
		let (peer, public) = (key.public().to_peer_id(), settings.public_addresses.clone());
		let helpers = vec![
			tokio::spawn(publish::keep_published(ledger, peer, public, listening.addresses.clone())),
			tokio::spawn(hall.clone().watch_channels()),
			tokio::spawn(hall.clone().follow_settings()),
		];
		let clients = tokio::spawn(welcome(hall.clone(), listening));
		Ok(Self { hall, clients, helpers })
	}

	/// Takes no new requests, and lets running answers end within `patience`.
	pub async fn finish(mut self, patience: Duration) {
		self.hall.drain.cancel();
		if timeout(patience, &mut self.clients).await.is_err() {
			self.hall.cut.cancel();
			let _ = timeout(CUTTING, &mut self.clients).await;
		}
	}
}

/// Serves clients until all have left after the drain.
async fn welcome(hall: Arc<Hall>, mut listening: network::Listening) {
	let mut clients = JoinSet::new();
	loop {
		tokio::select! {
			arrived = listening.incoming.next() => {
				let Some((peer, stream)) = arrived else { return };
				if clients.len() >= hall.most_clients() || hall.drain.is_cancelled() {
					tracing::debug!(%peer, clients = clients.len(), "a client is turned away");
					continue;
				}
				let hall = hall.clone();
				clients.spawn(async move {
					let mut visit = Visit { hall: &hall, talk: Talk::new(stream, MAX_TO_MINER) };
					match visit.serve().await {
						Ok(()) | Err(End::Unpaid) => {}
						Err(End::Gone(error)) => tracing::debug!(%peer, %error, "a client has left"),
					}
					// It has to hear the last words before the stream ends.
					visit.talk.finish(CUTTING).await;
				});
			}
			Some(_) = clients.join_next() => {}
			() = hall.drain.cancelled(), if clients.is_empty() => return,
		}
	}
}
