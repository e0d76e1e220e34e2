use super::*;

/// A queued job whose limit the miner's offer met only after the job was queued, with no walk to find it.
fn queued_with_miner() -> u64 {
	let job = submit_as("alice");
	next_blocks(1);
	// No consensus randomness: nothing is drawn, so that only a claim can take the job.
	HasRandomness::set(false);
	miner("miner1", 1);
	job
}

#[test]
fn claim_should_assign_when_the_job_is_queued() {
	run(|| {
		let job = queued_with_miner();
		assert_ok!(Jobs::claim(signed(operator_account("miner1")), job));
		assert_eq!(assignment(job).owner, account("miner1"));
	});
}

#[test]
fn claim_should_win_once_when_two_come_in_one_block() {
	run(|| {
		let job = queued_with_miner();
		miner("miner2", 1);
		assert_ok!(Jobs::claim(signed(operator_account("miner2")), job));
		assert_noop!(Jobs::claim(signed(operator_account("miner1")), job), Error::<Test>::NotQueued);
		assert_eq!(assignment(job).owner, account("miner2"));
	});
}

#[test]
fn claim_should_fail_when_the_caller_operates_no_miner() {
	run(|| {
		let job = queued_with_miner();
		assert_noop!(Jobs::claim(signed(account("bob")), job), Error::<Test>::NotOperator);
	});
}

#[test]
fn claim_should_fail_when_the_miner_is_not_ready() {
	run(|| {
		let job = queued_with_miner();
		assert_ok!(Miners::set_ready(signed(account("miner1")), false));
		assert_noop!(Jobs::claim(signed(operator_account("miner1")), job), pallet_miners::Error::<Test>::NotReady);
	});
}

#[test]
fn claim_should_fail_when_the_slot_is_in_use() {
	run(|| {
		let job = queued_with_miner();
		let other = submit_as("bob");
		next_blocks(1);
		assert_ok!(Jobs::claim(signed(operator_account("miner1")), other));
		assert_noop!(Jobs::claim(signed(operator_account("miner1")), job), pallet_miners::Error::<Test>::NoFreeSlot);
	});
}

#[test]
fn claim_should_fail_when_the_rate_is_above_the_limit() {
	run(|| {
		miner("miner1", 1);
		let params = JobParams { max_rate: Some(Rate::PerToken { input: 10_000, output: 999_999 }), ..params() };
		assert_ok!(Jobs::submit(signed(account("alice")), MODEL, b"hi".to_vec(), params, MAX_FEE, None));
		next_blocks(1);
		assert_noop!(Jobs::claim(signed(operator_account("miner1")), 0), pallet_miners::Error::<Test>::RateAboveLimit);
	});
}

#[test]
fn claim_should_fail_when_the_miner_has_tried_before() {
	run(|| {
		miner("miner1", 1);
		let job = submit_as("alice");
		next_blocks(1);
		assert_ok!(Jobs::fail(signed(operator_account("miner1")), job, 1, FailCode::Timeout));
		next_blocks(1);
		assert_noop!(Jobs::claim(signed(operator_account("miner1")), job), pallet_miners::Error::<Test>::AlreadyTried);
	});
}
