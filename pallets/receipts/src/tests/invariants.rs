//! `try_state` sees what is wrong.

use crate::{mock::*, CurrentSet, Order, Receipts as Stored, SetEnds};
use frame::{deps::sp_runtime::TryRuntimeError, testing_prelude::*};
use millrace_primitives::traits::Receipts as _;

/// What `try_state` says of a state with two receipts in block 1 after `spoil`.
fn spoiled(spoil: impl FnOnce()) -> Result<(), TryRuntimeError> {
	TestState::default().execute_with(|| {
		System::set_block_number(1);
		(0..2).for_each(|job| Receipts::record(receipt(job)));
		next_block();
		spoil();
		Receipts::do_try_state()
	})
}

#[test]
fn try_state_should_accept_a_sound_state() {
	assert_ok!(spoiled(|| {}));
}

#[test]
fn try_state_should_refuse_when_a_leaf_waits() {
	assert_eq!(spoiled(|| Receipts::record(receipt(2))), Err("a leaf waits for a root".into()));
}

#[test]
fn try_state_should_refuse_when_a_receipt_is_in_no_order() {
	assert_eq!(spoiled(|| Order::<Test>::remove(1, 1)), Err("a receipt is in no order".into()));
}

#[test]
fn try_state_should_refuse_when_an_order_has_no_receipt() {
	assert_eq!(spoiled(|| Stored::<Test>::remove(1)), Err("the order names a job without a receipt".into()));
}

#[test]
fn try_state_should_refuse_when_an_order_has_a_gap() {
	let move_last = || {
		Order::<Test>::remove(1, 1);
		Order::<Test>::insert(1, 2, 1);
	};
	assert_eq!(spoiled(move_last), Err("a block's order has a gap".into()));
}

#[test]
fn try_state_should_refuse_when_a_receipt_is_listed_under_another_block() {
	let move_block = || {
		Order::<Test>::remove(1, 1);
		Order::<Test>::insert(2, 0, 1);
	};
	assert_eq!(spoiled(move_block), Err("a receipt is listed under another block".into()));
}

#[test]
fn try_state_should_refuse_when_a_set_ended_that_has_not_begun() {
	let future = || {
		CurrentSet::<Test>::put(1);
		SetEnds::<Test>::insert(1, 1);
	};
	assert_eq!(spoiled(future), Err("a set that has not ended has a last block".into()));
}
