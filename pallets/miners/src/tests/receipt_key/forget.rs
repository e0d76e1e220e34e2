use super::*;

#[test]
fn forget_receipt_key_should_free_the_deposit_when_the_key_is_old() {
	run(|| {
		registered(1);
		assert_ok!(set(1, 1));
		System::set_block_number(4);
		assert_ok!(set(1, 2));
		System::set_block_number(4 + KEY_RETENTION);
		assert_ok!(Miners::forget_receipt_key(owner(1), key(1)));
		assert_eq!((listed(1), held(1)), (vec![row(2, 4, None)], KEY_DEPOSIT));
		System::assert_last_event(Event::ReceiptKeyForgotten { owner: 1, key: key(1) }.into());
	});
}

#[test]
fn forget_receipt_key_should_leave_no_row_when_it_was_the_last() {
	run(|| {
		registered(1);
		assert_ok!(set(1, 1));
		assert_ok!(Miners::revoke_receipt_key(owner(1)));
		System::set_block_number(1 + KEY_RETENTION);
		assert_ok!(Miners::forget_receipt_key(owner(1), key(1)));
		assert!(!ReceiptKeys::<Test>::contains_key(1));
		assert_eq!(held(1), 0);
	});
}

#[test]
fn forget_receipt_key_should_fail_when_receipts_may_need_it() {
	run(|| {
		registered(1);
		assert_ok!(set(1, 1));
		System::set_block_number(1 + KEY_RETENTION);
		assert_noop!(Miners::forget_receipt_key(owner(1), key(1)), Error::<Test>::ReceiptKeyNeeded);
		assert_ok!(Miners::revoke_receipt_key(owner(1)));
		System::set_block_number(2 * KEY_RETENTION);
		assert_noop!(Miners::forget_receipt_key(owner(1), key(1)), Error::<Test>::ReceiptKeyNeeded);
		System::set_block_number(1 + 2 * KEY_RETENTION);
		assert_ok!(Miners::forget_receipt_key(owner(1), key(1)));
	});
}

#[test]
fn forget_receipt_key_should_fail_when_the_owner_has_no_such_key() {
	run(|| {
		registered(1);
		registered(2);
		assert_ok!(set(1, 1));
		assert_noop!(Miners::forget_receipt_key(owner(1), key(2)), Error::<Test>::NoReceiptKey);
		assert_noop!(Miners::forget_receipt_key(owner(2), key(1)), Error::<Test>::NoReceiptKey);
	});
}

#[test]
fn receipt_keys_should_stay_listed_when_the_miner_deregisters() {
	run(|| {
		registered(1);
		assert_ok!(set(1, 1));
		assert_ok!(Miners::deregister(owner(1)));
		System::set_block_number(1 + UNBONDING);
		assert_ok!(Miners::withdraw_unbonded(owner(1)));
		assert!(crate::Miners::<Test>::get(1).is_none());
		assert_eq!((listed(1), held(1)), (vec![row(1, 1, None)], KEY_DEPOSIT));
		assert_noop!(set(1, 2), Error::<Test>::NotRegistered);
		assert_ok!(Miners::revoke_receipt_key(owner(1)));
		System::set_block_number(1 + UNBONDING + KEY_RETENTION);
		assert_ok!(Miners::forget_receipt_key(owner(1), key(1)));
		assert_eq!(Balances::free_balance(1), FUNDS - MILLI_MILL);
	});
}
