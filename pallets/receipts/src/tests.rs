use crate::{mock::*, Leaves, ReceiptsOf, ENGINE_ID};
use frame::{deps::sp_runtime::DigestItem, testing_prelude::*};
use millrace_primitives::{query::MAX_PAGE, traits::Receipts as _, Outcome, Receipt, Usage};

fn receipt(job: u64) -> Receipt<u64> {
	Receipt {
		job,
		client: 1,
		miner: Some(2),
		attempts: 1,
		model_digest: H256::repeat_byte(1),
		input_hash: H256::repeat_byte(2),
		params_hash: H256::repeat_byte(3),
		output_hash: H256::repeat_byte(4),
		transcript_root: H256::repeat_byte(5),
		usage: Usage { input_tokens: 1, output_tokens: 2, gpu_ms: 3 },
		fee: 4,
		outcome: Outcome::Settled,
		submitted_at: 1,
		ended_at: 1,
	}
}

fn roots() -> Vec<H256> {
	let root = |item: &DigestItem| match item {
		DigestItem::Consensus(id, root) if *id == ENGINE_ID => H256::decode(&mut &root[..]).ok(),
		_ => None,
	};
	System::digest().logs().iter().filter_map(root).collect()
}

#[test]
fn receipts_should_be_provable_from_the_header_when_recorded() {
	run(|| {
		let leaves: Vec<_> = (0..5).map(|job| receipt(job).leaf()).collect();
		(0..5).for_each(|job| Receipts::record(receipt(job)));
		Receipts::on_finalize(1);
		let proof = binary_merkle_tree::merkle_proof::<BlakeTwo256, _, _>(leaves.clone(), 3);
		assert_eq!(roots(), vec![proof.root]);
		assert!(binary_merkle_tree::verify_proof::<BlakeTwo256, _, _>(&roots()[0], proof.proof, 5, 3, &leaves[3]));
	});
}

#[test]
fn header_should_have_no_item_when_there_is_no_receipt() {
	run(|| {
		Receipts::on_finalize(1);
		assert!(roots().is_empty());
	});
}

#[test]
fn leaves_should_be_gone_when_the_block_ends() {
	run(|| {
		Receipts::record(receipt(0));
		Receipts::on_finalize(1);
		assert!(Leaves::<Test>::get().is_empty());
		assert_eq!(crate::Receipts::<Test>::get(0), Some(receipt(0)));
	});
}

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
		crate::Receipts::<Test>::remove(0);
		assert!(Receipts::do_try_state().is_err());
		Receipts::delist(&receipt(0));
		assert_eq!(ReceiptsOf::<Test>::iter().count(), 0);
	});
}
