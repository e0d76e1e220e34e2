use super::*;

#[test]
fn deregister_should_give_all_back_and_free_the_operator_when_unbonded() {
	run(|| {
		registered(1);
		assert_ok!(Miners::offer(owner(1), 0, RATE, 1));
		assert_ok!(Miners::deregister(owner(1)));
		assert!(pool::draw(0).is_none());
		System::set_block_number(1 + UNBONDING);
		assert_ok!(Miners::withdraw_unbonded(owner(1)));
		assert_eq!(Balances::free_balance(1), FUNDS - MILLI_MILL);
		assert!(crate::Miners::<Test>::get(1).is_none());
		assert_ok!(Miners::register(owner(2), operator(1), 200 * MILL));
	});
}

#[test]
fn deregister_should_fail_when_a_job_is_open() {
	run(|| {
		registered(1);
		assert_ok!(Miners::offer(owner(1), 0, RATE, 1));
		assert!(pool::draw(0).is_some());
		assert_noop!(Miners::deregister(owner(1)), Error::<Test>::JobsOpen);
	});
}

#[test]
fn deregister_should_fail_when_not_registered() {
	run(|| {
		assert_noop!(Miners::deregister(owner(1)), Error::<Test>::NotRegistered);
	});
}
