//! Our own pallets: models, miners, escrow, jobs, receipts.

use frame_support::{
	parameter_types,
	traits::Get,
	weights::{constants::WEIGHT_REF_TIME_PER_MILLIS, Weight},
	PalletId,
};
use frame_system::EnsureRoot;
use millrace_primitives::traits::BlockRandomness;
use sp_runtime::{traits::AccountIdConversion, Perbill};

use crate::{
	weights, AccountId, Balance, Balances, BlockNumber, Escrow, Jobs, Miners, Models, Receipts, Runtime,
	RuntimeHoldReason, System, MILL, MILLI_MILL,
};

/// Blocks in a minute.
const MINUTE: BlockNumber = 60;
/// Blocks in an hour.
const HOUR: BlockNumber = 60 * MINUTE;
/// Blocks in a day.
const DAY: BlockNumber = 24 * HOUR;

parameter_types! {
	/// Plancks held of a model's owner, against a registry full of junk.
	pub const ModelDeposit: Balance = 10 * MILL;
	/// A million tokens: the longest context of today's open models.
	pub const MaxContextLength: u32 = 1 << 20;
}

impl pallet_models::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Deposit = ModelDeposit;
	type MaxContextLength = MaxContextLength;
	type WeightInfo = weights::pallet_models::WeightInfo<Runtime>;
}

parameter_types! {
	/// Least stake of a miner.
	pub const MinStake: Balance = 100 * MILL;
	/// Stake behind each job that a miner may have at once.
	pub const StakePerSlot: Balance = 100 * MILL;
	/// A week: longer than a job with all its attempts and the disputes that may follow.
	pub const UnbondingPeriod: BlockNumber = 7 * DAY;
	/// Free slots that one draw compares. The weight of a draw counts on it.
	pub const Draws: u32 = 4;
	/// A week without jobs halves what a miner has earned.
	pub const ReputationHalfLife: BlockNumber = 7 * DAY;
	/// About what the transaction of a job costs: who pays itself for its own jobs pays that for each.
	pub const ReputationFee: Balance = MILLI_MILL;
	/// Half of a slash is burned.
	pub const SlashPaid: Perbill = Perbill::from_percent(50);
	/// Holds what slashes pay. No key opens it; root can spend it.
	pub SlashPot: AccountId = PalletId(*b"mill/pot").into_account_truncating();
}

impl pallet_miners::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type BlockNumberProvider = System;
	type Models = Models;
	type OnCapacity = Jobs;
	type MinStake = MinStake;
	type StakePerSlot = StakePerSlot;
	type UnbondingPeriod = UnbondingPeriod;
	type Draws = Draws;
	type ReputationHalfLife = ReputationHalfLife;
	type ReputationFee = ReputationFee;
	type SlashOrigin = EnsureRoot<AccountId>;
	type SlashPaid = SlashPaid;
	type SlashBeneficiary = SlashPot;
	type WeightInfo = weights::pallet_miners::WeightInfo<Runtime>;
}

impl pallet_escrow::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Payers = Jobs;
}

parameter_types! {
	/// Least fee that a client may offer: about what its transaction costs.
	pub const MinFee: Balance = MILLI_MILL;
	/// Plancks held for a job's entry in state.
	pub const DepositBase: Balance = 10 * MILLI_MILL;
	/// Plancks held for each byte of state: ten times what it costs to send it.
	pub const DepositPerByte: Balance = 10_000_000;
	/// A minute without a miner ends a job.
	pub const QueueTimeout: BlockNumber = MINUTE;
	/// Below this many blocks even a ready answer could miss its deadline by one slow slot.
	pub const MinTimeout: BlockNumber = 5;
	/// Longest attempt.
	pub const MaxTimeout: BlockNumber = HOUR;
	/// How long input and output can be read from state.
	pub const RetentionPeriod: BlockNumber = 3 * HOUR;
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
	type MinFee = MinFee;
	type DepositBase = DepositBase;
	type DepositPerByte = DepositPerByte;
	type QueueTimeout = QueueTimeout;
	type MinTimeout = MinTimeout;
	type MaxTimeout = MaxTimeout;
	type RetentionPeriod = RetentionPeriod;
	type WalkDraws = WalkDraws;
	type AgendaWeight = AgendaWeight;
	type WeightInfo = weights::pallet_jobs::WeightInfo<Runtime>;
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
