//! Our own pallets: models, miners, escrow, jobs, receipts. What governance sets of them is in [`super::parameters`].

use frame_support::{
	parameter_types,
	weights::{constants::WEIGHT_REF_TIME_PER_MILLIS, Weight},
};
use millrace_primitives::traits::BlockRandomness;

use crate::{Balances, Escrow, Jobs, Miners, Models, Receipts, Runtime, RuntimeHoldReason, System};

parameter_types! {
	/// A million tokens: the longest context of today's open models.
	pub const MaxContextLength: u32 = 1 << 20;
}

impl pallet_models::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Deposit = pallet_parameters::ModelDeposit<Runtime>;
	type MaxContextLength = MaxContextLength;
	type WeightInfo = pallet_models::weights::CountedWeight<Runtime>;
}

parameter_types! {
	/// Miners that one draw compares. The weight of a draw counts on it.
	pub const Draws: u32 = 4;
}

impl pallet_miners::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type BlockNumberProvider = System;
	type Models = Models;
	type OnCapacity = Jobs;
	type MinStake = pallet_parameters::MinStake<Runtime>;
	type StakePerSlot = pallet_parameters::StakePerSlot<Runtime>;
	type UnbondingPeriod = pallet_parameters::UnbondingPeriod<Runtime>;
	type Draws = Draws;
	type WeightInfo = pallet_miners::weights::CountedWeight<Runtime>;
}

impl pallet_escrow::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
}

parameter_types! {
	/// Jobs in queues that each block tries to place.
	pub const WalkDraws: u32 = 16;
	/// A fifth of a block: due jobs are ended before new ones come in.
	pub const AgendaWeight: Weight = Weight::from_parts(WEIGHT_REF_TIME_PER_MILLIS.saturating_mul(66), u64::MAX);
}

/// The VRF outputs of the block authors.
pub struct AuthorVrf;

impl BlockRandomness for AuthorVrf {
	// BABE stores a block's output in its own `on_finalize`. Before that the same item holds the parent's.
	fn current() -> Option<[u8; 32]> {
		pallet_babe::AuthorVrfRandomness::<Runtime>::get()
	}

	fn parent() -> Option<[u8; 32]> {
		pallet_babe::AuthorVrfRandomness::<Runtime>::get()
	}
}

impl pallet_jobs::Config for Runtime {
	type Escrow = Escrow;
	type Models = Models;
	type Miners = Miners;
	type Receipts = Receipts;
	type Randomness = AuthorVrf;
	type BlockNumberProvider = System;
	type MinFee = pallet_parameters::MinFee<Runtime>;
	type DepositBase = pallet_parameters::DepositBase<Runtime>;
	type DepositPerByte = pallet_parameters::DepositPerByte<Runtime>;
	type QueueTimeout = pallet_parameters::QueueTimeout<Runtime>;
	type MinTimeout = pallet_parameters::MinTimeout<Runtime>;
	type MaxTimeout = pallet_parameters::MaxTimeout<Runtime>;
	type RetentionPeriod = pallet_parameters::RetentionPeriod<Runtime>;
	type WalkDraws = WalkDraws;
	type AgendaWeight = AgendaWeight;
	type WeightInfo = pallet_jobs::weights::CountedWeight<Runtime>;
}

impl pallet_receipts::Config for Runtime {}
