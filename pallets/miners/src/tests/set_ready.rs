use frame::deps::frame_support::dispatch::CheckIfFeeless;

use super::*;
use crate::READY_INTERVAL;

fn is_free(who: u64, ready: bool) -> bool {
	RuntimeCall::Miners(crate::Call::set_ready { ready }).is_feeless(&owner(who))
}

#[test]
fn set_ready_should_stop_new_jobs_when_false() {
	run(|| {
		registered(1);
		assert_ok!(Miners::offer(owner(1), 0, RATE, 1));
		assert_ok!(Miners::set_ready(owner(1), false));
		assert!(pool::draw(0).is_none());
	});
}

#[test]
fn set_ready_should_announce_the_slot_when_true_again() {
	run(|| {
		registered(1);
		assert_ok!(Miners::offer(owner(1), 3, RATE, 1));
		assert_ok!(Miners::set_ready(owner(1), false));
		Announced::set(Vec::new());
		assert_ok!(Miners::set_ready(owner(operator(1)), true));
		assert_eq!(Announced::get(), vec![3]);
		assert!(pool::draw(3).is_some());
	});
}

#[test]
fn set_ready_should_fail_when_the_caller_has_no_miner() {
	run(|| {
		assert_noop!(Miners::set_ready(owner(9), true), Error::<Test>::NotRegistered);
	});
}

#[test]
fn set_ready_should_be_free_for_an_operator_that_stops_and_later_takes_that_back() {
	run(|| {
		registered(1);
		assert!(is_free(operator(1), false));
		assert!(!is_free(operator(1), true));
		assert_ok!(Miners::set_ready(owner(operator(1)), false));
		assert!(!is_free(operator(1), false));
		System::set_block_number(System::block_number() + READY_INTERVAL - 1);
		assert!(!is_free(operator(1), true));
		System::set_block_number(System::block_number() + 1);
		assert!(is_free(operator(1), true));
		assert_ok!(Miners::set_ready(owner(operator(1)), true));
		assert!(!is_free(operator(1), true));
		assert!(is_free(operator(1), false));
	});
}

#[test]
fn set_ready_should_not_be_free_when_an_operator_undoes_what_the_owner_said() {
	run(|| {
		registered(1);
		assert_ok!(Miners::set_ready(owner(operator(1)), false));
		assert_ok!(Miners::set_ready(owner(1), false));
		System::set_block_number(System::block_number() + READY_INTERVAL);
		assert!(!is_free(operator(1), true));
	});
}

#[test]
fn set_ready_should_not_be_free_for_owners_and_strangers() {
	run(|| {
		registered(1);
		registered(2);
		// An operator that has a miner of its own acts for that.
		assert_ok!(Miners::register(owner(3), 2, 100 * MILL));
		for who in [1, 2, 9] {
			assert!(!is_free(who, false), "{who}");
		}
	});
}
