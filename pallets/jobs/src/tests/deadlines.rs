use super::*;

#[test]
fn job_should_expire_refunded_when_nobody_takes_it_in_time() {
	run(|| {
		let job = submit_as("alice");
		next_blocks(QUEUE_TIMEOUT - 1);
		assert_eq!(state(job), JobState::Queued);
		next_blocks(1);
		assert_eq!(state(job), JobState::Ended(Outcome::Expired));
		next_blocks(RETENTION);
		assert_eq!(free("alice"), FUNDS);
	});
}

#[test]
fn job_should_leave_a_silent_miner_when_its_deadline_has_passed() {
	run(|| {
		miner("miner1", 1);
		let job = submit_as("alice");
		next_blocks(1 + params().timeout);
		System::assert_has_event(Event::AttemptFailed { job, attempt: 1, owner: account("miner1"), code: None }.into());
		assert!(matches!(state(job), JobState::Queued));
		assert_eq!(AssignmentsOf::<Test>::iter().count(), 0);
	});
}

#[test]
fn agenda_should_carry_over_when_its_weight_is_used_up() {
	run(|| {
		for _ in 0..5 {
			submit_as("alice");
		}
		// Room for one block's first read and two items with a read each.
		AgendaWeight::set(Weight::from_parts(23, 0));
		next_blocks(QUEUE_TIMEOUT);
		let ended = || crate::Jobs::<Test>::iter_values().filter(|job| matches!(job.state, JobState::Ended(_))).count();
		// Blocks without work cost a read too; the agenda catches up two items a block.
		assert_eq!(ended(), 2);
		next_blocks(1);
		assert_eq!(ended(), 4);
		next_blocks(1);
		assert_eq!(ended(), 5);
		AgendaWeight::set(Weight::from_parts(1_000, 0));
	});
}

#[test]
fn expiry_should_win_when_it_and_a_cancel_meet_in_one_block() {
	run(|| {
		let job = submit_as("alice");
		next_blocks(QUEUE_TIMEOUT);
		assert_noop!(Jobs::cancel(signed(account("alice")), job), Error::<Test>::NotQueued);
		assert_eq!(state(job), JobState::Ended(Outcome::Expired));
	});
}
