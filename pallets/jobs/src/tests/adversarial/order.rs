//! Calls that exclude each other: the first wins, whatever it is, and the money moves once.

use super::*;
use Step::*;

#[test]
fn completion_should_pay_once_when_repeated() {
	run(|| {
		let job = assigned();
		let before = books();
		assert_ok!(complete("miner1", job, 1));
		let paid = [(account("miner1"), FEE as i128), (account("alice"), -(FEE as i128))];
		for _ in 0..3 {
			assert_noop!(complete("miner1", job, 1), Error::<Test>::NotAssigned);
			next_blocks(1);
			assert_gains(&before, &paid);
		}
		assert_ok!(Jobs::prune(signed(account("alice")), job));
		assert_noop!(complete("miner1", job, 1), Error::<Test>::UnknownJob);
		assert_gains(&before, &paid);
	});
}

#[test]
fn completion_should_be_refused_when_the_job_was_refunded() {
	run(|| {
		let failed = assigned();
		let before = books();
		assert_ok!(Jobs::fail(signed(operator_account("miner1")), failed, 1, FailCode::BadInput));
		ended(failed, Outcome::Failed);
		assert_noop!(complete("miner1", failed, 1), Error::<Test>::NotAssigned);

		let cancelled = submit_as("alice");
		assert_ok!(Jobs::cancel(signed(account("alice")), cancelled));
		ended(cancelled, Outcome::Cancelled);
		assert_noop!(complete("miner1", cancelled, 1), Error::<Test>::NotAssigned);

		assert_ok!(Miners::set_ready(signed(account("miner1")), false));
		let expired = submit_as("alice");
		next_blocks(QUEUE_TIMEOUT);
		ended(expired, Outcome::Expired);
		assert_noop!(complete("miner1", expired, 1), Error::<Test>::NotAssigned);
		assert_gains(&before, &[]);
	});
}

#[test]
fn refund_should_be_refused_when_the_job_was_completed() {
	run(|| {
		let job = assigned();
		let before = books();
		assert_ok!(complete("miner1", job, 1));
		let operator = signed(operator_account("miner1"));
		assert_noop!(Jobs::cancel(signed(account("alice")), job), Error::<Test>::NotQueued);
		for code in FailCode::ALL {
			assert_noop!(Jobs::fail(operator.clone(), job, 1, code), Error::<Test>::NotAssigned);
		}
		next_blocks(params().timeout + QUEUE_TIMEOUT + RETENTION);
		let fee = FEE as i128;
		assert_gains(&before, &[(account("miner1"), fee), (account("alice"), -fee)]);
		assert_eq!(held("alice"), 0);
	});
}

#[test]
fn failure_should_earn_nothing_when_it_is_sent_as_a_completion() {
	run(|| {
		let job = assigned();
		let before = books();
		let send = |output: &[u8], usage| {
			let proof = proof_by(&operator("miner1"), job, 1, output, usage);
			without_weight(Jobs::complete(signed(operator_account("miner1")), job, 1, output.to_vec(), proof))
		};
		assert_noop!(send(b"", USAGE), Error::<Test>::EmptyOutput);
		assert_noop!(send(b"", Usage::default()), Error::<Test>::EmptyOutput);
		assert_noop!(send(b"timeout", Usage { output_tokens: 0, ..USAGE }), Error::<Test>::UsageOutOfBounds);
		assert_ok!(Jobs::fail(signed(operator_account("miner1")), job, 1, FailCode::Timeout));
		assert_noop!(send(b"42", USAGE), Error::<Test>::NotAssigned);
		assert_gains(&before, &[]);
		assert!(Outputs::<Test>::get(job).is_none());
	});
}

#[test]
fn proof_should_earn_nothing_when_its_attempt_is_stale() {
	run(|| {
		let job = assigned();
		let before = books();
		next_blocks(params().timeout + 1);
		miner("miner2", 1);
		next_blocks(2);
		assert_eq!(assignment(job).attempt, 2);
		let bonded = books();
		// Its own attempt is over; the number of the current one is not its.
		assert_noop!(complete("miner1", job, 1), Error::<Test>::NotAssignee);
		assert_noop!(complete("miner1", job, 2), Error::<Test>::NotAssignee);
		assert_eq!(books(), bonded);
		assert_ok!(complete("miner2", job, 2));
		assert_noop!(complete("miner1", job, 1), Error::<Test>::NotAssigned);
		assert_eq!(gained(&before, &account("miner1")), 0);
		assert_eq!(gained(&bonded, &account("miner2")), FEE as i128);
		assert_eq!(gained(&before, &account("alice")), -(FEE as i128));
	});
}

/// What can meet in one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
	/// The agenda works off what is due.
	Due,
	Cancel,
	Prove,
	Fail,
}

fn orders(steps: [Step; 3]) -> [[Step; 3]; 6] {
	let [a, b, c] = steps;
	[[a, b, c], [a, c, b], [b, a, c], [b, c, a], [c, a, b], [c, b, a]]
}

/// Takes the steps in one block and returns the refusals.
fn take(order: [Step; 3], job: u64) -> Vec<(Step, DispatchError)> {
	AgendaWeight::set(Weight::from_parts(1_000, 0));
	let step = |step| match step {
		Due => {
			Jobs::on_initialize(System::block_number());
			Ok(())
		}
		Cancel => Jobs::cancel(signed(account("alice")), job),
		Prove => complete("miner1", job, 1),
		Fail => without_weight(Jobs::fail(signed(operator_account("miner1")), job, 1, FailCode::Timeout)),
	};
	order.into_iter().filter_map(|taken| step(taken).err().map(|error| (taken, error))).collect()
}

/// Holds the agenda back until block `block` has begun.
fn lag_until(block: u32) {
	AgendaWeight::set(Weight::zero());
	System::run_to_block::<AllPalletsWithSystem>(block);
}

fn before(order: [Step; 3], first: Step, second: Step) -> bool {
	let place = |step| order.iter().position(|other| *other == step);
	place(first) < place(second)
}

#[test]
fn queued_job_should_end_once_when_expiry_and_cancel_and_proof_meet_in_any_order() {
	for order in orders([Due, Cancel, Prove]) {
		run(|| {
			let books_before = books();
			let job = submit_as("alice");
			lag_until(1 + QUEUE_TIMEOUT);
			let refusals = take(order, job);
			let expired = before(order, Due, Cancel);
			let mut expected = vec![(Prove, Error::<Test>::NotAssigned.into())];
			if expired {
				expected.push((Cancel, Error::<Test>::NotQueued.into()));
			}
			assert_eq!(refusals.len(), expected.len(), "{order:?}: {refusals:?}");
			assert!(expected.iter().all(|refusal| refusals.contains(refusal)), "{order:?}: {refusals:?}");
			ended(job, if expired { Outcome::Expired } else { Outcome::Cancelled });
			assert_gains(&books_before, &[]);
			assert_eq!(held("alice"), deposit(job));
		});
	}
}

#[test]
fn late_job_should_not_pay_when_deadline_and_cancel_and_proof_meet_in_any_order() {
	for order in orders([Due, Cancel, Prove]) {
		run(|| {
			let job = assigned();
			let books_before = books();
			lag_until(assignment(job).deadline + 1);
			let refusals = take(order, job);
			let given_back = before(order, Due, Cancel);
			let late = if before(order, Due, Prove) { Error::<Test>::NotAssigned } else { Error::DeadlinePassed };
			let mut expected = vec![(Prove, late.into())];
			if !given_back {
				expected.push((Cancel, Error::<Test>::NotQueued.into()));
			}
			assert_eq!(refusals.len(), expected.len(), "{order:?}: {refusals:?}");
			assert!(expected.iter().all(|refusal| refusals.contains(refusal)), "{order:?}: {refusals:?}");
			if given_back {
				ended(job, Outcome::Cancelled);
			} else {
				assert_eq!(state(job), JobState::Queued, "{order:?}");
			}
			assert_gains(&books_before, &[]);
		});
	}
}

#[test]
fn job_in_time_should_pay_once_when_deadline_and_cancel_and_proof_meet_in_any_order() {
	for order in orders([Due, Cancel, Prove]) {
		run(|| {
			let job = assigned();
			let books_before = books();
			lag_until(assignment(job).deadline);
			assert_eq!(take(order, job), vec![(Cancel, Error::<Test>::NotQueued.into())], "{order:?}");
			ended(job, Outcome::Settled);
			assert_gains(&books_before, &[(account("miner1"), FEE as i128), (account("alice"), -(FEE as i128))]);
		});
	}
}

#[test]
fn first_answer_should_count_when_failure_and_proof_and_cancel_meet_in_any_order() {
	for order in orders([Fail, Cancel, Prove]) {
		run(|| {
			let job = assigned();
			let books_before = books();
			let refusals = take(order, job);
			let proven = before(order, Prove, Fail);
			let mut expected = vec![(if proven { Fail } else { Prove }, Error::<Test>::NotAssigned.into())];
			let cancelled = !proven && before(order, Fail, Cancel);
			if !cancelled {
				expected.push((Cancel, Error::<Test>::NotQueued.into()));
			}
			assert_eq!(refusals.len(), expected.len(), "{order:?}: {refusals:?}");
			assert!(expected.iter().all(|refusal| refusals.contains(refusal)), "{order:?}: {refusals:?}");
			let fee = if proven { FEE as i128 } else { 0 };
			assert_gains(&books_before, &[(account("miner1"), fee), (account("alice"), -fee)]);
			assert_eq!(matches!(state(job), JobState::Ended(Outcome::Cancelled)), cancelled);
		});
	}
}

#[test]
fn first_claim_should_win_when_two_meet_in_either_order() {
	for [first, second] in [["miner1", "miner2"], ["miner2", "miner1"]] {
		run(|| {
			let job = submit_as("alice");
			next_blocks(1);
			miner("miner1", 1);
			miner("miner2", 1);
			let before = books();
			assert_ok!(Jobs::claim(signed(operator_account(first)), job));
			assert_noop!(Jobs::claim(signed(operator_account(second)), job), Error::<Test>::NotQueued);
			assert_noop!(complete(second, job, 1), Error::<Test>::NotAssignee);
			assert_eq!(books(), before);
			assert_ok!(Jobs::complete(
				signed(operator_account(first)),
				job,
				1,
				b"42".to_vec(),
				proof_by(&operator(first), job, 1, b"42", Usage { gpu_ms: 0, ..USAGE })
			));
			assert_gains(&before, &[(account(first), FEE as i128), (account("alice"), -(FEE as i128))]);
		});
	}
}

#[test]
fn claim_should_be_refused_when_the_job_has_not_been_drawn_for() {
	run(|| {
		miner("miner1", 1);
		let job = submit_as("alice");
		// Whoever sees a job come can't take it before everybody else has had a chance.
		assert_noop!(Jobs::claim(signed(operator_account("miner1")), job), Error::<Test>::NotQueued);
		next_blocks(1);
		assert_eq!(assignment(job).attempt, 1);
		assert_ok!(Jobs::fail(signed(operator_account("miner1")), job, 1, FailCode::Timeout));
		miner("miner2", 1);
		assert_noop!(Jobs::claim(signed(operator_account("miner2")), job), Error::<Test>::NotQueued);
	});
}

/// Claimed and given back in one block, a job once stood twice among those to be drawn for, then twice in its queue,
/// and was assigned after its end.
#[test]
fn job_should_stand_in_its_queue_once_when_its_attempt_ends_in_the_block_of_its_claim() {
	run(|| {
		let job = submit_as("alice");
		let before = books();
		for name in ["miner1", "miner2"] {
			miner(name, 1);
			if Jobs::claim(signed(operator_account(name)), job).is_ok() {
				let attempt = assignment(job).attempt;
				assert_ok!(Jobs::fail(signed(operator_account(name)), job, attempt, FailCode::Timeout));
			}
			assert_ok!(Miners::set_ready(signed(account(name)), false));
		}
		next_blocks(1);
		check_all();
		next_blocks(QUEUE_TIMEOUT);
		ended(job, Outcome::Expired);
		miner("miner3", 1);
		next_blocks(2);
		ended(job, Outcome::Expired);
		assert_eq!(held("alice"), deposit(job));
		assert_eq!(gained(&before, &account("alice")), 0);
	});
}
