//! A miner's answer: the arguments of `complete` and `fail`, and what the chain computes from them.

use codec::{Decode, Encode};
use millrace_primitives::{
	job::{payload_hash, work_hash, MAX_OUTPUT_BYTES},
	AccountId32, Attempt, Balance, BlockNumber, FailCode, JobId, JobParams, ModelId, ModelSummary, Proof, ProofPayload,
	Rate, Receipt, Usage, UsageBounds, H256,
};

use super::scale;

/// The arguments of `complete`.
type Complete = (JobId, Attempt, Vec<u8>, Proof);
/// The arguments of `fail`.
type Fail = (JobId, Attempt, FailCode);

/// An answer, and the job that it is for.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Case {
	/// What the miner sends.
	pub answer: Complete,
	/// Who sends it.
	pub operator: AccountId32,
	/// Hash of block 0.
	pub genesis: H256,
	/// What runs.
	pub model: (ModelId, ModelSummary),
	/// How it runs.
	pub params: JobParams,
	/// blake2-256 of the input.
	pub input_hash: H256,
	/// Bytes of the input.
	pub input_len: u32,
	/// Seeds the sampler.
	pub seed: u64,
	/// Blocks since the assignment.
	pub elapsed: BlockNumber,
	/// What the miner asks.
	pub rate: Rate,
	/// Plancks that the client pays at the most.
	pub max_fee: Balance,
}

/// Whether `data` was a [`Case`].
pub fn check(data: &[u8]) -> bool {
	scale::read::<Complete>(data);
	scale::read::<ProofPayload>(data);
	scale::read::<Receipt<AccountId32>>(data);
	if let Some((_, _, code)) = scale::read::<Fail>(data) {
		assert_eq!(FailCode::ALL[usize::from(code.encode()[0])], code);
	}
	let Some(case) = scale::read::<Case>(data) else { return false };
	let usage = case.answer.3.usage;
	usage_is_bounded(&case, &usage);
	fee_is_bounded(&case, &usage);
	payload_is_unique(&case, usage);
	true
}

fn usage_is_bounded(case: &Case, usage: &Usage) {
	let bounds = |elapsed| UsageBounds::new(case.model.1.template_tokens, &case.params, case.input_len, elapsed);
	let now = bounds(case.elapsed);
	assert!(now.output_bytes <= MAX_OUTPUT_BYTES);
	assert!(case.rate.estimate(&now) >= 1);
	if now.allow(usage) {
		match case.params.workload.sampling() {
			// No job has a limit of no tokens: it is refused when it is submitted.
			Some(sampling) if sampling.max_tokens == 0 => assert_eq!(usage.output_tokens, 0),
			Some(sampling) => assert!((1..=sampling.max_tokens).contains(&usage.output_tokens)),
			None => assert_eq!(usage.output_tokens, 0),
		}
		assert!(bounds(case.elapsed.saturating_add(1)).allow(usage), "waiting took something away");
		let most = Usage { input_tokens: now.input_tokens, output_tokens: now.output_tokens, gpu_ms: now.gpu_ms };
		let fee = |usage| case.rate.capped_fee(usage, case.max_fee);
		assert!(fee(usage) <= fee(&most), "less cost more");
	}
}

fn fee_is_bounded(case: &Case, usage: &Usage) {
	let Case { rate, max_fee, .. } = case;
	let exact = exact_fee(rate, usage);
	assert_eq!(rate.fee(usage), exact);
	let fee = rate.capped_fee(usage, *max_fee);
	assert!(fee <= *max_fee);
	assert_eq!(fee, exact.map_or(*max_fee, |exact| exact.min(*max_fee)));
	assert!(rate.within(rate));
	if let Some(limit) = case.params.max_rate.filter(|limit| rate.within(limit)) {
		assert!(fee <= limit.capped_fee(usage, *max_fee), "a rate within the limit cost more than the limit");
	}
}

/// The fee in 192 bits; `None` when the products do not fit 128.
fn exact_fee(rate: &Rate, usage: &Usage) -> Option<Balance> {
	// Two digits in base 2^64.
	let product = |a: Balance, b: u32| {
		let low = (a & u128::from(u64::MAX)) * u128::from(b);
		((a >> 64) * u128::from(b) + (low >> 64), low & u128::from(u64::MAX))
	};
	let narrow = |(high, low): (u128, u128)| (high >> 64 == 0).then_some(high << 64 | low);
	match *rate {
		Rate::PerToken { input, output } => {
			let (a, b) = (product(input, usage.input_tokens), product(output, usage.output_tokens));
			let low = a.1 + b.1;
			narrow((a.0 + b.0 + (low >> 64), low & u128::from(u64::MAX)))
		}
		Rate::PerGpuSecond(rate) => Some(narrow(product(rate, usage.gpu_ms))? / 1_000),
	}
}

fn payload_is_unique(case: &Case, usage: Usage) {
	let (job, attempt, output, proof) = &case.answer;
	let work = |seed| work_hash(case.model.0, &case.params, &case.input_hash, seed);
	assert_eq!(work(case.seed) == work(!case.seed), !case.params.workload.draws());
	let payload = ProofPayload {
		genesis: case.genesis,
		job: *job,
		attempt: *attempt,
		work: work(case.seed),
		output_hash: payload_hash(output),
		transcript_root: proof.transcript_root,
		usage,
	};
	assert_eq!(scale::read(&payload.encode()), Some(payload.clone()));
	let hash = payload.signing_hash();
	assert_eq!(hash, payload.signing_hash());
	for other in [
		ProofPayload { genesis: case.genesis ^ H256::repeat_byte(1), ..payload.clone() },
		ProofPayload { job: !job, ..payload.clone() },
		ProofPayload { attempt: !attempt, ..payload.clone() },
		ProofPayload { work: work(case.seed) ^ H256::repeat_byte(1), ..payload.clone() },
		ProofPayload { usage: Usage { gpu_ms: !usage.gpu_ms, ..usage }, ..payload.clone() },
	] {
		assert_ne!(hash, other.signing_hash(), "one signature for two proofs");
	}
	payload.verify(&proof.signature, &case.operator);
}
