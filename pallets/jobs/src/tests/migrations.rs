use super::*;
use crate::{
	migrations::{KeepTerms, V1ToV2, MAX_JOBS},
	Queue, Terms, TermsOf,
};
use frame::deps::frame_support::{traits::OnRuntimeUpgrade, weights::RuntimeDbWeight};
use pallet_parameters::Parameter;

const OLD: Terms = Terms { queue_timeout: 77, retention: 88 };

parameter_types! {
	pub const OldTerms: Terms = OLD;
}

/// As a chain of version 1 had it: no job has terms.
fn downgrade() {
	let _ = TermsOf::<Test>::clear(u32::MAX, None);
	StorageVersion::new(1).put::<Jobs>();
}

/// One job in each state: assigned, queued, ended.
fn three_jobs() -> [u64; 3] {
	miner("miner1", 1);
	let assigned = submit_as("alice");
	let ended = submit_as("bob");
	next_blocks(1);
	assert_ok!(Jobs::cancel(signed(account("bob")), ended));
	let queued = submit_as("carol");
	next_blocks(1);
	[assigned, queued, ended]
}

#[test]
fn migration_should_give_open_jobs_the_old_terms_and_touch_nothing_else() {
	run(|| {
		let [assigned, queued, ended] = three_jobs();
		downgrade();
		let jobs: Vec<_> = crate::Jobs::<Test>::iter().collect();
		let money: Vec<_> = ["alice", "bob", "carol", "miner1"].map(|name| (free(name), held(name))).into();
		let before = KeepTerms::<Test, OldTerms>::before().unwrap();
		DbWeight::set(RuntimeDbWeight { read: 1, write: 1_000 });
		let weight = V1ToV2::<Test, OldTerms>::on_runtime_upgrade();
		DbWeight::set(NO_WEIGHT);
		KeepTerms::<Test, OldTerms>::after(before).unwrap();
		assert_eq!(TermsOf::<Test>::get(assigned), Some(OLD));
		assert_eq!(TermsOf::<Test>::get(queued), Some(OLD));
		assert_eq!(TermsOf::<Test>::get(ended), None);
		assert_eq!(StorageVersion::get::<Jobs>(), 2);
		assert_eq!(crate::Jobs::<Test>::iter().collect::<Vec<_>>(), jobs);
		let money_after: Vec<_> = ["alice", "bob", "carol", "miner1"].map(|name| (free(name), held(name))).into();
		assert_eq!(money_after, money);
		// Two jobs, the end of each list, and the version.
		assert_eq!(weight.ref_time(), 5 + 3_000);
	});
}

#[test]
fn migrated_job_should_go_by_the_old_terms_when_governance_changes_them() {
	run(|| {
		let [assigned, ..] = three_jobs();
		downgrade();
		V1ToV2::<Test, OldTerms>::on_runtime_upgrade();
		set(Parameter::RetentionPeriod(5));
		assert_ok!(complete("miner1", assigned, 1));
		next_blocks(OLD.retention - 1);
		assert!(Outputs::<Test>::get(assigned).is_some());
		next_blocks(1);
		assert!(Outputs::<Test>::get(assigned).is_none());
	});
}

#[test]
fn migration_should_do_nothing_when_it_was_done_before() {
	run(|| {
		let [_, queued, _] = three_jobs();
		V1ToV2::<Test, OldTerms>::on_runtime_upgrade();
		let current = Terms { queue_timeout: QUEUE_TIMEOUT, retention: RETENTION };
		assert_eq!(TermsOf::<Test>::get(queued), Some(current));
	});
}

#[test]
fn migration_should_stay_bounded_when_more_jobs_are_open_than_fit() {
	run(|| {
		miner("miner1", 1);
		let first = submit_as("alice");
		next_blocks(1);
		for job in 0..MAX_JOBS as u64 {
			Queue::<Test>::insert(1_000 + job, crate::Link::default());
		}
		downgrade();
		assert!(KeepTerms::<Test, OldTerms>::before().is_err());
		V1ToV2::<Test, OldTerms>::on_runtime_upgrade();
		assert_eq!(TermsOf::<Test>::iter().count(), MAX_JOBS);
		downgrade();
		let _ = Queue::<Test>::clear(u32::MAX, None);
		// A job without terms goes by the parameters of the day.
		set(Parameter::RetentionPeriod(5));
		assert_ok!(complete("miner1", first, 1));
		next_blocks(5);
		assert!(crate::Jobs::<Test>::get(first).is_none());
	});
}

#[test]
fn check_should_fail_when_an_open_job_was_left_out() {
	run(|| {
		let [assigned, ..] = three_jobs();
		downgrade();
		let before = KeepTerms::<Test, OldTerms>::before().unwrap();
		V1ToV2::<Test, OldTerms>::on_runtime_upgrade();
		let terms = TermsOf::<Test>::take(assigned).unwrap();
		assert!(KeepTerms::<Test, OldTerms>::after(before).is_err());
		TermsOf::<Test>::insert(assigned, terms);
	});
}
