//! The receipt in its block.

use codec::Encode;
use millrace_primitives::H256;
use sp_runtime::generic::DigestItem;

use super::super::{fixtures::*, VerifyError};

#[test]
fn file_should_be_refused_when_the_receipt_was_changed() {
	assert_eq!(refused(|scene| scene.file.receipt.fee += 1), VerifyError::NotInBlock(BLOCK));
	assert_eq!(refused(|scene| scene.file.receipt.miner = None), VerifyError::NotInBlock(BLOCK));
}

#[test]
fn file_should_be_refused_when_the_place_or_path_is_another() {
	assert_eq!(refused(|scene| scene.file.place = 3), VerifyError::NotInBlock(BLOCK));
	assert_eq!(refused(|scene| scene.file.place = 5), VerifyError::NotInBlock(BLOCK));
	assert_eq!(refused(|scene| scene.file.path[0] = H256::zero()), VerifyError::NotInBlock(BLOCK));
	assert_eq!(refused(|scene| scene.file.path.push(H256::zero())), VerifyError::NotInBlock(BLOCK));
}

#[test]
fn file_should_be_refused_when_the_receipt_names_another_block() {
	let error = refused(|scene| scene.file.receipt.ended_at = 9);
	assert_eq!(error, VerifyError::OtherBlock { said: 9, found: BLOCK });
}

#[test]
fn file_should_be_refused_when_the_block_has_no_root_or_two() {
	let root = |item: Option<DigestItem>| {
		let scene = scene_with(|number, logs| {
			if number == BLOCK {
				match &item {
					Some(item) => logs.push(item.clone()),
					None => logs.clear(),
				}
			}
		});
		scene.verify().unwrap_err()
	};
	assert_eq!(root(None), VerifyError::NoRoot(BLOCK));
	let second = DigestItem::Consensus(*b"MILL", (H256::zero(), 1u32).encode());
	assert_eq!(root(Some(second)), VerifyError::NoRoot(BLOCK));
}
