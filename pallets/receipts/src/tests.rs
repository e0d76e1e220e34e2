use crate::{mock::*, Leaves, ENGINE_ID};
use frame::{deps::sp_runtime::DigestItem, testing_prelude::*};
use millrace_primitives::{traits::Receipts as _, Outcome, Receipt, Usage};

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
