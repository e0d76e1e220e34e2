//! How high the chain is, without asking for it.

use std::{
	sync::{Mutex, PoisonError},
	time::{Duration, Instant},
};

use millrace_primitives::BlockNumber;

/// So long after a block the next one is taken to be late: what was read before is not trusted any more.
const LATE: Duration = Duration::from_secs(30);

/// The last best block, while best blocks come.
#[derive(Debug, Default)]
pub struct Seen(Mutex<Option<(BlockNumber, Instant)>>);

impl Seen {
	fn lock(&self) -> std::sync::MutexGuard<'_, Option<(BlockNumber, Instant)>> {
		self.0.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// There is a new one, and what it has changed is known.
	pub fn put(&self, best: BlockNumber) {
		*self.lock() = Some((best, Instant::now()));
	}

	/// Blocks may have come that nobody has seen.
	pub fn clear(&self) {
		*self.lock() = None;
	}

	/// The last one; `None`: the chain has to be asked.
	pub fn best(&self) -> Option<BlockNumber> {
		self.lock().filter(|(_, at)| at.elapsed() < LATE).map(|(best, _)| best)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn best_should_be_unknown_when_nothing_was_seen_for_long_or_the_connection_broke() {
		let seen = Seen::default();
		assert_eq!(seen.best(), None);
		seen.put(7);
		assert_eq!(seen.best(), Some(7));
		seen.clear();
		assert_eq!(seen.best(), None);
		*seen.lock() = Some((7, Instant::now().checked_sub(LATE).unwrap()));
		assert_eq!(seen.best(), None);
	}
}
