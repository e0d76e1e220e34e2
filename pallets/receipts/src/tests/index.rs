//! The receipts of an account.

use crate::{mock::*, ReceiptsOf};
use millrace_primitives::{query::MAX_PAGE, traits::Receipts as _, Receipt};

#[test]
fn receipt_should_be_listed_for_both_parties_when_recorded() {
	run(|| {
		Receipts::record(receipt(0));
		Receipts::record(Receipt { miner: None, ..receipt(1) });
		assert_eq!(Receipts::receipt(0), Some(receipt(0)));
		assert_eq!(Receipts::receipt(2), None);
		let jobs = |account| {
			let mut jobs: Vec<_> =
				Receipts::receipts_of(account, None).items.iter().map(|receipt| receipt.job).collect();
			jobs.sort_unstable();
			jobs
		};
		assert_eq!((jobs(1), jobs(2), jobs(3)), (vec![0, 1], vec![0], vec![]));
	});
}

#[test]
fn receipts_of_should_come_page_by_page_when_they_are_many() {
	run(|| {
		let count = u64::from(MAX_PAGE) + 3;
		(0..count).for_each(|job| Receipts::record(receipt(job)));
		let first = Receipts::receipts_of(1, None);
		assert_eq!(first.items.len(), MAX_PAGE as usize);
		let second = Receipts::receipts_of(1, first.next);
		assert_eq!((second.items.len(), second.next), (3, None));
		let mut jobs: Vec<_> = first.items.iter().chain(&second.items).map(|receipt| receipt.job).collect();
		jobs.sort_unstable();
		assert_eq!(jobs, (0..count).collect::<Vec<_>>());
	});
}

#[test]
fn receipt_should_leave_both_lists_when_it_leaves_the_state() {
	run(|| {
		Receipts::record(receipt(0));
		(0..=RETENTION).for_each(|_| {
			next_block();
		});
		assert!(kept().is_empty());
		assert_eq!(ReceiptsOf::<Test>::iter().count(), 0);
	});
}
