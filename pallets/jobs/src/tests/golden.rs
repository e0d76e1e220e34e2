//! The chain is held to the bytes that every other part is held to.

#[path = "../../../../primitives/tests/vectors/mod.rs"]
mod vectors;

use super::*;
use frame::deps::sp_core::Pair;
use millrace_primitives::{traits::Receipts as _, Proof};

#[test]
fn complete_should_accept_the_signature_over_the_golden_bytes() {
	for ((payload, hash), output) in vectors::proofs().into_iter().zip(["42", "17 + 25 = 42."]) {
		run(|| {
			frame_system::BlockHash::<Test>::insert(0, payload.genesis);
			crate::NextJobId::<Test>::put(payload.job);
			let names = ["miner1", "miner2"];
			let job = submit_as("alice");
			// Each attempt has a miner of its own; all but the last give up.
			for (attempt, name) in (1..=payload.attempt).zip(names) {
				miner(name, 1);
				next_blocks(2);
				assert_eq!(assignment(job).attempt, attempt);
				if attempt < payload.attempt {
					assert_ok!(Jobs::fail(signed(operator_account(name)), job, attempt, FailCode::EngineError));
				}
			}
			let last = names[usize::from(payload.attempt) - 1];
			let send = |signature| {
				let proof = Proof { transcript_root: payload.transcript_root, usage: payload.usage, signature };
				let operator = signed(operator_account(last));
				Jobs::complete(operator, job, payload.attempt, output.into(), proof)
			};
			assert_noop!(send(operator(last).sign(&[0; 32])), Error::<Test>::BadSignature);
			assert_ok!(send(operator(last).sign(hash.as_bytes())));
			assert_eq!(pallet_receipts::Receipts::<Test>::get(job).unwrap().output_hash, payload.output_hash);
		});
	}
}

#[test]
fn submit_should_have_the_golden_hash_of_its_parameters() {
	for (params, hash) in vectors::params() {
		run(|| {
			let job = crate::NextJobId::<Test>::get();
			let client = || signed(account("alice"));
			let model = model_of(kind_for(&params.workload));
			assert_ok!(Jobs::submit(client(), model, b"hi".to_vec(), params, MAX_FEE, None));
			assert_ok!(Jobs::cancel(client(), job));
			assert_eq!(pallet_receipts::Receipts::<Test>::get(job).unwrap().params_hash, hash);
		});
	}
}

#[test]
fn header_should_commit_to_the_golden_leaf_when_the_receipt_is_recorded() {
	for (receipt, genesis, leaf) in vectors::receipts() {
		run(|| {
			frame_system::BlockHash::<Test>::insert(0, genesis);
			Receipts::record(receipt);
			Receipts::on_finalize(System::block_number());
			let root = (BlakeTwo256::hash(&leaf), 1u32);
			let item = frame::deps::sp_runtime::DigestItem::Consensus(*b"MILL", root.encode());
			assert!(System::digest().logs().contains(&item));
			// Of a job that this chain never had.
			pallet_receipts::Receipts::<Test>::remove(9);
			let _ = pallet_receipts::Order::<Test>::clear(u32::MAX, None);
			let _ = pallet_receipts::ReceiptsOf::<Test>::clear(u32::MAX, None);
		});
	}
}
