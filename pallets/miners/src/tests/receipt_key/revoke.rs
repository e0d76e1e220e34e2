use super::*;

#[test]
fn revoke_receipt_key_should_end_the_key_with_this_block() {
	run(|| {
		registered(1);
		assert_ok!(set(1, 1));
		System::set_block_number(4);
		assert_ok!(Miners::revoke_receipt_key(owner(1)));
		assert_eq!((listed(1), held(1)), (vec![row(1, 1, Some(4))], KEY_DEPOSIT));
		System::assert_last_event(Event::ReceiptKeyRevoked { owner: 1, key: key(1) }.into());
	});
}

#[test]
fn revoke_receipt_key_should_fail_when_none_is_in_use() {
	run(|| {
		registered(1);
		assert_noop!(Miners::revoke_receipt_key(owner(1)), Error::<Test>::NoReceiptKey);
		assert_ok!(set(1, 1));
		assert_ok!(Miners::revoke_receipt_key(owner(1)));
		assert_noop!(Miners::revoke_receipt_key(owner(1)), Error::<Test>::NoReceiptKey);
	});
}
