//! What is stored of a miner.

use frame::prelude::*;
use millrace_primitives::{Balance, BlockNumber, ModelId, Rate};

/// Most parts of a stake that unbond at once.
pub const MAX_UNBONDING: u32 = 16;
/// Most models that one miner offers.
pub const MAX_OFFERS: u32 = 64;
/// Most slots of one offer.
pub const MAX_SLOTS: u32 = 1_024;

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
	/// Slots of all offers together.
	pub slots_offered: u32,
	/// Slots in use.
	pub slots_used: u32,
	/// Whether it takes new jobs.
	pub ready: bool,
	/// The models that it offers.
	pub models: BoundedVec<ModelId, ConstU32<MAX_OFFERS>>,
}

/// What a miner asks for one model, and how it did so far.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Offer {
	/// Its price.
	pub rate: Rate,
	/// Jobs at once.
	pub slots: u32,
	/// Slots in use.
	pub used: u32,
	/// In billionths, as of `rated_at`.
	pub reputation: u32,
	/// The block of the last change of `reputation`.
	pub rated_at: BlockNumber,
}

impl Offer {
	/// Slots that are not in use.
	pub fn free(&self) -> u32 {
		self.slots.saturating_sub(self.used)
	}
}
