//! What is written where everybody reads it for good: events and receipts hold hashes, never what was asked or said.

use super::*;

const PROMPT: &[u8] = b"\x01my-very-secret-question\xfe\xff";
const ANSWER: &[u8] = b"\x02a-very-secret-answer\xfd";

fn holds(bytes: &[u8], secret: &[u8]) -> bool {
	bytes.windows(secret.len()).any(|window| window == secret)
}

/// A job's whole life: queued, given up, silent, answered, pruned.
fn live() -> u64 {
	assert_ok!(Jobs::submit(signed(account("alice")), MODEL, PROMPT.to_vec(), params(), MAX_FEE, None));
	next_blocks(2);
	miner("miner1", 1);
	next_blocks(2);
	assert_ok!(Jobs::fail(signed(operator_account("miner1")), 0, 1, FailCode::Timeout));
	miner("miner2", 1);
	next_blocks(2);
	assert_eq!(assignment(0).attempt, 2);
	next_blocks(params().timeout);
	miner("miner3", 1);
	next_blocks(2);
	assert_eq!(assignment(0).attempt, 3);
	let proof = proof_by(&operator("miner3"), 0, 3, ANSWER, USAGE);
	assert_ok!(Jobs::complete(signed(operator_account("miner3")), 0, 3, ANSWER.to_vec(), proof));
	next_blocks(1);
	0
}

#[test]
fn events_should_not_hold_the_question_or_the_answer_in_any_step_of_a_job() {
	run(|| {
		let job = live();
		assert_ok!(Jobs::prune(signed(account("alice")), job));
		let events = System::events();
		assert!(events.iter().any(|record| record.event == Event::<Test>::Pruned { job }.into()));
		for record in events {
			let bytes = record.encode();
			assert!(!holds(&bytes, PROMPT) && !holds(&bytes, ANSWER), "{record:?}");
			// Whoever watches the blocks sees hashes.
			assert!(!format!("{record:?}").contains("secret"));
		}
	});
}

#[test]
fn state_should_hold_the_question_and_the_answer_in_their_own_maps_only() {
	use frame::deps::sp_io::{hashing::twox_128, storage};
	run(|| {
		live();
		let (inputs, outputs) = (twox_128(b"Inputs"), twox_128(b"Outputs"));
		let (mut key, mut found) = (Vec::new(), 0);
		while let Some(next) = storage::next_key(&key) {
			let value = storage::get(&next).unwrap();
			let own = next.get(16..32).is_some_and(|item| item == inputs || item == outputs);
			let secret = holds(&value, PROMPT) || holds(&value, ANSWER);
			assert!(own || !secret, "{next:02x?}");
			found += u32::from(secret);
			key = next;
		}
		assert_eq!(found, 2);
	});
}

#[test]
fn receipt_should_not_hold_the_question_or_the_answer_when_the_job_is_settled() {
	run(|| {
		let job = live();
		let receipt = pallet_receipts::Receipts::<Test>::get(job).unwrap();
		assert!(!holds(&receipt.encode(), PROMPT) && !holds(&receipt.encode(), ANSWER));
		assert_eq!(receipt.input_hash, BlakeTwo256::hash(PROMPT));
		assert_eq!(receipt.output_hash, BlakeTwo256::hash(ANSWER));
	});
}

#[test]
fn question_and_answer_should_be_gone_when_the_job_is_pruned() {
	run(|| {
		let job = live();
		assert!(Inputs::<Test>::contains_key(job) && Outputs::<Test>::contains_key(job));
		assert_ok!(Jobs::prune(signed(account("alice")), job));
		assert!(!Inputs::<Test>::contains_key(job) && !Outputs::<Test>::contains_key(job));
	});
}

#[test]
fn input_should_be_refused_whole_when_it_has_a_megabyte() {
	run(|| {
		let before = books();
		for bytes in [16_385, 1 << 20] {
			let submit = Jobs::submit(signed(account("alice")), MODEL, vec![b'a'; bytes], params(), MAX_FEE, None);
			assert_noop!(submit, Error::<Test>::InputTooLong);
		}
		assert_eq!(books(), before);
	});
}

/// The chain takes bytes. A miner that can't read them says so and is not paid; the client has its money back.
#[test]
fn input_should_be_stored_as_sent_and_refunded_when_it_is_not_utf8() {
	run(|| {
		miner("miner1", 1);
		let before = books();
		let input = vec![0xff, 0xfe, 0x00, 0xc3, 0x28, 0xf0, 0x9f];
		assert!(std::str::from_utf8(&input).is_err());
		assert_ok!(Jobs::submit(signed(account("alice")), MODEL, input.clone(), params(), MAX_FEE, None));
		next_blocks(1);
		assert_eq!(Inputs::<Test>::get(0).unwrap().into_inner(), input);
		assert_ok!(Jobs::fail(signed(operator_account("miner1")), 0, 1, FailCode::BadInput));
		ended(0, Outcome::Failed);
		assert_gains(&before, &[]);
		assert_ok!(Jobs::prune(signed(account("alice")), 0));
		assert_eq!(books(), before);
	});
}
