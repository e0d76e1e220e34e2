//! What is stored of a miner.

use frame::prelude::*;
use millrace_primitives::{traits::AttemptOutcome, Balance, BlockNumber, ModelId, Rate};

/// Best reputation.
pub const MAX_REPUTATION: u32 = 1_000;
/// Reputation at registration.
pub const START_REPUTATION: u32 = 500;
/// Most parts of a stake that unbond at once.
pub const MAX_UNBONDING: u32 = 16;
/// Most models that one miner offers.
pub const MAX_OFFERS: u32 = 64;

/// A part of a stake on its way out.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Unbonding {
	/// Plancks.
	pub amount: Balance,
	/// The first block in which they can be withdrawn.
	pub until: BlockNumber,
}

/// A miner.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Miner<AccountId> {
	/// Signs its proofs.
	pub operator: AccountId,
	/// Plancks bonded.
	pub bonded: Balance,
	/// What is unbonding, oldest first.
	pub unbonding: BoundedVec<Unbonding, ConstU32<MAX_UNBONDING>>,
	/// 0 to [`MAX_REPUTATION`].
	pub reputation: u32,
	/// Slots of all offers together.
	pub slots_offered: u32,
	/// Slots in use.
	pub slots_used: u32,
	/// Whether it takes new jobs.
	pub ready: bool,
	/// The models that it offers.
	pub models: BoundedVec<ModelId, ConstU32<MAX_OFFERS>>,
}

impl<AccountId> Miner<AccountId> {
	/// Plancks that no slot in use ties down.
	pub fn free_stake(&self, per_slot: Balance) -> Balance {
		self.bonded.saturating_sub(per_slot.saturating_mul(self.slots_used.into()))
	}

	/// Moves the reputation by how an attempt ended.
	pub fn rate_attempt(&mut self, outcome: AttemptOutcome) {
		let missing = MAX_REPUTATION.saturating_sub(self.reputation);
		self.reputation = match outcome {
			AttemptOutcome::Success => self.reputation.saturating_add(missing.div_ceil(32)),
			AttemptOutcome::ClientFault => self.reputation,
			AttemptOutcome::HonestFail => self.reputation.saturating_sub(self.reputation.div_ceil(16)),
			AttemptOutcome::Silence => self.reputation.saturating_sub(self.reputation.div_ceil(4)),
		};
	}
}

/// What a miner asks for one model.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Offer {
	/// Its price.
	pub rate: Rate,
	/// Jobs at once.
	pub slots: u32,
	/// Slots in use.
	pub used: u32,
}
