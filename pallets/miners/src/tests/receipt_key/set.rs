use super::*;

#[test]
fn set_receipt_key_should_list_the_key_from_this_block_on_when_the_owner_has_it() {
	run(|| {
		registered(1);
		System::set_block_number(7);
		assert_ok!(set(1, 1));
		assert_eq!((listed(1), held(1)), (vec![row(1, 7, None)], KEY_DEPOSIT));
		System::assert_last_event(Event::ReceiptKeySet { owner: 1, key: key(1) }.into());
	});
}

#[test]
fn set_receipt_key_should_end_the_key_before_it_and_keep_it_listed() {
	run(|| {
		registered(1);
		assert_ok!(set(1, 1));
		System::set_block_number(9);
		assert_ok!(set(1, 2));
		assert_eq!((listed(1), held(1)), (vec![row(1, 1, Some(9)), row(2, 9, None)], 2 * KEY_DEPOSIT));
		System::assert_has_event(Event::ReceiptKeyRevoked { owner: 1, key: key(1) }.into());
	});
}

#[test]
fn set_receipt_key_should_leave_the_end_of_a_revoked_key_as_it_is() {
	run(|| {
		registered(1);
		assert_ok!(set(1, 1));
		System::set_block_number(5);
		assert_ok!(Miners::revoke_receipt_key(owner(1)));
		System::set_block_number(9);
		assert_ok!(set(1, 2));
		assert_eq!(listed(1), vec![row(1, 1, Some(5)), row(2, 9, None)]);
	});
}

#[test]
fn set_receipt_key_should_fail_when_the_possession_is_of_another_owner_key_or_chain() {
	run(|| {
		registered(1);
		registered(2);
		let wrong_chain = pair(1).sign(&possession_bytes(&H256::repeat_byte(9), &1u64, &key(1)));
		for signature in [possession(2, 1), possession(1, 2), wrong_chain] {
			assert_noop!(Miners::set_receipt_key(owner(1), key(1), signature), Error::<Test>::BadPossession);
		}
	});
}

#[test]
fn set_receipt_key_should_fail_when_the_caller_owns_no_miner() {
	run(|| {
		registered(1);
		assert_noop!(set(2, 1), Error::<Test>::NotRegistered);
		assert_noop!(set(operator(1), 1), Error::<Test>::NotRegistered);
	});
}

#[test]
fn set_receipt_key_should_fail_when_the_owner_had_the_key_before() {
	run(|| {
		registered(1);
		registered(2);
		assert_ok!(set(1, 1));
		assert_noop!(set(1, 1), Error::<Test>::ReceiptKeyListed);
		assert_ok!(set(1, 2));
		assert_noop!(set(1, 1), Error::<Test>::ReceiptKeyListed);
		assert_ok!(set(2, 1));
	});
}

#[test]
fn set_receipt_key_should_fail_when_the_list_is_full() {
	run(|| {
		registered(1);
		for number in 0..MAX_RECEIPT_KEYS {
			assert_ok!(set(1, number));
		}
		assert_noop!(set(1, MAX_RECEIPT_KEYS), Error::<Test>::TooManyReceiptKeys);
	});
}

#[test]
fn set_receipt_key_should_fail_when_the_balance_does_not_reach() {
	run(|| {
		registered(1);
		assert_ok!(Balances::transfer_allow_death(owner(1), 2, Balances::free_balance(1) - KEY_DEPOSIT));
		assert_noop!(set(1, 1), Error::<Test>::InsufficientBalance);
		assert_ok!(Balances::transfer_allow_death(owner(2), 1, MILLI_MILL));
		assert_ok!(set(1, 1));
	});
}
