use frame::testing_prelude::*;
use millrace_primitives::{Balance, MILL, MILLI_MILL};

use crate as pallet_models;

construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Models: pallet_models,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = MockBlockU32<Test>;
	type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
	type Balance = Balance;
	type ExistentialDeposit = ConstU128<MILLI_MILL>;
}

pub const DEPOSIT: Balance = MILL;
pub const FUNDS: Balance = 10 * MILL;
pub const MAX_CONTEXT: u32 = 4_096;

impl pallet_models::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Deposit = ConstU128<DEPOSIT>;
	type MaxContextLength = ConstU32<MAX_CONTEXT>;
	type WeightInfo = ();
}

/// Accounts 1 and 2 have [`FUNDS`].
pub fn externalities() -> TestState {
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	pallet_balances::GenesisConfig::<Test> { balances: vec![(1, FUNDS), (2, FUNDS)], ..Default::default() }
		.assimilate_storage(&mut storage)
		.unwrap();
	TestState::new(storage)
}

/// Runs a test in block 1; every invariant is checked afterwards.
pub fn run(test: impl FnOnce()) {
	externalities().execute_with(|| {
		System::set_block_number(1);
		test();
		Models::do_try_state().unwrap();
	});
}
