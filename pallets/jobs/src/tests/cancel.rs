use super::*;

#[test]
fn cancel_should_refund_in_full_when_the_job_is_queued() {
	run(|| {
		let job = submit_as("alice");
		next_blocks(3);
		assert_ok!(Jobs::cancel(signed(account("alice")), job));
		assert_eq!(state(job), JobState::Ended(Outcome::Cancelled));
		assert_ok!(Jobs::prune(signed(account("alice")), job));
		assert_eq!(free("alice"), FUNDS);
		assert_eq!(pallet_receipts::Receipts::<Test>::get(job).unwrap().outcome, Outcome::Cancelled);
	});
}

#[test]
fn cancel_should_work_when_in_the_block_of_the_submission() {
	run(|| {
		miner("miner1", 1);
		let job = submit_as("alice");
		assert_ok!(Jobs::cancel(signed(account("alice")), job));
		next_blocks(1);
		assert_eq!(state(job), JobState::Ended(Outcome::Cancelled));
		assert_eq!(AssignmentsOf::<Test>::iter().count(), 0);
	});
}

#[test]
fn cancel_should_fail_when_by_somebody_else() {
	run(|| {
		let job = submit_as("alice");
		assert_noop!(Jobs::cancel(signed(account("bob")), job), Error::<Test>::NotClient);
	});
}

#[test]
fn cancel_should_fail_when_the_job_is_assigned() {
	run(|| {
		miner("miner1", 1);
		let job = submit_as("alice");
		next_blocks(1);
		assert_noop!(Jobs::cancel(signed(account("alice")), job), Error::<Test>::NotQueued);
	});
}

#[test]
fn cancel_should_fail_when_repeated() {
	run(|| {
		let job = submit_as("alice");
		assert_ok!(Jobs::cancel(signed(account("alice")), job));
		assert_noop!(Jobs::cancel(signed(account("alice")), job), Error::<Test>::NotQueued);
	});
}

#[test]
fn cancel_should_fail_when_the_job_is_unknown() {
	run(|| {
		assert_noop!(Jobs::cancel(signed(account("alice")), 7), Error::<Test>::UnknownJob);
	});
}
