use super::*;

#[test]
fn stake_should_add_to_what_is_bonded() {
	run(|| {
		registered(1);
		assert_ok!(Miners::stake(owner(1), 5 * MILL));
		assert_eq!(stored(1).bonded, 205 * MILL);
	});
}

#[test]
fn stake_should_fail_when_zero_or_above_the_balance_or_not_registered() {
	run(|| {
		registered(1);
		assert_noop!(Miners::stake(owner(1), 0), Error::<Test>::ZeroAmount);
		assert_noop!(Miners::stake(owner(1), FUNDS), Error::<Test>::InsufficientBalance);
		assert_noop!(Miners::stake(owner(1), u128::MAX), Error::<Test>::Overflow);
		assert_noop!(Miners::stake(owner(2), MILL), Error::<Test>::NotRegistered);
	});
}

#[test]
fn unstake_should_free_the_stake_only_after_the_unbonding_period() {
	run(|| {
		registered(1);
		let before = Balances::free_balance(1);
		assert_ok!(Miners::unstake(owner(1), 50 * MILL));
		System::set_block_number(UNBONDING);
		assert_noop!(Miners::withdraw_unbonded(owner(1)), Error::<Test>::NothingToWithdraw);
		System::set_block_number(1 + UNBONDING);
		assert_ok!(Miners::withdraw_unbonded(owner(1)));
		assert_eq!(Balances::free_balance(1), before + 50 * MILL);
		assert_noop!(Miners::withdraw_unbonded(owner(1)), Error::<Test>::NothingToWithdraw);
	});
}

#[test]
fn unstake_should_fail_when_a_job_is_open() {
	run(|| {
		registered(1);
		assert_ok!(Miners::offer(owner(1), 0, RATE, 1));
		assert!(pool::draw(0).is_some());
		assert_noop!(Miners::unstake(owner(1), MILL), Error::<Test>::JobsOpen);
	});
}

#[test]
fn unstake_should_fail_when_the_slots_need_the_stake() {
	run(|| {
		registered(1);
		assert_ok!(Miners::offer(owner(1), 0, RATE, 4));
		assert_noop!(Miners::unstake(owner(1), 1), Error::<Test>::StakeTooLowForSlots);
		assert_ok!(Miners::offer(owner(1), 0, RATE, 3));
		assert_ok!(Miners::unstake(owner(1), 50 * MILL));
	});
}

#[test]
fn unstake_should_leave_nothing_or_the_minimum() {
	run(|| {
		registered(1);
		assert_noop!(Miners::unstake(owner(1), 100 * MILL + 1), Error::<Test>::StakeTooLow);
		assert_noop!(Miners::unstake(owner(1), 200 * MILL + 1), Error::<Test>::AboveBonded);
		assert_noop!(Miners::unstake(owner(1), 0), Error::<Test>::ZeroAmount);
		assert_ok!(Miners::unstake(owner(1), 200 * MILL));
	});
}

#[test]
fn unstake_should_fail_when_too_many_parts_unbond() {
	run(|| {
		registered(1);
		for block in 1..=MAX_UNBONDING {
			System::set_block_number(block);
			assert_ok!(Miners::unstake(owner(1), MILL));
		}
		System::set_block_number(MAX_UNBONDING + 1);
		assert_noop!(Miners::unstake(owner(1), MILL), Error::<Test>::TooManyUnbonding);
	});
}
