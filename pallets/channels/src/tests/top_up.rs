use super::*;

#[test]
fn top_up_should_hold_more() {
	run(|| {
		let id = open();
		assert_ok!(Channels::top_up(signed("alice"), id, MILL));
		assert_eq!(held("alice"), DEPOSIT + MILL + STORAGE);
		assert_eq!(Backing::<Test>::get(account("miner")), DEPOSIT + MILL);
		assert_ok!(Channels::close(signed("miner"), id, Some(voucher(id, DEPOSIT + MILL))));
		assert_eq!(free("miner"), FUNDS - STAKE + DEPOSIT + MILL);
	});
}

#[test]
fn top_up_should_fail_when_called_by_another_or_with_nothing() {
	run(|| {
		let id = open();
		assert_noop!(Channels::top_up(signed("bob"), id, MILL), Error::<Test>::NotClient);
		assert_noop!(Channels::top_up(signed("miner"), id, MILL), Error::<Test>::NotClient);
		assert_noop!(Channels::top_up(signed("alice"), id, 0), Error::<Test>::ZeroAmount);
		assert_noop!(Channels::top_up(signed("alice"), id + 1, MILL), Error::<Test>::UnknownChannel);
	});
}

#[test]
fn top_up_should_fail_when_the_stake_does_not_cover_it_or_the_sum_does_not_fit() {
	run(|| {
		let id = open();
		let top_up = |amount| Channels::top_up(signed("alice"), id, amount);
		assert_noop!(top_up(STAKE - DEPOSIT + 1), Error::<Test>::StakeTooLow);
		assert_noop!(top_up(u128::MAX), Error::<Test>::Overflow);
		assert_ok!(top_up(STAKE - DEPOSIT));
	});
}

#[test]
fn top_up_should_fail_when_the_channel_is_not_open() {
	run(|| {
		let id = open();
		assert_ok!(Channels::close(signed("alice"), id, None));
		assert_noop!(Channels::top_up(signed("alice"), id, MILL), Error::<Test>::NotOpen);
		next_blocks(CHALLENGE);
		assert_noop!(Channels::top_up(signed("alice"), id, MILL), Error::<Test>::NotOpen);
	});
}
