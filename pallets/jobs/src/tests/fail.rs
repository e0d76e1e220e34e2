use super::*;
use frame::deps::frame_support::dispatch::CheckIfFeeless;

fn assigned() -> u64 {
	miner("miner1", 1);
	let job = submit_as("alice");
	next_blocks(1);
	job
}

fn fail(miner: &str, job: u64, attempt: u8, code: FailCode) -> DispatchResult {
	without_weight(Jobs::fail(signed(operator_account(miner)), job, attempt, code))
}

#[test]
fn fail_should_end_the_job_refunded_when_the_client_is_at_fault() {
	run(|| {
		let job = assigned();
		let before = free("miner1");
		assert_ok!(fail("miner1", job, 1, FailCode::ContextTooLong));
		assert_eq!(state(job), JobState::Ended(Outcome::Failed));
		assert_ok!(Jobs::prune(signed(account("alice")), job));
		assert_eq!(free("alice"), FUNDS);
		assert_eq!(free("miner1"), before);
	});
}

#[test]
fn fail_should_give_the_job_to_another_miner_when_the_miner_is_at_fault() {
	run(|| {
		let job = assigned();
		miner("miner2", 1);
		assert_ok!(fail("miner1", job, 1, FailCode::OutOfMemory));
		next_blocks(1);
		let assigned = assignment(job);
		assert_eq!((assigned.owner, assigned.attempt), (account("miner2"), 2));
	});
}

#[test]
fn fail_should_end_the_job_when_three_attempts_are_used_up() {
	run(|| {
		for name in ["miner1", "miner2", "miner3", "miner4"] {
			miner(name, 1);
		}
		let job = submit_as("alice");
		for attempt in 1..=3 {
			next_blocks(1);
			let operator = assignment(job).operator;
			assert_ok!(Jobs::fail(signed(operator), job, attempt, FailCode::EngineError));
		}
		assert_eq!(state(job), JobState::Ended(Outcome::Failed));
		assert_eq!(pallet_receipts::Receipts::<Test>::get(job).unwrap().attempts, 3);
	});
}

#[test]
fn fail_should_end_the_job_when_its_miner_was_named() {
	run(|| {
		miner("miner1", 1);
		miner("miner2", 1);
		assert_ok!(Jobs::submit(
			signed(account("alice")),
			MODEL,
			b"hi".to_vec(),
			params(),
			MAX_FEE,
			Some(account("miner1"))
		));
		assert_ok!(fail("miner1", 0, 1, FailCode::EngineError));
		assert_eq!(state(0), JobState::Ended(Outcome::Failed));
	});
}

#[test]
fn fail_should_refuse_when_not_from_the_assignee_of_this_attempt() {
	run(|| {
		let job = assigned();
		assert_noop!(fail("miner2", job, 1, FailCode::Denied), Error::<Test>::NotAssignee);
		assert_noop!(fail("miner1", job, 2, FailCode::Denied), Error::<Test>::WrongAttempt);
		assert_noop!(fail("miner1", job + 1, 1, FailCode::Denied), Error::<Test>::UnknownJob);
	});
}

#[test]
fn fail_should_refuse_when_repeated() {
	run(|| {
		let job = assigned();
		assert_ok!(fail("miner1", job, 1, FailCode::Denied));
		assert_noop!(fail("miner1", job, 1, FailCode::Denied), Error::<Test>::NotAssigned);
		assert_noop!(complete("miner1", job, 1), Error::<Test>::NotAssigned);
	});
}

#[test]
fn fail_should_cost_less_reputation_than_silence() {
	run(|| {
		for name in ["miner1", "miner2"] {
			miner(name, 1);
			set_reputation(name, 800);
		}
		let first = submit_as("alice");
		next_blocks(1);
		let honest = assignment(first).owner;
		assert_ok!(Jobs::fail(signed(assignment(first).operator), first, 1, FailCode::Timeout));
		next_blocks(1);
		let silent = assignment(first).owner;
		next_blocks(params().timeout + 2);
		// 800 less a 16th and less a 4th, and what fades in a hundred blocks.
		assert_eq!((reputation(honest), reputation(silent)), (749, 598));
	});
}

#[test]
fn fail_should_cost_no_reputation_when_the_client_is_at_fault() {
	run(|| {
		let job = assigned();
		set_reputation("miner1", 800);
		assert_ok!(fail("miner1", job, 1, FailCode::BadInput));
		assert_eq!(reputation(account("miner1")), 800);
	});
}

#[test]
fn fail_should_be_free_exactly_when_it_would_succeed() {
	run(|| {
		let job = assigned();
		let call: RuntimeCall = Call::fail { job, attempt: 1, code: FailCode::NoGpu }.into();
		assert!(call.is_feeless(&signed(operator_account("miner1"))));
		assert!(!call.is_feeless(&signed(operator_account("miner2"))));
		assert_ok!(fail("miner1", job, 1, FailCode::NoGpu));
		assert!(!call.is_feeless(&signed(operator_account("miner1"))));
	});
}
