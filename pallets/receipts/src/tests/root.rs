//! The root in the header.

use crate::{mock::*, Leaves, Order, ENGINE_ID};
use frame::{deps::sp_runtime::DigestItem, testing_prelude::*};
use millrace_primitives::traits::Receipts as _;

/// The root and the number of leaves of each item in this block's header.
fn roots() -> Vec<(H256, u32)> {
	let root = |item: &DigestItem| match item {
		DigestItem::Consensus(id, root) if *id == ENGINE_ID => <(H256, u32)>::decode(&mut &root[..]).ok(),
		_ => None,
	};
	System::digest().logs().iter().filter_map(root).collect()
}

#[test]
fn receipts_should_be_provable_from_the_header_when_recorded() {
	run(|| {
		let genesis = System::block_hash(0);
		let leaves: Vec<_> = (0..5).map(|job| receipt(job).leaf(&genesis)).collect();
		(0..5).for_each(|job| Receipts::record(receipt(job)));
		Receipts::on_finalize(1);
		let proof = binary_merkle_tree::merkle_proof::<BlakeTwo256, _, _>(leaves.clone(), 3);
		assert_eq!(roots(), vec![(proof.root, 5)]);
		assert!(binary_merkle_tree::verify_proof::<BlakeTwo256, _, _>(&roots()[0].0, proof.proof, 5, 3, &leaves[3]));
	});
}

#[test]
fn root_should_differ_when_the_chain_has_another_genesis() {
	let root_of = |genesis: H256| {
		TestState::default().execute_with(|| {
			System::set_block_number(1);
			frame_system::BlockHash::<Test>::insert(0, genesis);
			Receipts::record(receipt(0));
			Receipts::on_finalize(1);
			roots()[0].0
		})
	};
	assert_eq!(root_of(H256::repeat_byte(1)), root_of(H256::repeat_byte(1)));
	assert_ne!(root_of(H256::repeat_byte(1)), root_of(H256::repeat_byte(2)));
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
		assert!(!Leaves::<Test>::exists());
		assert_eq!(crate::Receipts::<Test>::get(0), Some(receipt(0)));
	});
}

#[test]
fn order_should_be_that_of_the_leaves_when_jobs_end_in_another() {
	run(|| {
		[7, 3, 5].into_iter().for_each(|job| Receipts::record(receipt(job)));
		assert_eq!([0, 1, 2].map(|place| Order::<Test>::get(1, place)), [Some(7), Some(3), Some(5)]);
		next_block();
		Receipts::record(receipt(4));
		assert_eq!(Order::<Test>::get(2, 0), Some(4));
	});
}
