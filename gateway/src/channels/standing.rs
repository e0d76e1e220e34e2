//! What this gateway has seen of miners: how soon they begin to answer, and who failed lately.

use std::{
	cmp::Reverse,
	collections::HashMap,
	sync::{Mutex, MutexGuard, PoisonError},
	time::{Duration, Instant},
};

use millrace_primitives::{AccountId32, Bid};

/// So long nothing is asked of a miner that failed.
const AVOIDED: Duration = Duration::from_secs(60);

/// So long nothing is asked of a miner whose slots were all taken.
const FULL: Duration = Duration::from_secs(2);

/// How much of a miner's latency the latest answer makes, as a divisor.
const WEIGHT: u32 = 4;

/// The latency, in ms, of a miner that nothing is known of.
const UNKNOWN_MS: u32 = 500;

#[derive(Clone, Copy, Debug, Default)]
struct Standing {
	/// Milliseconds from a request to its first piece, the latest ones counting most.
	first_piece_ms: Option<u32>,
	/// Nothing is asked of it before.
	avoided_until: Option<Instant>,
}

/// All miners that were asked.
#[derive(Debug, Default)]
pub struct Standings(Mutex<HashMap<AccountId32, Standing>>);

impl Standings {
	fn all(&self) -> MutexGuard<'_, HashMap<AccountId32, Standing>> {
		self.0.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// A miner failed, or can't be reached.
	pub fn failed(&self, miner: &AccountId32) {
		self.avoid(miner, AVOIDED);
	}

	/// A miner's slots were all taken.
	pub fn full(&self, miner: &AccountId32) {
		self.avoid(miner, FULL);
	}

	fn avoid(&self, miner: &AccountId32, time: Duration) {
		let mut all = self.all();
		let standing = all.entry(miner.clone()).or_default();
		standing.avoided_until = standing.avoided_until.max(Some(Instant::now() + time));
	}

	/// A miner sent the first piece of an answer so long after the request.
	pub fn began(&self, miner: &AccountId32, after: Duration) {
		let latest = u32::try_from(after.as_millis()).unwrap_or(u32::MAX);
		let mut all = self.all();
		let standing = all.entry(miner.clone()).or_default();
		let ms = standing
			.first_piece_ms
			.map_or(latest, |before| before.saturating_sub(before / WEIGHT).saturating_add(latest / WEIGHT));
		*standing = Standing { first_piece_ms: Some(ms), avoided_until: None };
	}

	/// Whether a miner failed within the last minute, or was full just now.
	pub fn is_avoided(&self, miner: &AccountId32) -> bool {
		let until = self.all().get(miner).and_then(|standing| standing.avoided_until);
		until.is_some_and(|until| Instant::now() < until)
	}

	/// Milliseconds from a request to its first piece, where there were answers.
	pub fn first_piece_ms(&self, miner: &AccountId32) -> Option<u32> {
		self.all().get(miner).and_then(|standing| standing.first_piece_ms)
	}

	/// The order in which miners are asked, the smallest first: the cost of a job such as this one, half as much again for
	/// each second until the first piece; of equals the one with the better reputation.
	pub fn rank(&self, bid: &Bid<AccountId32>) -> (u128, Reverse<u32>) {
		let ms = self.first_piece_ms(&bid.owner).unwrap_or(UNKNOWN_MS);
		let burden = u128::from(ms).saturating_add(2_000);
		(bid.score.cost.saturating_mul(burden), Reverse(bid.score.reputation))
	}
}

#[cfg(test)]
mod tests {
	use millrace_primitives::{Rate, Score};

	use super::*;

	fn miner(byte: u8) -> AccountId32 {
		AccountId32::new([byte; 32])
	}

	fn bid(byte: u8, cost: u128, reputation: u32) -> Bid<AccountId32> {
		let score = Score { reputation, free_stake: 1, cost, score: reputation + 100 };
		let rate = Rate::PerToken { input: 1, output: 1 };
		Bid { owner: miner(byte), operator: miner(byte), rate, slots: 1, free_slots: 1, score, obstacle: None }
	}

	#[test]
	fn miner_should_be_avoided_for_a_while_when_it_failed_and_until_it_answers() {
		let standings = Standings::default();
		assert!(!standings.is_avoided(&miner(1)));
		standings.failed(&miner(1));
		assert!(standings.is_avoided(&miner(1)) && !standings.is_avoided(&miner(2)));
		standings.began(&miner(1), Duration::from_millis(80));
		assert!(!standings.is_avoided(&miner(1)));
	}

	#[test]
	fn latency_should_follow_the_latest_answers() {
		let standings = Standings::default();
		assert_eq!(standings.first_piece_ms(&miner(1)), None);
		for (ms, expected) in [(400, 400), (0, 300), (400, 325)] {
			standings.began(&miner(1), Duration::from_millis(ms));
			assert_eq!(standings.first_piece_ms(&miner(1)), Some(expected));
		}
	}

	#[test]
	fn rank_should_prefer_the_cheap_the_quick_and_the_reputable() {
		let standings = Standings::default();
		assert!(standings.rank(&bid(1, 10, 0)) < standings.rank(&bid(2, 11, 900)));
		assert!(standings.rank(&bid(1, 10, 900)) < standings.rank(&bid(2, 10, 0)));
		standings.began(&miner(1), Duration::from_secs(4));
		assert!(standings.rank(&bid(2, 11, 0)) < standings.rank(&bid(1, 10, 900)));
	}
}
