//! The seeds of the fuzz targets that need nothing but this crate, made from the golden vectors.

#![allow(clippy::unwrap_used)]

#[path = "../../fuzz/properties/proof.rs"]
mod proof;
#[path = "../../fuzz/properties/scale.rs"]
mod scale;
#[path = "../../fuzz/properties/seeds.rs"]
mod seeds;
#[path = "../../fuzz/properties/transcript.rs"]
mod transcript;
mod vectors;

use codec::Encode;
use millrace_primitives::{ModelKind, ModelSummary, Proof, H256};
use sp_core::sr25519::Signature;

#[test]
fn proof_should_hold_when_it_is_a_seed() {
	// One for each workload.
	let works = vectors::works()
		.into_iter()
		.zip(vectors::proofs().into_iter().cycle())
		.zip(vectors::fees().into_iter().cycle());
	let made: Vec<_> = works
		.map(|(((model, params, input_hash, seed, _), (payload, _)), (rate, usage, fee))| proof::Case {
			answer: (
				payload.job,
				payload.attempt,
				b"42".to_vec(),
				Proof { transcript_root: payload.transcript_root, usage, signature: Signature::from_raw([7; 64]) },
			),
			operator: [2; 32].into(),
			genesis: payload.genesis,
			model: (
				model,
				ModelSummary { kind: ModelKind::Text, digest: H256::zero(), context_length: 512, template_tokens: 19 },
			),
			params,
			input_hash,
			input_len: 19,
			seed,
			elapsed: 3,
			rate,
			max_fee: fee,
		})
		.collect();
	let names: Vec<_> = (0..made.len()).map(|number| format!("answer-{number}")).collect();
	let made: Vec<_> = names.iter().map(String::as_str).zip(made.iter().map(Encode::encode)).collect();
	seeds::hold("proof", &made, proof::check);
}

#[test]
fn transcript_should_hold_when_it_is_a_seed() {
	let made: Vec<_> = vectors::transcripts()
		.into_iter()
		.map(|(entries, root)| {
			let leaves = entries.len() as u32;
			transcript::Case {
				entries,
				path: vec![root],
				leaves,
				place: 0,
				nats: (0.5f64.to_bits(), (-1f64).to_bits()),
			}
		})
		.map(|case| (format!("entries-{}", case.leaves), case.encode()))
		.collect();
	let made: Vec<_> = made.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
	seeds::hold("transcript", &made, transcript::check);
}
