use super::*;

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
