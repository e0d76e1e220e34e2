use super::*;

#[test]
fn draw_should_prefer_the_cheaper_miner_when_all_else_is_equal() {
	run(|| {
		miner("miner1", 1);
		miner("miner2", 1);
		assert_ok!(Miners::offer(
			signed(account("miner2")),
			MODEL,
			Rate::PerToken { input: 5_000, output: 500_000 },
			1
		));
		for salt in 0..8 {
			Salt::set(salt);
			let job = submit_as("alice");
			next_blocks(1);
			assert_eq!(assignment(job).owner, account("miner2"));
			assert_ok!(complete("miner2", job, 1));
		}
	});
}

#[test]
fn draw_should_reach_each_miner_when_all_are_equal() {
	run(|| {
		let names = ["miner1", "miner2", "miner3"];
		let mut drawn = std::collections::BTreeSet::new();
		for name in names {
			miner(name, 1);
		}
		for salt in 0..64 {
			Salt::set(salt);
			let job = submit_as("alice");
			next_blocks(1);
			drawn.insert(assignment(job).owner);
			// A fault of the client's leaves all reputations equal.
			assert_ok!(Jobs::fail(signed(assignment(job).operator), job, 1, FailCode::BadInput));
		}
		assert_eq!(drawn.len(), names.len());
	});
}

#[test]
fn draw_should_skip_miners_above_the_limit() {
	run(|| {
		miner("miner1", 1);
		miner("miner2", 1);
		let dear = Rate::PerToken { input: 10_001, output: 1_000_000 };
		assert_ok!(Miners::offer(signed(account("miner1")), MODEL, dear, 1));
		let params = JobParams { max_rate: Some(RATE), ..params() };
		assert_ok!(Jobs::submit(signed(account("alice")), MODEL, b"hi".to_vec(), params, MAX_FEE, None));
		next_blocks(1);
		assert_eq!(assignment(0).owner, account("miner2"));
	});
}

#[test]
fn job_should_be_searched_for_in_the_next_block_when_all_slots_looked_at_are_too_dear() {
	run(|| {
		set(pallet_parameters::Parameter::StakePerSlot(MILL));
		miner("miner1", 100);
		miner("miner2", 1);
		let dear = Rate::PerToken { input: 10_001, output: 1_000_000 };
		assert_ok!(Miners::offer(signed(account("miner1")), MODEL, dear, 100));
		let params = JobParams { max_rate: Some(RATE), ..params() };
		assert_ok!(Jobs::submit(signed(account("alice")), MODEL, b"hi".to_vec(), params, MAX_FEE, None));
		next_blocks(1);
		assert_eq!(state(0), JobState::Queued);
		next_blocks(1);
		assert_eq!(assignment(0).owner, account("miner2"));
	});
}

#[test]
fn draw_should_wait_when_the_block_has_no_randomness() {
	run(|| {
		miner("miner1", 1);
		HasRandomness::set(false);
		let job = submit_as("alice");
		next_blocks(2);
		assert!(matches!(state(job), JobState::Queued));
		HasRandomness::set(true);
		next_blocks(2);
		assert_eq!(assignment(job).owner, account("miner1"));
	});
}

#[test]
fn queue_should_give_its_oldest_job_when_a_slot_becomes_free() {
	run(|| {
		miner("miner1", 1);
		let jobs: Vec<_> = (0..3).map(|_| submit_as("alice")).collect();
		for (index, job) in jobs.iter().enumerate() {
			next_blocks(1);
			assert_eq!(assignment(*job).owner, account("miner1"));
			if let Some(next) = jobs.get(index + 1) {
				assert!(matches!(state(*next), JobState::Queued));
			}
			assert_ok!(complete("miner1", *job, 1));
		}
	});
}

#[test]
fn queue_should_be_served_before_new_jobs_when_a_slot_becomes_free() {
	run(|| {
		miner("miner1", 1);
		let first = submit_as("alice");
		let second = submit_as("alice");
		next_blocks(1);
		assert_ok!(complete("miner1", first, 1));
		let third = submit_as("bob");
		next_blocks(1);
		assert_eq!(assignment(second).owner, account("miner1"));
		assert!(matches!(state(third), JobState::Queued));
	});
}

#[test]
fn queue_should_be_walked_past_jobs_that_fit_nobody() {
	run(|| {
		let cheap = JobParams { max_rate: Some(Rate::PerGpuSecond(1)), ..params() };
		for _ in 0..10 {
			assert_ok!(Jobs::submit(signed(account("alice")), MODEL, b"hi".to_vec(), cheap, MAX_FEE, None));
		}
		let job = submit_as("bob");
		next_blocks(1);
		miner("miner1", 1);
		// 4 places are looked at in each block.
		next_blocks(4);
		assert_eq!(assignment(job).owner, account("miner1"));
	});
}

#[test]
fn draw_should_never_give_more_jobs_than_slots() {
	run(|| {
		miner("miner1", 2);
		let jobs: Vec<_> = (0..5).map(|_| submit_as("alice")).collect();
		next_blocks(3);
		let assigned = jobs.iter().filter(|job| matches!(state(**job), JobState::Assigned(_))).count();
		assert_eq!(assigned, 2);
	});
}

#[test]
fn queue_should_stay_linked_when_jobs_leave_it_anywhere() {
	run(|| {
		let jobs: Vec<_> = (0..7).map(|_| submit_as("alice")).collect();
		next_blocks(1);
		for index in [3, 0, 6, 5, 1] {
			assert_ok!(Jobs::cancel(signed(account("alice")), jobs[index]));
			check_all();
		}
		miner("miner1", 1);
		next_blocks(2);
		assert_eq!(assignment(jobs[2]).owner, account("miner1"));
		assert_ok!(complete("miner1", jobs[2], 1));
		next_blocks(1);
		assert_eq!(assignment(jobs[4]).owner, account("miner1"));
	});
}

#[test]
fn walk_should_reach_a_job_in_time_when_many_before_it_have_left() {
	run(|| {
		let jobs: Vec<_> = (0..40).map(|_| submit_as("alice")).collect();
		let last = submit_as("bob");
		next_blocks(1);
		for job in jobs {
			assert_ok!(Jobs::cancel(signed(account("alice")), job));
		}
		miner("miner1", 1);
		next_blocks(2);
		assert_eq!(assignment(last).owner, account("miner1"));
	});
}

#[test]
fn walk_should_go_on_when_its_next_job_leaves() {
	run(|| {
		let cheap = JobParams { max_rate: Some(Rate::PerGpuSecond(1)), ..params() };
		for _ in 0..10 {
			assert_ok!(Jobs::submit(signed(account("alice")), MODEL, b"hi".to_vec(), cheap, MAX_FEE, None));
		}
		let job = submit_as("bob");
		next_blocks(1);
		miner("miner1", 1);
		next_blocks(2);
		let next = crate::Walks::<Test>::get(MODEL).expect("the walk is not over").next;
		assert_ok!(Jobs::cancel(signed(account("alice")), next));
		check_all();
		next_blocks(3);
		assert_eq!(assignment(job).owner, account("miner1"));
	});
}
