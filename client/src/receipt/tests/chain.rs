//! The headers from the receipt's block to the final one.

use millrace_primitives::H256;
use sp_consensus_grandpa::ConsensusLog;

use super::super::{fixtures::*, VerifyError};

#[test]
fn file_should_be_refused_when_it_is_of_another_chain() {
	let found = scene().trust.genesis;
	let trusted = H256::repeat_byte(9);
	let error = refused(|scene| scene.trust.genesis = trusted);
	assert_eq!(error, VerifyError::OtherChain { found, trusted });
}

#[test]
fn file_should_be_refused_when_another_chain_has_the_same_validators() {
	// All signatures fit: only the receipt's leaf knows the chain.
	let error = refused(|scene| {
		scene.file.genesis = H256::repeat_byte(9);
		scene.trust.genesis = scene.file.genesis;
	});
	assert_eq!(error, VerifyError::NotInBlock(BLOCK));
}

#[test]
fn receipt_should_be_proved_when_its_own_block_is_the_final_one() {
	let mut scene = scene();
	scene.file.headers.truncate(1);
	scene.file.justification = votes(&scene.headers[BLOCK as usize], SETS[2], 2);
	assert_eq!(scene.verify().unwrap().finalized.number, BLOCK);
}

#[test]
fn receipt_should_be_proved_when_the_final_block_names_the_next_set() {
	let scene = scene_with(|number, logs| {
		if number == FINAL {
			logs.push(grandpa(ConsensusLog::ScheduledChange(plan(SETS[0], 0))));
		}
	});
	assert_eq!(scene.verify().unwrap().set_id, 2);
}

#[test]
fn file_should_be_refused_when_it_has_no_header() {
	assert_eq!(refused(|scene| scene.file.headers.clear()), VerifyError::NoHeader);
}

#[test]
fn file_should_be_refused_when_a_header_is_missing_or_of_another_fork() {
	let missing = refused(|scene| {
		scene.file.headers.remove(1);
	});
	assert_eq!(missing, VerifyError::BrokenChain(FINAL));
	let other = refused(|scene| scene.file.headers[1].state_root = H256::zero());
	assert_eq!(other, VerifyError::BrokenChain(FINAL));
}

#[test]
fn file_should_be_refused_when_the_set_changes_on_the_way() {
	let change = |log: ConsensusLog<u32>| {
		scene_with(move |number, logs| {
			if number == 9 {
				logs.push(grandpa(log.clone()));
			}
		})
	};
	let hidden = change(ConsensusLog::ScheduledChange(plan(SETS[0], 0)));
	assert_eq!(hidden.verify().unwrap_err(), VerifyError::HiddenChange(9));
	let forced = change(ConsensusLog::ForcedChange(1, plan(SETS[0], 0)));
	assert_eq!(forced.verify().unwrap_err(), VerifyError::IrregularChange(9));
	let harmless = change(ConsensusLog::OnDisabled(0));
	assert!(harmless.verify().is_ok());
}

#[test]
fn file_should_be_refused_when_the_checkpoint_is_another_block() {
	let error = refused(|scene| {
		scene.trust = scene.checkpoint(9);
		scene.trust.block.hash = H256::repeat_byte(9);
	});
	assert_eq!(error, VerifyError::OtherCheckpoint(9));
}
