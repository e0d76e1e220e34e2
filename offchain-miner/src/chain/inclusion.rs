//! Sees transactions into a block.
//!
//! The client's future for that can't move between threads, so that one thread here drives them all.

use std::thread;

use millrace_client::TxHandle;
use millrace_primitives::BlockNumber;
use tokio::{
	runtime::Builder,
	sync::{mpsc, oneshot},
	task::{spawn_local, LocalSet},
};

use super::ChainError;

type Reply = oneshot::Sender<Result<BlockNumber, ChainError>>;

/// The thread's inbox. The thread ends with it.
pub(super) struct Inclusion {
	inbox: mpsc::UnboundedSender<(TxHandle, Reply)>,
}

impl Inclusion {
	/// Starts the thread.
	pub(super) fn start() -> Result<Self, ChainError> {
		let failed = |error: std::io::Error| ChainError::Unavailable(format!("no thread for transactions: {error}"));
		let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
		let (inbox, mut sent) = mpsc::unbounded_channel::<(TxHandle, Reply)>();
		thread::Builder::new()
			.name("inclusion".into())
			.spawn(move || {
				let serve = async move {
					while let Some((transaction, reply)) = sent.recv().await {
						spawn_local(see_through(transaction, reply));
					}
				};
				LocalSet::new().block_on(&runtime, serve);
			})
			.map_err(failed)?;
		Ok(Self { inbox })
	}

	/// The height of the block that carries the transaction. Who stops waiting ends the watch.
	pub(super) async fn of(&self, transaction: TxHandle) -> Result<BlockNumber, ChainError> {
		let (reply, block) = oneshot::channel();
		let ended = || ChainError::Unavailable("the thread for transactions has ended".into());
		self.inbox.send((transaction, reply)).map_err(|_| ended())?;
		block.await.map_err(|_| ended())?
	}
}

async fn see_through(transaction: TxHandle, mut reply: Reply) {
	let result = tokio::select! {
		result = transaction.in_block() => result,
		() = reply.closed() => return,
	};
	// Whoever asked may have stopped waiting just now.
	let _ = reply.send(result.map(|block| block.number).map_err(ChainError::from));
}
