//! How a miner's past with a model counts.

use frame::prelude::*;
use millrace_primitives::{traits::AttemptOutcome, Balance, BlockNumber};

use crate::Offer;

/// Best reputation; reputations are stored in billionths.
pub const MAX_REPUTATION: u32 = 1_000_000_000;
/// A success that earned in full moves this part of the way to [`MAX_REPUTATION`].
const SUCCESS: u32 = 32;
/// A failure that the miner owns up to moves this part of the way to 0.
const HONEST_FAIL: u32 = 16;
/// Silence past a deadline moves this part of the way to 0.
const SILENCE: u32 = 4;
/// Draws count reputation in thousandths of [`MAX_REPUTATION`].
const THOUSANDTH: u32 = MAX_REPUTATION / 1_000;

/// How much and how fast reputation moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
	/// The block.
	pub now: BlockNumber,
	/// Blocks in which what nothing renews halves.
	pub half_life: BlockNumber,
	/// Plancks that a success must earn to count in full.
	pub full_fee: Balance,
}

/// `reputation` after `age` blocks without an attempt: halved each `half_life`, in a straight line in between.
fn faded(reputation: u32, age: BlockNumber, half_life: BlockNumber) -> u32 {
	let half_life = half_life.max(1);
	let halvings = age.checked_div(half_life).unwrap_or(0);
	let rest = u64::from(age.checked_rem(half_life).unwrap_or(0));
	let at_halving = reputation.checked_shr(halvings).unwrap_or(0);
	let lost = u64::from(at_halving / 2).saturating_mul(rest).checked_div(half_life.into()).unwrap_or(0);
	at_halving.saturating_sub(u32::try_from(lost).unwrap_or(u32::MAX))
}

/// The part of `missing` that a success adds: in proportion to what it earned, up to the full fee.
fn gain(missing: u32, earned: Balance, full_fee: Balance) -> u32 {
	let full_fee = full_fee.max(1);
	let gain = Balance::from(missing).saturating_mul(earned.min(full_fee)).checked_div(full_fee).unwrap_or(0);
	u32::try_from(gain).unwrap_or(missing)
}

impl Offer {
	/// The reputation in billionths, faded to now.
	pub(crate) fn reputation(&self, terms: &Terms) -> u32 {
		faded(self.reputation, terms.now.saturating_sub(self.rated_at), terms.half_life)
	}

	/// The same in thousandths, as draws count it.
	pub(crate) fn thousandths(&self, terms: &Terms) -> u32 {
		self.reputation(terms).saturating_div(THOUSANDTH)
	}

	/// Moves the reputation by how an attempt ended. An attempt weighs as much as its slot among the offer's slots.
	pub(crate) fn rate_attempt(&mut self, outcome: AttemptOutcome, terms: &Terms) {
		let reputation = self.reputation(terms);
		let part = |whole: u32, step: u32| whole.div_ceil(step.saturating_mul(self.slots).max(1));
		self.reputation = match outcome {
			AttemptOutcome::Success { earned } => {
				let missing = MAX_REPUTATION.saturating_sub(reputation);
				reputation.saturating_add(part(gain(missing, earned, terms.full_fee), SUCCESS))
			}
			AttemptOutcome::ClientFault => reputation,
			AttemptOutcome::HonestFail => reputation.saturating_sub(part(reputation, HONEST_FAIL)),
			AttemptOutcome::Silence => reputation.saturating_sub(part(reputation, SILENCE)),
		};
		self.rated_at = terms.now;
	}
}
