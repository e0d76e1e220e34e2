//! Picks the next token, the same way on every machine.

use codec::Encode;
use millrace_primitives::{
	job::payload_hash,
	transcript::{logprob_from_nats, TOP_ALTERNATIVES},
	Alternative, Sampling,
};

/// Separates the sampler's draws from other hashes.
const DOMAIN: &[u8; 18] = b"millrace:sample:v1";

/// A picked token and the record of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pick {
	/// The token.
	pub token: u32,
	/// Its raw log-probability.
	pub logprob: i32,
	/// The most likely tokens, most likely first, the lower number first among equals.
	pub top: Vec<Alternative>,
}

/// Picks token number `index` of an answer from the model's raw logits.
///
/// At temperature 0 that is the argmax, the lowest number among equals. Else `top_k`, then `top_p` over the raw
/// probabilities of what is left, then the temperature; the draw is the first 53 bits of
/// blake2-256(SCALE("millrace:sample:v1", seed, index)). `allowed` are the logits to pick by, minus infinity for tokens that
/// may not be picked; what is told of the token is by the raw ones. `None` when a logit is no number, or nothing is allowed.
pub fn pick(logits: &[f32], allowed: &[f32], sampling: &Sampling, seed: u64, index: u32) -> Option<Pick> {
	if logits.is_empty() || logits.iter().any(|logit| logit.is_nan()) || allowed.len() != logits.len() {
		return None;
	}
	let most = |logits: &[f32]| logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
	let (highest, highest_allowed) = (most(logits), most(allowed));
	if !highest.is_finite() || !highest_allowed.is_finite() {
		return None;
	}
	let raw = |logit: f32| f64::from(logit) - f64::from(highest);
	let log_sum = logits.iter().map(|logit| raw(*logit).exp()).sum::<f64>().ln();
	let logprob = |token: u32| logprob_from_nats(raw(logits[token as usize]) - log_sum);

	let top = most_likely(logits, TOP_ALTERNATIVES);
	let token = match sampling.temperature_milli {
		0 => most_likely(allowed, 1)[0],
		temperature => {
			let candidates = candidates(allowed, sampling, highest_allowed);
			draw(allowed, &candidates, highest_allowed, f64::from(temperature) / 1e3, uniform(seed, index))
		}
	};
	let top = top.into_iter().map(|token| Alternative { token, logprob: logprob(token) }).collect();
	Some(Pick { token, logprob: logprob(token), top })
}

/// The `count` most likely tokens in order.
fn most_likely(logits: &[f32], count: usize) -> Vec<u32> {
	let order = |a: &u32, b: &u32| logits[*b as usize].total_cmp(&logits[*a as usize]).then(a.cmp(b));
	let mut tokens: Vec<u32> = (0u32..).take(logits.len()).collect();
	let count = count.min(tokens.len());
	if count < tokens.len() && count > 0 {
		tokens.select_nth_unstable_by(count - 1, order);
		tokens.truncate(count);
	}
	tokens.sort_unstable_by(order);
	tokens
}

/// What `top_k` and `top_p` leave, in order; never nothing.
fn candidates(logits: &[f32], sampling: &Sampling, highest: f32) -> Vec<u32> {
	let count = match sampling.top_k {
		0 => logits.len(),
		k => usize::from(k),
	};
	let mut tokens = most_likely(logits, count);
	if sampling.top_p_milli < 1_000 {
		let weight = |token: &u32| (f64::from(logits[*token as usize]) - f64::from(highest)).exp();
		let enough = tokens.iter().map(weight).sum::<f64>() * f64::from(sampling.top_p_milli) / 1e3;
		let mut sum = 0.0;
		let before = tokens.iter().take_while(|token| {
			sum += weight(token);
			sum < enough
		});
		let kept = before.count().saturating_add(1);
		tokens.truncate(kept);
	}
	tokens
}

fn draw(logits: &[f32], tokens: &[u32], highest: f32, temperature: f64, uniform: f64) -> u32 {
	let weight = |token: &u32| ((f64::from(logits[*token as usize]) - f64::from(highest)) / temperature).exp();
	let mut rest = uniform * tokens.iter().map(weight).sum::<f64>();
	for token in tokens {
		rest -= weight(token);
		if rest < 0.0 {
			return *token;
		}
	}
	// Rounding can leave a rest above the last weight; the most likely one is then as good as any.
	tokens[0]
}

/// A number in [0, 1).
fn uniform(seed: u64, index: u32) -> f64 {
	let hash = payload_hash(&(DOMAIN, seed, index).encode());
	let mut first = [0; 8];
	first.copy_from_slice(&hash[..8]);
	// 53 bits are what a double holds exactly.
	(u64::from_le_bytes(first) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
	use super::*;

	fn pick(logits: &[f32], sampling: &Sampling, seed: u64, index: u32) -> Option<Pick> {
		super::pick(logits, logits, sampling, seed, index)
	}

	#[test]
	fn pick_should_be_of_what_is_allowed_and_told_by_the_raw_logits() {
		let (logits, none) = ([0.0, 1.0, 0.5], f32::NEG_INFINITY);
		for sampling in [Sampling::greedy(1), warm(2_000, 0, 1_000), warm(1_000, 1, 500)] {
			let picked = super::pick(&logits, &[0.0, none, none], &sampling, 7, 0).unwrap();
			assert_eq!((picked.token, picked.top[0].token), (0, 1));
			assert_eq!(picked.logprob, pick(&logits, &sampling, 7, 0).unwrap().top[2].logprob);
		}
		assert!(super::pick(&logits, &[none; 3], &Sampling::greedy(1), 7, 0).is_none());
	}

	fn warm(temperature_milli: u16, top_k: u16, top_p_milli: u16) -> Sampling {
		Sampling { max_tokens: 1, temperature_milli, top_k, top_p_milli }
	}

	fn drawn(logits: &[f32], params: &Sampling) -> Vec<usize> {
		let mut counts = vec![0; logits.len()];
		for index in 0..10_000 {
			counts[pick(logits, params, 7, index).unwrap().token as usize] += 1;
		}
		counts
	}

	#[test]
	fn pick_should_take_the_lowest_number_when_the_highest_logits_are_equal() {
		let pick = pick(&[0.0, 2.0, 1.0, 2.0], &Sampling::greedy(1), 0, 0).unwrap();
		assert_eq!(pick.token, 1);
		assert_eq!(pick.top.iter().map(|top| top.token).collect::<Vec<_>>(), vec![1, 3, 2, 0]);
	}

	#[test]
	fn logprobs_should_be_those_of_the_softmax_when_the_temperature_is_high() {
		let pick = pick(&[0.0, 1.0], &warm(2_000, 0, 1_000), 1, 0).unwrap();
		assert_eq!(pick.top[0], Alternative { token: 1, logprob: -313_262 });
		assert_eq!(pick.top[1], Alternative { token: 0, logprob: -1_313_262 });
	}

	#[test]
	fn draws_should_follow_the_probabilities_when_the_temperature_is_one() {
		let logits = [0.5f32.ln(), 0.3f32.ln(), 0.2f32.ln()];
		let counts = drawn(&logits, &warm(1_000, 0, 1_000));
		for (count, expected) in counts.iter().zip([5_000, 3_000, 2_000usize]) {
			assert!(count.abs_diff(expected) < 200, "{counts:?}");
		}
	}

	#[test]
	fn draws_should_stay_within_top_k_and_top_p_when_these_are_set() {
		let logits = [0.5f32.ln(), 0.3f32.ln(), 0.15f32.ln(), 0.05f32.ln()];
		assert_eq!(drawn(&logits, &warm(1_000, 2, 1_000))[2..], [0, 0]);
		assert_eq!(drawn(&logits, &warm(1_000, 0, 700))[2..], [0, 0]);
		assert_eq!(drawn(&logits, &warm(2_000, 0, 1))[1..], [0, 0, 0]);
		assert!(drawn(&logits, &warm(1_000, 0, 900))[2] > 0);
	}

	#[test]
	fn draw_should_be_the_same_when_seed_and_index_are() {
		let logits: Vec<f32> = (0..100).map(|i| (i as f32).sin()).collect();
		let params = warm(800, 40, 950);
		assert_eq!(pick(&logits, &params, 5, 3), pick(&logits, &params, 5, 3));
		let first: Vec<_> = (0..20).map(|i| pick(&logits, &params, 5, i).unwrap().token).collect();
		let other: Vec<_> = (0..20).map(|i| pick(&logits, &params, 6, i).unwrap().token).collect();
		assert_ne!(first, other);
	}

	#[test]
	fn pick_should_be_none_when_the_logits_are_no_numbers() {
		assert!(pick(&[f32::NAN, 1.0], &Sampling::greedy(1), 0, 0).is_none());
		assert!(pick(&[f32::NEG_INFINITY], &Sampling::greedy(1), 0, 0).is_none());
		assert!(pick(&[], &Sampling::greedy(1), 0, 0).is_none());
	}
}
