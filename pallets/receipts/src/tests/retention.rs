//! How receipts leave state.

use crate::{mock::*, Oldest, Order};
use frame::testing_prelude::*;
use millrace_primitives::traits::Receipts as _;

fn blocks(count: u32) {
	(0..count).for_each(|_| {
		next_block();
	});
}

#[test]
fn receipt_should_stay_when_the_retention_period_is_not_over() {
	run(|| {
		Receipts::record(receipt(0));
		blocks(RETENTION - 1);
		assert_eq!(kept(), [0]);
	});
}

#[test]
fn receipt_should_go_with_its_order_when_the_retention_period_is_over() {
	run(|| {
		Receipts::record(receipt(0));
		blocks(RETENTION);
		assert_eq!(kept(), Vec::<u64>::new());
		assert_eq!(Order::<Test>::iter_keys().count(), 0);
	});
}

#[test]
fn younger_receipts_should_stay_when_older_ones_go() {
	run(|| {
		Receipts::record(receipt(0));
		next_block();
		Receipts::record(receipt(1));
		blocks(RETENTION - 1);
		assert_eq!(kept(), [1]);
	});
}

#[test]
fn removal_should_wait_for_the_next_block_when_the_weight_is_used_up() {
	run(|| {
		let many = REMOVALS + 2;
		(0..many).for_each(|job| Receipts::record(receipt(job)));
		blocks(RETENTION);
		assert_eq!(kept().len() as u64, many - REMOVALS);
		Receipts::on_finalize(System::block_number());
		Receipts::do_try_state().unwrap();
		next_block();
		assert_eq!(kept(), Vec::<u64>::new());
	});
}

#[test]
fn weight_should_stay_within_its_bound_when_much_is_due() {
	run(|| {
		(0..100).for_each(|job| Receipts::record(receipt(job)));
		blocks(RETENTION - 1);
		let fixed = Receipts::finalize_weight().saturating_add(Prices::get().reads_writes(1, 1));
		let used = next_block();
		assert!(used.all_lte(RetentionWeight::get().saturating_add(fixed)), "{used}");
		assert!(used.all_gte(Weight::from_parts(REMOVALS * 22, 0)), "{used}");
	});
}

#[test]
fn empty_blocks_should_be_passed_by_when_nothing_ended_in_them() {
	run(|| {
		blocks(RETENTION * 3);
		assert_eq!(Oldest::<Test>::get(), System::block_number() - RETENTION + 1);
	});
}
