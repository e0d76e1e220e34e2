//! Values for tests.

use millrace_primitives::{job::payload_hash, JobParams, Proof, TranscriptEntry, Usage, H256};

use super::{Answer, Assignment, Generated, ProofSigner, Ticket};

/// Signs with the message itself, twice.
pub(crate) struct TestSigner;

impl ProofSigner for TestSigner {
	fn sign(&self, message: &[u8; 32]) -> [u8; 64] {
		let mut signature = [0; 64];
		signature[..32].copy_from_slice(message);
		signature[32..].copy_from_slice(message);
		signature
	}
}

/// The first attempt of `job`, assigned in block 10, due by block 70.
pub(crate) fn assignment(job: u64) -> Assignment {
	Assignment {
		ticket: Ticket { job, attempt: 1 },
		model: 0,
		params: JobParams::greedy(8),
		input_hash: payload_hash(&job.to_le_bytes()),
		input_len: 8,
		seed: 3,
		assigned_at: 10,
		deadline: 70,
	}
}

/// An answer that says `text`.
pub(crate) fn generated(text: &str) -> Generated {
	Generated {
		output: text.as_bytes().to_vec(),
		transcript: vec![TranscriptEntry { token: 1, bytes: text.into(), logprob: -5, top: Vec::new() }],
		usage: Usage { input_tokens: 5, output_tokens: 1, gpu_ms: 20 },
		template_tokens: 4,
		took: std::time::Duration::from_millis(20),
	}
}

/// A signed answer.
pub(crate) fn answer(job: u64) -> Answer {
	let Generated { output, transcript, usage, .. } = generated(&format!("answer {job}"));
	let proof = Proof { transcript_root: H256::zero(), usage, signature: [9; 64].into() };
	Answer { output, transcript, proof }
}
