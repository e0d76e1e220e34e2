use frame::testing_prelude::*;
use millrace_primitives::{Outcome, Receipt, Usage};

use crate as pallet_receipts;

construct_runtime!(
	pub enum Test {
		System: frame_system,
		Receipts: pallet_receipts,
	}
);

/// Blocks for which receipts are kept.
pub const RETENTION: u32 = 10;
/// Removals for which the weight of a block is enough, in the test's own prices.
pub const REMOVALS: u64 = 3;

parameter_types! {
	/// A read costs 1, a write 10.
	pub const Prices: frame::deps::frame_support::weights::RuntimeDbWeight =
		frame::deps::frame_support::weights::RuntimeDbWeight { read: 1, write: 10 };
	/// A removal is 43; the rest is for a few looks at other blocks.
	pub const RetentionWeight: Weight = Weight::from_parts(REMOVALS * 43 + 12, 0);
	/// The set of validators, changed by a test.
	pub static AuthoritySet: u64 = 0;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = MockBlockU32<Test>;
	type DbWeight = Prices;
}

impl pallet_receipts::Config for Test {
	type BlockNumberProvider = System;
	type AuthoritySet = AuthoritySet;
	type RetentionPeriod = ConstU32<RETENTION>;
	type RetentionWeight = RetentionWeight;
}

/// A receipt of a job that ends in this block.
pub fn receipt(job: u64) -> Receipt<u64> {
	Receipt {
		job,
		client: 1,
		miner: Some(2),
		attempts: 1,
		model_digest: H256::repeat_byte(1),
		input_hash: H256::repeat_byte(2),
		params_hash: H256::repeat_byte(3),
		output_hash: H256::repeat_byte(4),
		transcript_root: H256::repeat_byte(5),
		usage: Usage { input_tokens: 1, output_tokens: 2, gpu_ms: 3 },
		fee: 4,
		outcome: Outcome::Settled,
		submitted_at: 1,
		ended_at: System::block_number(),
	}
}

/// Ends this block and begins the next one; returns the weight of its beginning.
pub fn next_block() -> Weight {
	Receipts::on_finalize(System::block_number());
	System::set_block_number(System::block_number() + 1);
	Receipts::on_initialize(System::block_number())
}

/// The jobs whose receipts are in state, in order.
pub fn kept() -> Vec<u64> {
	let mut jobs: Vec<_> = crate::Receipts::<Test>::iter_keys().collect();
	jobs.sort_unstable();
	jobs
}

/// Runs a test in block 1, ends its last block, and checks every invariant.
pub fn run(test: impl FnOnce()) {
	TestState::default().execute_with(|| {
		AuthoritySet::set(0);
		System::set_block_number(1);
		frame_system::BlockHash::<Test>::insert(0, H256::repeat_byte(9));
		test();
		Receipts::on_finalize(System::block_number());
		Receipts::do_try_state().unwrap();
	});
}
