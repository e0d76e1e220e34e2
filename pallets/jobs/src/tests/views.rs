use super::*;
use crate::Job;
use millrace_primitives::{job::MAX_INPUT_BYTES, query::MAX_PAGE, Prices, Quote};

#[test]
fn job_should_show_its_assignment_and_then_its_answer() {
	run(|| {
		miner("miner1", 1);
		let job = submit_as("alice");
		next_blocks(1);
		let view = Jobs::job(job).unwrap();
		assert_eq!((view.id, view.output), (job, None));
		assert_eq!(view.job.state, JobState::Assigned(assignment(job)));
		assert_ok!(complete("miner1", job, 1));
		let view = Jobs::job(job).unwrap();
		assert_eq!(view.job.state, JobState::Ended(Outcome::Settled));
		assert_eq!(view.output.unwrap().into_inner(), b"42");
	});
}

#[test]
fn job_should_be_none_when_it_is_pruned_or_unknown() {
	run(|| {
		let job = submit_as("alice");
		assert_ok!(Jobs::cancel(signed(account("alice")), job));
		assert!(Jobs::job(job).is_some());
		assert_ok!(Jobs::prune(signed(account("alice")), job));
		assert_eq!(Jobs::job(job), None);
		assert_eq!(Jobs::job(77), None);
	});
}

#[test]
fn jobs_of_should_list_a_clients_own_jobs_page_by_page() {
	run(|| {
		let mut own: Vec<_> = (0..MAX_PAGE + 6).map(|_| submit_as("alice")).collect();
		submit_as("bob");
		let first = Jobs::jobs_of(account("alice"), None);
		assert_eq!(first.items.len(), MAX_PAGE as usize);
		let second = Jobs::jobs_of(account("alice"), first.next);
		assert_eq!((second.items.len(), second.next), (6, None));
		let listed = first.items.into_iter().chain(second.items);
		let mut listed: Vec<(u64, Job<_>)> = listed.collect();
		listed.sort_by_key(|(id, _)| *id);
		own.sort_unstable();
		assert_eq!(listed.iter().map(|(id, _)| *id).collect::<Vec<_>>(), own);
		assert!(listed.iter().all(|(_, job)| job.client == account("alice")));
		assert_eq!(Jobs::jobs_of(account("carol"), None).items, vec![]);
	});
}

#[test]
fn jobs_of_should_go_on_when_the_cursors_job_was_pruned() {
	run(|| {
		for _ in 0..MAX_PAGE + 1 {
			submit_as("alice");
		}
		let first = Jobs::jobs_of(account("alice"), None);
		let last = first.next.unwrap();
		assert_ok!(Jobs::cancel(signed(account("alice")), last));
		assert_ok!(Jobs::prune(signed(account("alice")), last));
		assert_eq!(Jobs::jobs_of(account("alice"), Some(last)).items.len(), 1);
	});
}

#[test]
fn quote_should_tell_what_submit_holds_and_what_miners_ask() {
	run(|| {
		let input = b"What is 17 plus 25?".len() as u32;
		let deposit = MILLI_MILL + u128::from(input + 64 * 256) * 1_000_000;
		assert_eq!(Jobs::quote(MODEL, params(), input), Ok(Quote { deposit, min_fee: MIN_FEE, prices: None }));
		miner("miner1", 1);
		// A token a byte and 8 of the template: 27 x 10,000 + 64 x 1,000,000.
		let ask = 64_270_000;
		let prices = Some(Prices { miners: 1, lowest: ask, typical: ask, most: ask });
		assert_eq!(Jobs::quote(MODEL, params(), input), Ok(Quote { deposit, min_fee: MIN_FEE, prices }));
		submit_as("alice");
		assert_eq!(held("alice"), MAX_FEE + deposit);
	});
}

#[test]
fn quote_should_refuse_what_submit_refuses() {
	run(|| {
		let refused = |model, params, input_len| Jobs::quote(model, params, input_len).unwrap_err();
		assert_eq!(refused(1, params(), 1), Error::<Test>::UnknownModel.into());
		assert_eq!(refused(MODEL, params(), 0), Error::<Test>::EmptyInput.into());
		assert_eq!(refused(MODEL, params(), MAX_INPUT_BYTES + 1), Error::<Test>::InputTooLong.into());
		assert_eq!(refused(MODEL, JobParams::greedy(0), 1), Error::<Test>::MaxTokensZero.into());
	});
}

#[test]
fn account_should_hold_the_sum_of_its_rows() {
	run(|| {
		let (first, second) = (submit_as("alice"), submit_as("alice"));
		assert_ok!(Jobs::cancel(signed(account("alice")), first));
		let account = Escrow::account(account("alice"), None);
		let mut jobs: Vec<_> = account.rows.items.iter().map(|(job, _)| *job).collect();
		jobs.sort_unstable();
		assert_eq!((jobs, account.rows.next), (vec![first, second], None));
		assert_eq!(account.rows.items.iter().map(|(_, row)| row.fee + row.deposit).sum::<u128>(), account.held);
		assert_eq!(account.held, held("alice"));
	});
}
