use super::*;

#[test]
fn prune_should_free_the_deposit_and_keep_the_receipt_when_the_job_has_ended() {
	run(|| {
		let job = submit_as("alice");
		assert_ok!(Jobs::cancel(signed(account("alice")), job));
		assert!(held("alice") > 0);
		assert_ok!(Jobs::prune(signed(account("alice")), job));
		assert_eq!(held("alice"), 0);
		assert!(crate::Jobs::<Test>::get(job).is_none());
		assert!(Inputs::<Test>::get(job).is_none());
		assert!(pallet_receipts::Receipts::<Test>::get(job).is_some());
	});
}

#[test]
fn prune_should_fail_when_the_job_has_not_ended() {
	run(|| {
		let job = submit_as("alice");
		assert_noop!(Jobs::prune(signed(account("alice")), job), Error::<Test>::NotEnded);
	});
}

#[test]
fn prune_should_fail_when_by_somebody_else() {
	run(|| {
		let job = submit_as("alice");
		assert_ok!(Jobs::cancel(signed(account("alice")), job));
		assert_noop!(Jobs::prune(signed(account("bob")), job), Error::<Test>::NotClient);
	});
}

#[test]
fn prune_should_happen_by_itself_when_the_retention_is_over() {
	run(|| {
		let job = submit_as("alice");
		assert_ok!(Jobs::cancel(signed(account("alice")), job));
		next_blocks(RETENTION - 1);
		assert!(crate::Jobs::<Test>::get(job).is_some());
		next_blocks(1);
		assert!(crate::Jobs::<Test>::get(job).is_none());
		assert_eq!(free("alice"), FUNDS);
	});
}
