use frame::testing_prelude::*;
use millrace_primitives::{query::PayerIndex, traits::EscrowId, Balance, MILL, MILLI_MILL};

use crate as pallet_escrow;

construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Escrow: pallet_escrow,
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

parameter_types! {
	/// What [`PAYER`] pays for.
	pub static Paid: Vec<EscrowId> = Vec::new();
}

pub struct Payers;

impl PayerIndex<u64> for Payers {
	fn paid_by(payer: &u64, after: Option<EscrowId>) -> impl Iterator<Item = EscrowId> {
		let jobs = if *payer == PAYER { Paid::get() } else { Vec::new() };
		jobs.into_iter().filter(move |job| after.is_none_or(|after| *job > after))
	}
}

impl pallet_escrow::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Payers = Payers;
}

pub const FUNDS: Balance = 10 * MILL;
pub const PAYER: u64 = 1;
pub const PAYEE: u64 = 2;

/// Payer and payee have [`FUNDS`]; every invariant is checked afterwards.
pub fn run(test: impl FnOnce()) {
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	pallet_balances::GenesisConfig::<Test> { balances: vec![(PAYER, FUNDS), (PAYEE, FUNDS)], ..Default::default() }
		.assimilate_storage(&mut storage)
		.unwrap();
	TestState::new(storage).execute_with(|| {
		System::set_block_number(1);
		let issuance = Balances::total_issuance();
		test();
		Escrow::do_try_state().unwrap();
		assert_eq!(Balances::total_issuance(), issuance);
	});
}
