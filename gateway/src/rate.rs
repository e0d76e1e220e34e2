//! How much a key may take in a minute: requests, or tokens.

use std::{
	collections::HashMap,
	fmt,
	sync::{
		atomic::{AtomicU32, Ordering},
		Arc, Mutex, PoisonError,
	},
	time::{Duration, Instant},
};

use millrace_primitives::Usage;

/// The seconds for which a limit counts.
const MINUTE: f64 = 60.0;

/// A bucket for each key: it holds a minute's worth, and fills evenly.
#[derive(Default)]
pub struct Rates(Mutex<HashMap<String, Bucket>>);

struct Bucket {
	left: f64,
	at: Instant,
}

/// Where a key stands after it has taken something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
	/// What it may take in a minute.
	pub limit: u32,
	/// What it may still take at once.
	pub remaining: u32,
	/// Until it may take all again.
	pub reset: Duration,
	/// How long to wait, if this was too much. Nothing was taken then.
	pub retry: Option<Duration>,
}

impl Rates {
	/// Takes `amount` for `key` at `now`, which may take `limit` a minute. An amount of 0 only looks.
	pub fn take(&self, key: &str, limit: u32, amount: u32, now: Instant) -> Standing {
		let (most, per_second) = (f64::from(limit), f64::from(limit) / MINUTE);
		let amount = f64::from(amount);
		let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
		let bucket = buckets.entry(key.to_owned()).or_insert(Bucket { left: most, at: now });
		let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
		bucket.left = (bucket.left + passed * per_second).min(most);
		bucket.at = now;
		let wait = |missing: f64| Duration::try_from_secs_f64(missing / per_second).unwrap_or(Duration::MAX);
		let retry = if bucket.left < amount {
			Some(wait(amount - bucket.left))
		} else {
			bucket.left -= amount;
			None
		};
		// Not negative and at most `limit`.
		Standing { limit, remaining: bucket.left as u32, reset: wait(most - bucket.left), retry }
	}

	fn give_back(&self, key: &str, limit: u32, amount: u32) {
		if let Some(bucket) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(key) {
			bucket.left = (bucket.left + f64::from(amount)).min(f64::from(limit));
		}
	}
}

/// The most tokens that an answer may take, taken of its key's minute. What it did not use goes back when the last copy
/// of this is dropped.
#[derive(Clone, Debug, Default)]
pub struct Allowance(Option<Arc<Taken>>);

struct Taken {
	rates: Arc<Rates>,
	key: String,
	limit: u32,
	most: u32,
	used: AtomicU32,
}

impl fmt::Debug for Taken {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.debug_struct("Taken").field("key", &self.key).field("most", &self.most).finish_non_exhaustive()
	}
}

impl Drop for Taken {
	fn drop(&mut self) {
		let unused = self.most.saturating_sub(self.used.load(Ordering::Relaxed));
		self.rates.give_back(&self.key, self.limit, unused);
	}
}

impl Allowance {
	/// Takes `most` tokens for `key`, which may take `limit` a minute.
	///
	/// # Errors
	///
	/// Where the key stands, when that is too much now.
	pub fn take(rates: &Arc<Rates>, key: &str, limit: u32, most: u32, now: Instant) -> Result<Self, Standing> {
		let standing = rates.take(key, limit, most, now);
		if standing.retry.is_some() {
			return Err(standing);
		}
		let (rates, key) = (rates.clone(), key.to_owned());
		Ok(Self(Some(Arc::new(Taken { rates, key, limit, most, used: AtomicU32::new(0) }))))
	}

	/// What the answer has used. The last word counts.
	pub fn used(&self, usage: &Usage) {
		if let Some(taken) = &self.0 {
			taken.used.store(usage.input_tokens.saturating_add(usage.output_tokens), Ordering::Relaxed);
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn requests_should_be_refused_when_the_minute_is_used_up_and_taken_when_it_fills() {
		let (rates, start) = (Rates::default(), Instant::now());
		for remaining in [2, 1, 0] {
			let standing = rates.take("a", 3, 1, start);
			assert_eq!((standing.remaining, standing.retry), (remaining, None));
		}
		let refused = rates.take("a", 3, 1, start);
		assert_eq!(refused.retry.map(|wait| wait.as_secs_f64().round()), Some(20.0));
		assert_eq!(refused.reset.as_secs_f64().round(), 60.0);
		assert_eq!(rates.take("b", 3, 1, start).retry, None);
		let later = start + Duration::from_millis(20_001);
		assert_eq!(rates.take("a", 3, 1, later).retry, None);
		assert!(rates.take("a", 3, 1, later).retry.is_some());
	}

	#[test]
	fn bucket_should_hold_no_more_than_a_minute() {
		let (rates, start) = (Rates::default(), Instant::now());
		rates.take("a", 2, 1, start);
		assert_eq!(rates.take("a", 2, 1, start + Duration::from_secs(3_600)).remaining, 1);
	}

	#[test]
	fn allowance_should_give_back_what_was_not_used_when_its_last_copy_is_gone() {
		let (rates, now) = (Arc::new(Rates::default()), Instant::now());
		let left = || rates.take("a", 100, 0, now).remaining;
		let allowance = Allowance::take(&rates, "a", 100, 60, now).unwrap();
		assert_eq!(left(), 40);
		let refused = Allowance::take(&rates, "a", 100, 60, now).unwrap_err();
		assert_eq!((refused.remaining, refused.retry.map(|wait| wait.as_secs_f64().round())), (40, Some(12.0)));
		let copy = allowance.clone();
		copy.used(&Usage { input_tokens: 5, output_tokens: 6, gpu_ms: 7 });
		drop(copy);
		assert_eq!(left(), 40);
		drop(allowance);
		assert_eq!(left(), 89);
		drop(Allowance::take(&rates, "a", 100, 89, now).unwrap());
		assert_eq!(left(), 89, "what failed takes nothing");
	}
}
