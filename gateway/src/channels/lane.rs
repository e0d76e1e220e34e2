//! A channel, which answers one request at a time.

use std::{
	path::Path,
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc, PoisonError,
	},
	time::{Duration, Instant},
};

use millrace_client::{
	session::{Session, SessionError},
	Client, Signer,
};
use millrace_primitives::{AccountId32, BlockNumber, ChannelId};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// A channel and its session, once there is one.
pub struct Lane {
	/// Its number.
	pub id: ChannelId,
	/// The miner's owner.
	pub miner: AccountId32,
	/// The block in which it ends.
	pub due: BlockNumber,
	session: Arc<Mutex<Option<Session>>>,
	over: AtomicBool,
	rests: std::sync::Mutex<Option<Instant>>,
}

/// A lane that nobody else uses meanwhile.
pub struct Held {
	/// Which.
	pub lane: Arc<Lane>,
	session: OwnedMutexGuard<Option<Session>>,
}

impl Lane {
	/// Without a session.
	pub fn new(id: ChannelId, miner: AccountId32, due: BlockNumber) -> Self {
		Self {
			id,
			miner,
			due,
			session: Arc::default(),
			over: AtomicBool::new(false),
			rests: std::sync::Mutex::default(),
		}
	}

	/// Nothing is asked in the channel for so long.
	pub fn rest(&self, time: Duration) {
		*self.rests.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + time);
	}

	/// Takes the lane, if nobody has it and it does not rest.
	pub fn try_hold(self: &Arc<Self>) -> Option<Held> {
		if self.rests.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| Instant::now() < until) {
			return None;
		}
		let session = self.session.clone().try_lock_owned().ok()?;
		Some(Held { lane: self.clone(), session })
	}

	/// Whether nothing can be asked in the channel any more.
	pub fn is_over(&self) -> bool {
		self.over.load(Ordering::Relaxed)
	}

	/// Nothing is asked in the channel any more.
	pub fn give_up(&self) {
		self.over.store(true, Ordering::Relaxed);
	}
}

impl Held {
	/// The session, connected if need be.
	///
	/// # Errors
	///
	/// As [`Session::connect`].
	pub async fn session(
		&mut self,
		client: &Client,
		signer: &Signer,
		folder: &Path,
	) -> Result<&mut Session, SessionError> {
		let session = match self.session.take() {
			Some(session) => session,
			None => Session::connect(client, self.lane.id, signer.clone(), folder).await?,
		};
		Ok(self.session.insert(session))
	}

	/// Ends the session; the next one goes on from what was signed for.
	pub fn hang_up(&mut self) {
		*self.session = None;
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn lane() -> Arc<Lane> {
		Arc::new(Lane::new(0, AccountId32::new([1; 32]), 900))
	}

	#[test]
	fn lane_should_be_held_by_one_at_a_time() {
		let lane = lane();
		let held = lane.try_hold().unwrap();
		assert!(lane.try_hold().is_none());
		drop(held);
		assert!(lane.try_hold().is_some());
	}

	#[test]
	fn lane_should_not_be_held_while_it_rests() {
		let lane = lane();
		lane.rest(Duration::from_secs(60));
		assert!(lane.try_hold().is_none());
		lane.rest(Duration::ZERO);
		assert!(lane.try_hold().is_some());
	}
}
