//! Our own pallets: models, miners, escrow, jobs, channels, receipts. What governance sets of them is in [`super::parameters`].

use frame_support::{
	instances::Instance1,
	parameter_types,
	traits::Get,
	weights::{constants::WEIGHT_REF_TIME_PER_MILLIS, Weight},
	PalletId,
};
use millrace_primitives::traits::BlockRandomness;
use sp_runtime::{traits::AccountIdConversion, Perbill};

use super::parameters::{Governance, DAY, HOUR};
use crate::{
	weights, AccountId, Balance, Balances, BlockNumber, ChannelEscrow, Channels, Escrow, Jobs, Miners, Models,
	Receipts, Runtime, RuntimeHoldReason, System, MILL, MILLI_MILL,
};

parameter_types! {
	/// A million tokens: the longest context of today's open models.
	pub const MaxContextLength: u32 = 1 << 20;
}

impl pallet_models::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Deposit = pallet_parameters::ModelDeposit<Runtime>;
	type MaxContextLength = MaxContextLength;
	type WeightInfo = weights::pallet_models::WeightInfo<Runtime>;
}

parameter_types! {
	/// Free slots that one draw compares. The weight of a draw counts on it.
	pub const Draws: u32 = 4;
	/// A week without jobs halves what a miner has earned.
	pub const ReputationHalfLife: BlockNumber = 7 * DAY;
	/// About what the transaction of a job costs: who pays itself for its own jobs pays that for each.
	pub const ReputationFee: Balance = MILLI_MILL;
	/// Half of a slash is burned.
	pub const SlashPaid: Perbill = Perbill::from_percent(50);
	/// For a row of 85 bytes at the most, as for the bytes of a job that lie longer.
	pub const ReceiptKeyDeposit: Balance = MILL;
	/// A year in which receipts that a revoked key signed can be checked by the chain's state.
	pub const ReceiptKeyRetention: BlockNumber = 365 * DAY;
	/// Holds what slashes pay. No key opens it; root can spend it.
	pub SlashPot: AccountId = PalletId(*b"mill/pot").into_account_truncating();
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
	type ReputationHalfLife = ReputationHalfLife;
	type ReputationFee = ReputationFee;
	type SlashOrigin = Governance;
	type SlashPaid = SlashPaid;
	type SlashBeneficiary = SlashPot;
	type ReceiptKeyDeposit = ReceiptKeyDeposit;
	type ReceiptKeyRetention = ReceiptKeyRetention;
	type WeightInfo = weights::pallet_miners::WeightInfo<Runtime>;
}

impl pallet_escrow::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Payers = Jobs;
}

impl pallet_escrow::Config<Instance1> for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Payers = Channels;
}

parameter_types! {
	/// Jobs in queues that each block tries to place.
	pub const WalkDraws: u32 = 16;
	/// A fifth of a block: due jobs are ended before new ones come in.
	pub const AgendaWeight: Weight = Weight::from_parts(WEIGHT_REF_TIME_PER_MILLIS.saturating_mul(80), u64::MAX);
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
	type WeightInfo = weights::pallet_jobs::WeightInfo<Runtime>;
}

parameter_types! {
	/// About what opening and closing cost.
	pub const MinChannelDeposit: Balance = 10 * MILLI_MILL;
	/// For a row of 250 bytes, which lies for half a day.
	pub const ChannelStorageDeposit: Balance = 10 * MILLI_MILL;
	/// With the two windows a little less than a day, the shortest time that stake can be made to unbond in.
	pub const ChannelLifetime: BlockNumber = 12 * HOUR;
	/// So long may a miner be away and lose nothing.
	pub const ChallengeWindow: BlockNumber = 2 * HOUR;
	/// For clients that compare what they were sent.
	pub const DisputeWindow: BlockNumber = 8 * HOUR;
	/// As much as a miner must stake at first.
	pub const EquivocationSlash: Balance = 100 * MILL;
	/// A twentieth of a block.
	pub const ChannelAgendaWeight: Weight = Weight::from_parts(WEIGHT_REF_TIME_PER_MILLIS.saturating_mul(20), u64::MAX);
}

impl pallet_channels::Config for Runtime {
	type Escrow = ChannelEscrow;
	type Models = Models;
	type Miners = Miners;
	type Receipts = Receipts;
	type BlockNumberProvider = System;
	type MinDeposit = MinChannelDeposit;
	type StorageDeposit = ChannelStorageDeposit;
	type Lifetime = ChannelLifetime;
	type ChallengeWindow = ChallengeWindow;
	type DisputeWindow = DisputeWindow;
	type EquivocationSlash = EquivocationSlash;
	type AgendaWeight = ChannelAgendaWeight;
	type WeightInfo = weights::pallet_channels::WeightInfo<Runtime>;
}

parameter_types! {
	/// A month: long enough to export a receipt, which then needs no state any more.
	pub const ReceiptRetention: BlockNumber = 30 * DAY;
	/// It removes 180 receipts, more than full blocks bring one after another.
	pub const ReceiptRetentionWeight: Weight = Weight::from_parts(WEIGHT_REF_TIME_PER_MILLIS.saturating_mul(22), u64::MAX);
}

/// The set of GRANDPA validators that finalizes the next block.
pub struct AuthoritySet;

impl Get<u64> for AuthoritySet {
	fn get() -> u64 {
		pallet_grandpa::CurrentSetId::<Runtime>::get()
	}
}

impl pallet_receipts::Config for Runtime {
	type BlockNumberProvider = System;
	type AuthoritySet = AuthoritySet;
	type RetentionPeriod = ReceiptRetention;
	type RetentionWeight = ReceiptRetentionWeight;
}
