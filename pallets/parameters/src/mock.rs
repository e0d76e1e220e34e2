use frame::testing_prelude::*;
use millrace_primitives::{MILL, MILLI_MILL};

use crate as pallet_parameters;
use crate::Parameters;

construct_runtime!(
	pub enum Test {
		System: frame_system,
		Settings: pallet_parameters,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = MockBlockU32<Test>;
}

pub const INITIAL: Parameters = Parameters {
	min_fee: MILLI_MILL,
	deposit_base: MILLI_MILL,
	deposit_per_byte: 1_000,
	queue_timeout: 60,
	min_timeout: 5,
	max_timeout: 600,
	retention_period: 1_000,
	min_stake: 100 * MILL,
	stake_per_slot: 100 * MILL,
	unbonding_period: 10_000,
	model_deposit: 10 * MILL,
};

pub const LOWEST: Parameters = Parameters {
	min_fee: 1,
	deposit_base: 2,
	deposit_per_byte: 3,
	queue_timeout: 4,
	min_timeout: 2,
	max_timeout: 50,
	retention_period: 7,
	min_stake: 8,
	stake_per_slot: 9,
	unbonding_period: 9_000,
	model_deposit: 11,
};

pub const HIGHEST: Parameters = Parameters {
	min_fee: 1_000 * MILL,
	deposit_base: 1_001 * MILL,
	deposit_per_byte: 1_002 * MILL,
	queue_timeout: 100,
	min_timeout: 50,
	max_timeout: 2_000,
	retention_period: 2_000,
	min_stake: 1_003 * MILL,
	stake_per_slot: 1_004 * MILL,
	unbonding_period: 20_000,
	model_deposit: 1_005 * MILL,
};

parameter_types! {
	pub static InitialParameters: Parameters = INITIAL;
	pub static LowestParameters: Parameters = LOWEST;
	pub static HighestParameters: Parameters = HIGHEST;
}

impl pallet_parameters::Config for Test {
	type AdminOrigin = EnsureRoot<u64>;
	type Initial = InitialParameters;
	type Lowest = LowestParameters;
	type Highest = HighestParameters;
	type WeightInfo = ();
}

pub fn externalities() -> TestState {
	TestState::new_empty()
}

/// Runs a test in block 1 and checks the invariants afterwards.
pub fn run(test: impl FnOnce()) {
	externalities().execute_with(|| {
		System::set_block_number(1);
		test();
		Settings::do_try_state().unwrap();
	});
}
