//! From the trusted set of validators to the one that finalized the receipt.

use sp_consensus_grandpa::ConsensusLog;

use super::super::{fixtures::*, FinalityError, VerifyError};

#[test]
fn receipt_should_be_proved_when_the_set_changed_twice_since_genesis() {
	let scene = scene();
	let verified = scene.verify().unwrap();
	assert_eq!(verified.receipt, receipt(PLACE.into()));
	assert_eq!((verified.block.number, verified.finalized.number), (BLOCK, FINAL));
	assert_eq!((verified.place, verified.receipts), (PLACE, 5));
	assert_eq!((verified.set_id, verified.changes), (2, 2));
}

#[test]
fn receipt_should_be_proved_when_the_reader_trusts_a_later_set() {
	let mut scene = scene();
	for (number, changes) in [(1, 2), (3, 1), (5, 1), (6, 0), (7, 0), (9, 0), (12, 0)] {
		scene.trust = scene.checkpoint(number);
		assert_eq!(scene.verify().unwrap().changes, changes, "checkpoint {number}");
	}
}

#[test]
fn receipt_should_be_proved_when_the_file_begins_at_the_trusted_set() {
	let mut scene = scene();
	scene.file.first_set = 1;
	scene.file.changes.remove(0);
	scene.trust = scene.checkpoint(4);
	assert_eq!(scene.verify().unwrap().changes, 1);
}

#[test]
fn file_should_be_refused_when_the_trusted_set_is_none_of_its() {
	let after = refused(|scene| scene.trust.set_id = 3);
	assert_eq!(after, VerifyError::SetOutOfReach { first: 0, last: 2, trusted: 3 });
	let before = refused(|scene| {
		scene.file.first_set = 1;
		scene.file.changes.remove(0);
	});
	assert_eq!(before, VerifyError::SetOutOfReach { first: 1, last: 2, trusted: 0 });
}

#[test]
fn file_should_be_refused_when_the_trusted_validators_are_others() {
	let error = refused(|scene| scene.trust.authorities = authorities(SETS[1]));
	let alice = authorities(SETS[0])[0].0.clone();
	assert_eq!(error, VerifyError::NotFinal { block: 3, set: 0, cause: FinalityError::UnknownVoter(alice) });
	let empty = refused(|scene| scene.trust.authorities.clear());
	assert_eq!(empty, VerifyError::NotFinal { block: 3, set: 0, cause: FinalityError::NoVoters });
}

#[test]
fn file_should_be_refused_when_a_change_is_missing() {
	let error = refused(|scene| {
		scene.file.changes.remove(1);
	});
	assert!(matches!(error, VerifyError::NotFinal { block: FINAL, set: 1, .. }), "{error}");
}

#[test]
fn file_should_be_refused_when_a_header_names_no_next_set() {
	let scene = scene_with(|number, logs| {
		if number == 6 {
			logs.clear();
		}
	});
	assert_eq!(scene.verify().unwrap_err(), VerifyError::NoChange(6));
}

#[test]
fn file_should_be_refused_when_a_change_is_late_forced_doubled_or_unreadable() {
	let late = || vec![grandpa(ConsensusLog::ScheduledChange(plan(SETS[2], 1)))];
	let forced = || vec![grandpa(ConsensusLog::ForcedChange(1, plan(SETS[2], 0)))];
	let doubled = || vec![grandpa(ConsensusLog::ScheduledChange(plan(SETS[2], 0))); 2];
	let unreadable = || vec![sp_runtime::generic::DigestItem::Consensus(*b"FRNK", vec![99])];
	for items in [late(), forced(), doubled(), unreadable()] {
		let scene = scene_with(|number, logs| {
			if number == 6 {
				logs.clone_from(&items);
			}
		});
		assert_eq!(scene.verify().unwrap_err(), VerifyError::IrregularChange(6));
	}
}

#[test]
fn file_should_be_refused_when_changes_or_receipt_come_too_early() {
	let mut scene = scene();
	scene.trust.block.number = 3;
	assert_eq!(scene.verify().unwrap_err(), VerifyError::OutOfOrder { block: 3, after: 3 });
	// Set 1 signs an end of its own below the end of set 0.
	let mut scene = scene_with(|number, logs| {
		if number == 2 {
			*logs = vec![grandpa(ConsensusLog::ScheduledChange(plan(SETS[2], 0)))];
		}
	});
	let early = scene.headers[2].clone();
	scene.file.changes[1].justification = votes(&early, SETS[1], 1);
	scene.file.changes[1].header = early;
	assert_eq!(scene.verify().unwrap_err(), VerifyError::OutOfOrder { block: 2, after: 3 });
	// The receipt's block is the end of set 1.
	let mut scene = scene_with(|_, _| {});
	scene.file.headers = scene.headers[5..=10].to_vec();
	assert_eq!(scene.verify().unwrap_err(), VerifyError::HiddenChange(6));
	scene.file.headers = scene.headers[5..=5].to_vec();
	scene.file.justification = votes(&scene.headers[5], SETS[2], 2);
	assert_eq!(scene.verify().unwrap_err(), VerifyError::OutOfOrder { block: 5, after: 6 });
}
