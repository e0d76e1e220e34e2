use super::*;
use frame::traits::fungible::InspectHold;

#[test]
fn register_should_hold_the_stake_and_fund_the_operator_when_valid() {
	run(|| {
		registered(1);
		assert_eq!(Balances::balance_on_hold(&HoldReason::Stake.into(), &1), 200 * MILL);
		assert_eq!(Balances::free_balance(operator(1)), MILLI_MILL);
		assert_eq!(Balances::free_balance(1), FUNDS - 200 * MILL - MILLI_MILL);
		System::assert_last_event(Event::Registered { owner: 1, operator: operator(1), stake: 200 * MILL }.into());
	});
}

#[test]
fn register_should_not_fund_the_operator_when_it_has_an_account() {
	run(|| {
		assert_ok!(Miners::register(owner(1), 2, 200 * MILL));
		assert_eq!(Balances::free_balance(2), FUNDS);
	});
}

#[test]
fn register_should_keep_the_operator_alive_when_it_sends_all_away() {
	run(|| {
		assert_ok!(Miners::register(owner(1), 2, 200 * MILL));
		assert!(Balances::transfer_allow_death(owner(2), 3, FUNDS).is_err());
		assert_ok!(Balances::transfer_all(owner(2), 3, false));
		assert_eq!(Balances::free_balance(2), MILLI_MILL);
	});
}

#[test]
fn register_should_fail_when_the_operator_serves_another_owner() {
	run(|| {
		registered(1);
		assert_noop!(Miners::register(owner(2), operator(1), 200 * MILL), Error::<Test>::OperatorTaken);
	});
}

#[test]
fn register_should_fail_when_the_owner_is_registered() {
	run(|| {
		registered(1);
		assert_noop!(Miners::register(owner(1), 2_000, 200 * MILL), Error::<Test>::AlreadyRegistered);
	});
}

#[test]
fn register_should_fail_when_owner_and_operator_are_one() {
	run(|| {
		assert_noop!(Miners::register(owner(1), 1, 200 * MILL), Error::<Test>::OperatorIsOwner);
	});
}

#[test]
fn register_should_fail_when_the_stake_is_below_the_minimum() {
	run(|| {
		assert_noop!(Miners::register(owner(1), operator(1), 100 * MILL - 1), Error::<Test>::StakeTooLow);
		assert_ok!(Miners::register(owner(1), operator(1), 100 * MILL));
	});
}

#[test]
fn register_should_fail_when_the_balance_does_not_reach() {
	run(|| {
		assert_noop!(Miners::register(owner(1), operator(1), FUNDS), Error::<Test>::InsufficientBalance);
		// The stake fits, the operator's existential deposit no longer.
		assert_noop!(Miners::register(owner(1), operator(1), FUNDS - MILLI_MILL), Error::<Test>::InsufficientBalance);
		assert_ok!(Miners::register(owner(1), operator(1), FUNDS - 2 * MILLI_MILL));
	});
}
