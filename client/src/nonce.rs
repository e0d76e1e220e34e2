//! Which nonce the next transaction of an account gets.

use std::time::{Duration, Instant};

/// How long the node may take to show a transaction of ours in its count: a reorg puts transactions back into the
/// pool a moment after their block is gone.
const GRACE: Duration = Duration::from_secs(6);

/// Counts the nonces that an account has used here.
///
/// The node's own count (best block and pool) leads, because others may use the account too. Only while it can't yet
/// know our latest transactions is our count above it trusted.
#[derive(Debug, Default)]
pub(crate) struct Nonces {
	last: Option<Last>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
	next: u64,
	sent: Instant,
}

impl Nonces {
	/// The nonce to use, given the node's count.
	pub(crate) fn plan(&self, node: u64, now: Instant) -> u64 {
		match self.last {
			Some(last) if last.next > node && now.saturating_duration_since(last.sent) < GRACE => last.next,
			_ => node,
		}
	}

	/// The node took a transaction with this nonce.
	pub(crate) fn used(&mut self, nonce: u64, now: Instant) {
		self.last = Some(Last { next: nonce.saturating_add(1), sent: now });
	}

	/// Something went wrong: only the node's count can be trusted.
	pub(crate) fn forget(&mut self) {
		self.last = None;
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn nonce_should_be_the_nodes_when_nothing_was_sent() {
		assert_eq!(Nonces::default().plan(7, Instant::now()), 7);
	}

	#[test]
	fn nonce_should_go_on_when_the_node_does_not_show_the_last_one_yet() {
		let (mut nonces, now) = (Nonces::default(), Instant::now());
		nonces.used(7, now);
		assert_eq!(nonces.plan(7, now), 8);
		assert_eq!(nonces.plan(5, now), 8);
	}

	#[test]
	fn nonce_should_follow_the_node_when_somebody_else_used_the_account() {
		let (mut nonces, now) = (Nonces::default(), Instant::now());
		nonces.used(7, now);
		assert_eq!(nonces.plan(12, now), 12);
	}

	#[test]
	fn nonce_should_fill_the_gap_when_the_node_lost_a_transaction() {
		let (mut nonces, now) = (Nonces::default(), Instant::now());
		nonces.used(9, now);
		assert_eq!(nonces.plan(7, now + GRACE), 7);
	}

	#[test]
	fn nonce_should_be_read_again_when_a_submission_failed() {
		let (mut nonces, now) = (Nonces::default(), Instant::now());
		nonces.used(7, now);
		nonces.forget();
		assert_eq!(nonces.plan(3, now), 3);
	}
}
