//! The rules of fees, bounds and signatures.

#![allow(clippy::unwrap_used)]

use millrace_primitives::{
	transcript::logprob_from_nats, JobParams, ModelKind, ModelSummary, ProofPayload, Rate, Usage, UsageBounds, H256,
};
use proptest::prelude::*;
use sp_core::{sr25519, Pair};

const MODEL: ModelSummary =
	ModelSummary { kind: ModelKind::Text, digest: H256::zero(), context_length: 512, template_tokens: 8 };

fn payload() -> ProofPayload {
	ProofPayload {
		genesis: H256::repeat_byte(1),
		job: 2,
		attempt: 1,
		work: H256::repeat_byte(8),
		output_hash: H256::repeat_byte(3),
		transcript_root: H256::repeat_byte(4),
		usage: Usage { input_tokens: 5, output_tokens: 6, gpu_ms: 7 },
	}
}

#[test]
fn signature_should_count_only_for_its_signer_and_every_field() {
	let signer = sr25519::Pair::from_string("//Alice", None).unwrap();
	let other = sr25519::Pair::from_string("//Bob", None).unwrap();
	let signature = signer.sign(&payload().signing_hash());
	assert!(payload().verify(&signature, &signer.public().into()));
	assert!(!payload().verify(&signature, &other.public().into()));
	let usage = payload().usage;
	for changed in [
		ProofPayload { genesis: H256::zero(), ..payload() },
		ProofPayload { job: 3, ..payload() },
		ProofPayload { attempt: 2, ..payload() },
		ProofPayload { work: H256::zero(), ..payload() },
		ProofPayload { output_hash: H256::zero(), ..payload() },
		ProofPayload { transcript_root: H256::zero(), ..payload() },
		ProofPayload { usage: Usage { input_tokens: 0, ..usage }, ..payload() },
		ProofPayload { usage: Usage { output_tokens: 0, ..usage }, ..payload() },
		ProofPayload { usage: Usage { gpu_ms: 0, ..usage }, ..payload() },
	] {
		assert!(!changed.verify(&signature, &signer.public().into()), "{changed:?}");
	}
}

#[test]
fn bounds_should_come_from_bytes_tokens_and_blocks() {
	let bounds = UsageBounds::new(MODEL.template_tokens, &JobParams::greedy(64), 19, 3);
	let wanted =
		UsageBounds { input_tokens: 27, output_tokens: 64, gpu_ms: 3_000, reference_ms: 2_000, output_bytes: 16_384 };
	assert_eq!(bounds, wanted);
	let most = UsageBounds::new(MODEL.template_tokens, &JobParams::greedy(u32::MAX), u32::MAX, u32::MAX);
	assert_eq!((most.input_tokens, most.gpu_ms, most.output_bytes), (u32::MAX, u32::MAX, 65_536));
}

#[test]
fn fee_should_be_refused_when_it_does_not_fit() {
	let usage = Usage { input_tokens: 2, output_tokens: 2, gpu_ms: 2 };
	assert_eq!(Rate::PerToken { input: u128::MAX, output: 0 }.fee(&usage), None);
	assert_eq!(Rate::PerToken { input: u128::MAX / 2, output: u128::MAX / 2 }.fee(&usage), None);
	assert_eq!(Rate::PerGpuSecond(u128::MAX).fee(&usage), None);
	assert_eq!(Rate::PerGpuSecond(u128::MAX).capped_fee(&usage, 5), 5);
}

#[test]
fn fee_should_not_be_cut_off_when_it_passes_64_bits() {
	let usage = Usage { input_tokens: u32::MAX, output_tokens: u32::MAX, gpu_ms: u32::MAX };
	let price = u128::from(u64::MAX);
	let tokens = u128::from(u32::MAX);
	assert_eq!(Rate::PerToken { input: price, output: price }.fee(&usage), Some(2 * price * tokens));
	assert_eq!(Rate::PerGpuSecond(price).fee(&usage), Some(price * tokens / 1_000));
	assert_eq!(Rate::PerGpuSecond(price).capped_fee(&usage, 7), 7);
}

#[test]
fn fee_should_be_zero_when_price_or_usage_is() {
	for rate in [Rate::PerToken { input: u128::MAX, output: u128::MAX }, Rate::PerGpuSecond(u128::MAX)] {
		assert_eq!(rate.fee(&Usage::default()), Some(0));
	}
	let usage = Usage { input_tokens: u32::MAX, output_tokens: u32::MAX, gpu_ms: u32::MAX };
	for rate in [Rate::PerToken { input: 0, output: 0 }, Rate::PerGpuSecond(0)] {
		assert_eq!(rate.fee(&usage), Some(0));
	}
}

#[test]
fn rates_of_different_units_should_never_be_within_each_other() {
	let token = Rate::PerToken { input: 0, output: 0 };
	assert!(!token.within(&Rate::PerGpuSecond(u128::MAX)));
	assert!(!Rate::PerGpuSecond(0).within(&token));
}

#[test]
fn logprobs_should_be_held_within_their_type() {
	assert_eq!(logprob_from_nats(-0.5), -500_000);
	assert_eq!(logprob_from_nats(-0.000_000_4), 0);
	assert_eq!(logprob_from_nats(1e-9), 0);
	assert_eq!(logprob_from_nats(f64::NEG_INFINITY), i32::MIN);
	assert_eq!(logprob_from_nats(f64::NAN), i32::MIN);
}

proptest! {
	#[test]
	fn fee_should_never_exceed_the_maximum_or_shrink_with_usage(
		rate in any::<u128>(), input in any::<u32>(), output in any::<u32>(), more in any::<u32>(), max in any::<u128>()
	) {
		let usage = Usage { input_tokens: input, output_tokens: output, gpu_ms: input };
		let larger = Usage { output_tokens: output.saturating_add(more), gpu_ms: input.saturating_add(more), ..usage };
		for rate in [Rate::PerToken { input: rate / 3, output: rate }, Rate::PerGpuSecond(rate)] {
			prop_assert!(rate.capped_fee(&usage, max) <= max);
			prop_assert!(rate.capped_fee(&usage, max) <= rate.capped_fee(&larger, max));
		}
	}

	#[test]
	fn residue_should_stay_with_the_client_when_time_is_charged(rate in any::<u64>(), gpu_ms in any::<u32>()) {
		let exact = u128::from(rate) * u128::from(gpu_ms);
		let fee = Rate::PerGpuSecond(rate.into()).fee(&Usage { gpu_ms, ..Usage::default() }).unwrap();
		prop_assert!(fee * 1_000 <= exact && exact < (fee + 1) * 1_000);
	}
}
