use super::*;

#[test]
fn challenge_should_raise_what_is_paid_whoever_shows_the_voucher() {
	run(|| {
		let id = open();
		assert_ok!(Channels::close(signed("alice"), id, Some(voucher(id, 1))));
		assert_ok!(Channels::challenge(signed("bob"), id, voucher(id, 4 * MILL)));
		System::assert_last_event(Event::Challenged { channel: id, owed: 4 * MILL }.into());
		next_blocks(CHALLENGE);
		assert_eq!(state(id), ChannelState::Settled { paid: 4 * MILL });
		assert_eq!(free("miner"), FUNDS - STAKE + 4 * MILL);
	});
}

#[test]
fn challenge_should_fail_when_the_voucher_is_not_better() {
	run(|| {
		let id = open();
		assert_ok!(Channels::close(signed("alice"), id, Some(voucher(id, MILL))));
		assert_noop!(Channels::challenge(signed("bob"), id, voucher(id, MILL)), Error::<Test>::NotBetter);
		assert_noop!(Channels::challenge(signed("bob"), id, voucher(id, MILL - 1)), Error::<Test>::NotBetter);
	});
}

#[test]
fn challenge_should_fail_when_the_session_key_did_not_sign_the_voucher() {
	run(|| {
		let id = open();
		assert_ok!(Channels::close(signed("alice"), id, None));
		assert_noop!(Channels::challenge(signed("bob"), id, voucher_by("bob", id, MILL)), Error::<Test>::BadVoucher);
		assert_noop!(Channels::challenge(signed("bob"), id, voucher(id + 1, MILL)), Error::<Test>::BadVoucher);
	});
}

#[test]
fn challenge_should_fail_when_the_channel_is_not_closing() {
	run(|| {
		let id = open();
		assert_noop!(Channels::challenge(signed("bob"), id, voucher(id, MILL)), Error::<Test>::NotClosing);
		assert_noop!(Channels::challenge(signed("bob"), id + 1, voucher(id, MILL)), Error::<Test>::UnknownChannel);
		assert_ok!(Channels::close(signed("alice"), id, None));
		next_blocks(CHALLENGE);
		assert_noop!(Channels::challenge(signed("miner"), id, voucher(id, MILL)), Error::<Test>::NotClosing);
	});
}
