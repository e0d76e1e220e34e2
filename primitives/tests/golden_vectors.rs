//! Recomputes `vectors/vectors.json`, which `vectors/reference.py` makes without this crate.

mod vectors;

use millrace_primitives::{
	bench,
	job::{payload_hash, sampling_seed, work_hash},
	receipt_key::{possesses, possession_bytes},
	transcript, H256,
};
use sp_core::{ed25519, Pair};

#[test]
fn proof_should_sign_the_golden_bytes() {
	for (payload, hash) in vectors::proofs() {
		assert_eq!(H256(payload.signing_hash()), hash);
	}
}

#[test]
fn transcript_should_have_the_golden_root() {
	for (entries, root) in vectors::transcripts() {
		assert_eq!(transcript::root(&entries), root, "{} entries", entries.len());
	}
}

#[test]
fn receipt_should_have_the_golden_leaf() {
	for (receipt, genesis, leaf) in vectors::receipts::<[u8; 32]>() {
		assert_eq!(receipt.leaf(&genesis), leaf);
	}
}

#[test]
fn parameters_should_have_the_golden_hash() {
	for (params, hash) in vectors::params() {
		assert_eq!(params.hash(), hash);
	}
}

#[test]
fn work_should_have_the_golden_hash() {
	for (model, params, input_hash, seed, hash) in vectors::works() {
		assert_eq!(work_hash(model, &params, &input_hash, seed), hash);
	}
}

#[test]
fn bench_should_have_the_golden_digest() {
	assert_eq!(bench::DIGEST, vectors::bench_digest());
}

/// The rules as they are written, without any thought of speed.
#[test]
fn bench_should_have_the_golden_checksum() {
	for (input, size, rounds, checksum) in vectors::benches() {
		let n = size as usize;
		let (mut a, b) = bench::matrices(&payload_hash(&input), size);
		for _ in 0..rounds {
			let cell = |at: usize| {
				let (row, column) = (at / n, at % n);
				let sum = |sum: u32, k: usize| sum.wrapping_add(a[row * n + k].wrapping_mul(b[k * n + column]));
				bench::mix((0..n).fold(0, sum))
			};
			a = (0..n * n).map(cell).collect();
		}
		assert_eq!(bench::checksum(&a), checksum);
	}
}

#[test]
fn seed_should_be_the_golden_number() {
	for (randomness, job, attempt, seed) in vectors::seeds() {
		assert_eq!(sampling_seed(&randomness, job, attempt), seed);
	}
}

#[test]
fn fee_should_be_the_golden_amount() {
	for (rate, usage, plancks) in vectors::fees() {
		assert_eq!(rate.fee(&usage), Some(plancks));
	}
}

#[test]
fn receipt_key_should_sign_the_golden_bytes() {
	for (genesis, owner, key, bytes) in vectors::receipt_keys() {
		assert_eq!(possession_bytes(&genesis, &owner, &ed25519::Public::from_raw(key.0)), bytes);
	}
}

#[test]
fn possession_should_be_shown_by_the_key_for_this_owner_and_chain_alone() {
	let [genesis, owner] = [1, 2].map(H256::repeat_byte);
	let [pair, other] = [3, 4].map(|seed| ed25519::Pair::from_seed(&[seed; 32]));
	let key = pair.public();
	let signature = pair.sign(&possession_bytes(&genesis, &owner, &key));
	assert!(possesses(&genesis, &owner, &key, &signature));
	assert!(!possesses(&owner, &owner, &key, &signature));
	assert!(!possesses(&genesis, &genesis, &key, &signature));
	assert!(!possesses(&genesis, &owner, &other.public(), &signature));
	assert!(!possesses(&genesis, &owner, &key, &other.sign(&possession_bytes(&genesis, &owner, &key))));
}
