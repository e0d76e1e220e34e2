//! Proofs and signatures that were made for something else.

use super::*;
use frame::deps::frame_support::storage::{with_transaction, TransactionOutcome};
use millrace_primitives::Proof;

fn send(job: u64, attempt: u8, proof: Proof) -> DispatchResult {
	without_weight(Jobs::complete(signed(operator_account("miner1")), job, attempt, b"42".to_vec(), proof))
}

/// Two jobs of alice's that miner1 has, both in their first attempt.
fn two_jobs() -> [u64; 2] {
	miner("miner1", 2);
	let jobs = [submit_as("alice"), submit_as("alice")];
	next_blocks(1);
	jobs
}

#[test]
fn proof_should_be_refused_when_it_was_made_for_another_job() {
	run(|| {
		let [first, second] = two_jobs();
		let proof = proof_by(&operator("miner1"), first, 1, b"42", USAGE);
		let before = books();
		assert_noop!(send(second, 1, proof.clone()), Error::<Test>::BadSignature);
		assert_eq!(books(), before);
		assert_ok!(send(first, 1, proof.clone()));
		let paid = books();
		assert_noop!(send(second, 1, proof), Error::<Test>::BadSignature);
		assert_eq!(books(), paid);
		assert_gains(&before, &[(account("miner1"), FEE as i128), (account("alice"), -(FEE as i128))]);
	});
}

#[test]
fn proof_should_be_refused_when_it_was_made_for_another_attempt() {
	run(|| {
		let job = assigned();
		let before = books();
		for attempt in [0, 2, 3, u8::MAX] {
			let proof = proof_by(&operator("miner1"), job, attempt, b"42", USAGE);
			assert_noop!(send(job, 1, proof.clone()), Error::<Test>::BadSignature);
			assert_noop!(send(job, attempt, proof), Error::<Test>::WrongAttempt);
		}
		assert_eq!(books(), before);
	});
}

#[test]
fn proof_should_be_refused_when_it_was_made_for_another_genesis() {
	run(|| {
		let job = assigned();
		let before = books();
		let own = System::block_hash(0);
		frame_system::BlockHash::<Test>::insert(0, H256::repeat_byte(0xee));
		let foreign = proof_by(&operator("miner1"), job, 1, b"42", USAGE);
		frame_system::BlockHash::<Test>::insert(0, own);
		assert_noop!(send(job, 1, foreign), Error::<Test>::BadSignature);
		assert_eq!(books(), before);
	});
}

/// What `events` lead to, on a fork that is then given up.
fn on_another_fork<R>(events: impl FnOnce() -> R) -> R {
	with_transaction(|| TransactionOutcome::Rollback(Ok::<_, DispatchError>(events()))).unwrap()
}

/// A transaction of a fork that lost goes back to the pool by itself, and its job number may name another job by then.
#[test]
fn proof_should_be_refused_when_its_job_number_is_another_job_on_this_fork() {
	run(|| {
		miner("miner1", 1);
		let submit = |client: &str, input: &[u8], params| {
			assert_ok!(Jobs::submit(signed(account(client)), MODEL, input.to_vec(), params, MAX_FEE, None));
			next_blocks(1);
			assignment(0);
		};
		let proof = on_another_fork(|| {
			submit("alice", b"What is 17 plus 25?", params());
			proof_by(&operator("miner1"), 0, 1, b"42", USAGE)
		});
		for (client, input, params, accepted) in [
			("bob", &b"Who is there?"[..], params(), false),
			("alice", b"What is 17 plus 25?", JobParams::greedy(65), false),
			("alice", b"What is 17 plus 25?", params(), true),
		] {
			on_another_fork(|| {
				submit(client, input, params);
				let before = books();
				if accepted {
					assert_ok!(send(0, 1, proof.clone()));
				} else {
					assert_noop!(send(0, 1, proof.clone()), Error::<Test>::BadSignature);
					assert_eq!(books(), before);
				}
			});
		}
	});
}

#[test]
fn proof_should_be_refused_when_the_chain_drew_another_seed_on_this_fork() {
	run(|| {
		miner("miner1", 1);
		let submit = |salt| {
			Salt::set(salt);
			let warm = Sampling { temperature_milli: 700, ..Sampling::greedy(64) };
			let warm = JobParams::of(Workload::Chat(warm));
			assert_ok!(Jobs::submit(
				signed(account("alice")),
				MODEL,
				b"hi, what is new?".to_vec(),
				warm,
				MAX_FEE,
				None
			));
			next_blocks(1);
			assignment(0).seed
		};
		let (seed, proof) = on_another_fork(|| {
			(submit(1), proof_by(&operator("miner1"), 0, 1, b"42", Usage { input_tokens: 2, ..USAGE }))
		});
		assert_ne!(submit(2), seed);
		assert_noop!(send(0, 1, proof), Error::<Test>::BadSignature);
	});
}

/// Both are `BadSignature`: sr25519 verification answers yes or no, and the chain's host function passes on no more.
#[test]
fn signature_should_be_refused_alike_when_malformed_or_of_another_signer() {
	run(|| {
		let job = assigned();
		let before = books();
		let good = proof_by(&operator("miner1"), job, 1, b"42", USAGE);
		let with = |signature: [u8; 64]| Proof { signature: signature.into(), ..good.clone() };
		// No curve point, no scalar, without schnorrkel's marker bit, cut off.
		let mut unmarked = good.signature.0;
		unmarked[63] &= 0x7f;
		let mut cut = good.signature.0;
		cut[32..].fill(0);
		for signature in [[0; 64], [0xff; 64], unmarked, cut] {
			assert_noop!(send(job, 1, with(signature)), Error::<Test>::BadSignature);
		}
		for signer in [pair("miner1"), pair("bob"), operator("miner2")] {
			let proof = proof_by(&signer, job, 1, b"42", USAGE);
			assert_noop!(send(job, 1, proof), Error::<Test>::BadSignature);
		}
		assert_eq!(books(), before);
		assert_ok!(send(job, 1, good));
	});
}

/// Each bit of what is signed counts.
#[test]
fn proof_should_be_refused_when_anything_in_it_is_changed() {
	run(|| {
		let job = assigned();
		let good = proof_by(&operator("miner1"), job, 1, b"42", USAGE);
		let before = books();
		for changed in [
			Proof { transcript_root: H256::zero(), ..good.clone() },
			Proof { usage: Usage { input_tokens: USAGE.input_tokens + 1, ..USAGE }, ..good.clone() },
			Proof { usage: Usage { output_tokens: USAGE.output_tokens + 1, ..USAGE }, ..good.clone() },
			Proof { usage: Usage { gpu_ms: USAGE.gpu_ms + 1, ..USAGE }, ..good.clone() },
		] {
			assert_noop!(send(job, 1, changed), Error::<Test>::BadSignature);
		}
		let other_output = Jobs::complete(signed(operator_account("miner1")), job, 1, b"43".to_vec(), good.clone());
		assert_noop!(other_output, Error::<Test>::BadSignature);
		assert_eq!(books(), before);
		assert_ok!(send(job, 1, good));
	});
}

/// What the operator's key signs for other purposes is no proof.
#[test]
fn proof_should_be_refused_when_the_signature_is_over_the_bare_fields() {
	use frame::deps::sp_core::Pair;
	run(|| {
		let job = assigned();
		let good = proof_by(&operator("miner1"), job, 1, b"42", USAGE);
		let fields = (System::block_hash(0), job, 1u8, BlakeTwo256::hash(b"42"), good.transcript_root, USAGE).encode();
		for message in [fields.clone(), BlakeTwo256::hash(&fields).0.to_vec(), b"42".to_vec()] {
			let signature = operator("miner1").sign(&message);
			assert_noop!(send(job, 1, Proof { signature, ..good.clone() }), Error::<Test>::BadSignature);
		}
	});
}
