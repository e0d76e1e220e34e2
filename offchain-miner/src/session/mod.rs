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
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::engines::several::Engines;
use book::Book;
use ledger::Ledger;
use seen::Seen;

pub use server::{Server, Setup};

/// What all clients share.
struct Hall {
	ledger: Arc<dyn Ledger>,
	engines: Arc<Engines>,
	book: Book,
	/// The operator's key, which signs checkpoints.
	signer: Signer,
	/// One for each answer at a time.
	slots: Arc<Semaphore>,
	/// So long may a client take for a voucher.
	voucher: Duration,
	/// The chain's height.
	seen: Seen,
	/// No new answers.
	drain: CancellationToken,
	/// No answers at all.
	cut: CancellationToken,
}
