//! The votes that make a block final.

use sp_consensus_grandpa::AuthorityId;
use sp_keyring::Ed25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve};

use super::super::{fixtures::*, FinalityError, VerifyError};

/// Why the votes for the end of set 0 are refused after `spoil`.
fn first(spoil: impl FnOnce(&mut Scene)) -> FinalityError {
	match refused(spoil) {
		VerifyError::NotFinal { block: 3, set: 0, cause } => cause,
		other => panic!("{other}"),
	}
}

/// What comes of these votes for the end of set 1, whose validators are Bob, Charlie, Dave and Eve.
fn second(keys: &[Ed25519Keyring]) -> Result<(), VerifyError> {
	let mut scene = scene();
	scene.file.changes[1].justification = votes(&scene.headers[6], keys, 1);
	scene.verify().map(|_| ())
}

fn key(key: Ed25519Keyring) -> AuthorityId {
	key.public().into()
}

#[test]
fn block_should_be_final_when_just_over_two_thirds_voted() {
	assert_eq!(second(&[Bob, Dave, Eve]), Ok(()));
	let too_few = VerifyError::NotFinal { block: 6, set: 1, cause: FinalityError::TooFewVotes };
	assert_eq!(second(&[Bob, Dave]), Err(too_few.clone()));
	assert_eq!(second(&[]), Err(too_few));
}

#[test]
fn votes_should_be_refused_when_one_is_by_a_stranger() {
	let stranger = FinalityError::UnknownVoter(key(Alice));
	let error = VerifyError::NotFinal { block: 6, set: 1, cause: stranger };
	assert_eq!(second(&[Bob, Charlie, Dave, Eve, Alice]), Err(error));
}

#[test]
fn votes_should_be_refused_when_one_is_counted_twice() {
	let error = VerifyError::NotFinal { block: 6, set: 1, cause: FinalityError::Doubled };
	assert_eq!(second(&[Bob, Charlie, Dave, Dave]), Err(error));
	let error = VerifyError::NotFinal { block: 6, set: 1, cause: FinalityError::TooLarge };
	assert_eq!(second(&[Bob; 9]), Err(error));
}

#[test]
fn votes_should_be_refused_when_a_signature_is_of_another_round_set_or_key() {
	let bad = FinalityError::BadSignature(key(Alice));
	assert_eq!(first(|scene| scene.file.changes[0].justification.round += 1), bad);
	let other_set = |scene: &mut Scene| {
		scene.file.changes[0].justification = votes(&scene.headers[3], SETS[0], 1);
	};
	assert_eq!(first(other_set), bad);
	let other_key = |scene: &mut Scene| {
		let precommits = &mut scene.file.changes[0].justification.commit.precommits;
		precommits[0].signature = precommits[1].signature.clone();
	};
	assert_eq!(first(other_key), bad);
}

#[test]
fn votes_should_be_refused_when_they_are_for_another_block() {
	let error = first(|scene| {
		scene.file.changes[0].justification = votes(&scene.headers[2], SETS[0], 0);
	});
	let hash = scene().headers[2].hash();
	assert_eq!(error, FinalityError::OtherBlock { number: 2, hash });
}

/// The votes for the end of set 0, with Charlie's for the block after it and a header that links them.
fn one_ahead(scene: &mut Scene) {
	let ahead = scene.headers[4].clone();
	let votes = &mut scene.file.changes[0].justification;
	votes.commit.precommits[2] = vote(Charlie, 4, ahead.hash(), 0);
	votes.votes_ancestries = vec![ahead];
}

#[test]
fn votes_should_count_for_the_blocks_before_when_headers_link_them() {
	let mut scene = scene();
	one_ahead(&mut scene);
	assert_eq!(scene.verify().map(|verified| verified.set_id), Ok(2));
}

#[test]
fn votes_should_be_refused_when_a_link_is_missing_or_goes_elsewhere() {
	let missing = first(|scene| {
		one_ahead(scene);
		scene.file.changes[0].justification.votes_ancestries.clear();
	});
	assert_eq!(missing, FinalityError::Unlinked);
	let elsewhere = first(|scene| {
		one_ahead(scene);
		let stray = header(4, scene.headers[2].hash());
		let votes = &mut scene.file.changes[0].justification;
		votes.commit.precommits[2] = vote(Charlie, 4, stray.hash(), 0);
		votes.votes_ancestries = vec![stray];
	});
	assert_eq!(elsewhere, FinalityError::Unlinked);
}

#[test]
fn votes_should_be_refused_when_a_header_is_not_needed() {
	let error = first(|scene| {
		one_ahead(scene);
		let stray = scene.headers[5].clone();
		scene.file.changes[0].justification.votes_ancestries.push(stray);
	});
	assert_eq!(error, FinalityError::Unneeded);
	let twice = first(|scene| {
		one_ahead(scene);
		let ancestries = &mut scene.file.changes[0].justification.votes_ancestries;
		ancestries.push(ancestries[0].clone());
	});
	assert_eq!(twice, FinalityError::Unneeded);
}

#[test]
fn votes_should_be_refused_when_a_validator_signs_a_wrong_height() {
	// One dishonest validator of the set must not be able to make a reader fail otherwise than by this error.
	for number in [0, 1, 2, 4, u32::MAX] {
		let error = first(|scene| {
			let hash = scene.headers[3].hash();
			scene.file.changes[0].justification.commit.precommits[2] = vote(Charlie, number, hash, 0);
		});
		assert_eq!(error, FinalityError::Unlinked, "{number}");
		let ahead = first(|scene| {
			one_ahead(scene);
			let hash = scene.headers[4].hash();
			let number = if number == 4 { 5 } else { number };
			scene.file.changes[0].justification.commit.precommits[2] = vote(Charlie, number, hash, 0);
		});
		assert_eq!(ahead, FinalityError::Unlinked, "{number}");
	}
}
