//! The numbers that governance sets, and their bounds.

use frame_support::parameter_types;
use frame_system::EnsureRoot;
use pallet_parameters::Parameters;

use crate::{weights, AccountId, BlockNumber, Runtime, MILL, MILLI_MILL};

/// Blocks in a minute.
const MINUTE: BlockNumber = 60;
/// Blocks in an hour.
pub(super) const HOUR: BlockNumber = 60 * MINUTE;
/// Blocks in a day.
pub(super) const DAY: BlockNumber = 24 * HOUR;

/// Who governs the chain: for now the sudo key.
pub type Governance = EnsureRoot<AccountId>;

parameter_types! {
	/// What a chain starts with.
	pub const InitialParameters: Parameters = Parameters {
		// About what a submission costs.
		min_fee: MILLI_MILL,
		deposit_base: 10 * MILLI_MILL,
		// Ten times what it costs to send a byte.
		deposit_per_byte: 10_000_000,
		queue_timeout: MINUTE,
		// Below this even a ready answer could miss its deadline by one slow slot.
		min_timeout: 5,
		max_timeout: HOUR,
		retention_period: 3 * HOUR,
		min_stake: 100 * MILL,
		stake_per_slot: 100 * MILL,
		// Longer than a job with all its attempts and the disputes that may follow.
		unbonding_period: 7 * DAY,
		// Against a registry full of junk.
		model_deposit: 10 * MILL,
	};
	/// Below these, state and blocks could be filled for next to nothing, and stakes would secure nothing.
	pub const LowestParameters: Parameters = Parameters {
		min_fee: MILLI_MILL / 100,
		deposit_base: MILLI_MILL,
		deposit_per_byte: 100_000,
		queue_timeout: 10,
		min_timeout: 2,
		max_timeout: MINUTE,
		retention_period: 10 * MINUTE,
		min_stake: MILL,
		stake_per_slot: MILL,
		unbonding_period: DAY,
		model_deposit: MILL,
	};
	/// Above these, nobody could use the chain, or would get a stake or deposit back in a lifetime.
	pub const HighestParameters: Parameters = Parameters {
		min_fee: 10 * MILL,
		deposit_base: 10 * MILL,
		deposit_per_byte: 1_000_000_000,
		queue_timeout: 10 * MINUTE,
		min_timeout: MINUTE,
		max_timeout: 6 * HOUR,
		retention_period: 30 * DAY,
		min_stake: 1_000_000 * MILL,
		stake_per_slot: 1_000_000 * MILL,
		unbonding_period: 90 * DAY,
		model_deposit: 10_000 * MILL,
	};
}

impl pallet_parameters::Config for Runtime {
	type AdminOrigin = Governance;
	type Initial = InitialParameters;
	type Lowest = LowestParameters;
	type Highest = HighestParameters;
	type WeightInfo = weights::pallet_parameters::WeightInfo<Runtime>;
}
