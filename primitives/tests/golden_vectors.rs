//! Recomputes `vectors/vectors.json`, which `vectors/reference.py` makes without this crate.

mod vectors;

use millrace_primitives::{
	job::{sampling_seed, work_hash},
	transcript, H256,
};

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
