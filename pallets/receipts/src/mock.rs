use frame::testing_prelude::*;

use crate as pallet_receipts;

construct_runtime!(
	pub enum Test {
		System: frame_system,
		Receipts: pallet_receipts,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = MockBlockU32<Test>;
}

impl pallet_receipts::Config for Test {}

/// Every invariant is checked afterwards.
pub fn run(test: impl FnOnce()) {
	TestState::default().execute_with(|| {
		System::set_block_number(1);
		test();
		Receipts::do_try_state().unwrap();
	});
}
