//! How many requests a key may make in a minute.

use std::{
	collections::HashMap,
	sync::{Mutex, PoisonError},
	time::{Duration, Instant},
};

/// The seconds for which a limit counts.
const MINUTE: f64 = 60.0;

/// A bucket for each key: it holds a minute's requests, and fills evenly.
#[derive(Default)]
pub struct Rates(Mutex<HashMap<String, Bucket>>);

struct Bucket {
	requests: f64,
	at: Instant,
}

/// Where a key stands after a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
	/// Requests a minute.
	pub limit: u32,
	/// Requests that may follow at once.
	pub remaining: u32,
	/// Until all may.
	pub reset: Duration,
	/// How long to wait, if this one was too many.
	pub retry: Option<Duration>,
}

impl Rates {
	/// Counts a request of `key` at `now`, which may make `limit` a minute.
	pub fn count(&self, key: &str, limit: u32, now: Instant) -> Standing {
		let (most, per_second) = (f64::from(limit), f64::from(limit) / MINUTE);
		let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
		let bucket = buckets.entry(key.to_owned()).or_insert(Bucket { requests: most, at: now });
		let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
		bucket.requests = (bucket.requests + passed * per_second).min(most);
		bucket.at = now;
		let wait = |requests: f64| Duration::try_from_secs_f64(requests / per_second).unwrap_or(Duration::MAX);
		let retry = if bucket.requests < 1.0 {
			Some(wait(1.0 - bucket.requests))
		} else {
			bucket.requests -= 1.0;
			None
		};
		// Not negative and at most `limit`.
		Standing { limit, remaining: bucket.requests as u32, reset: wait(most - bucket.requests), retry }
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn requests_should_be_refused_when_the_minute_is_used_up_and_taken_when_it_fills() {
		let (rates, start) = (Rates::default(), Instant::now());
		for remaining in [2, 1, 0] {
			let standing = rates.count("a", 3, start);
			assert_eq!((standing.remaining, standing.retry), (remaining, None));
		}
		let refused = rates.count("a", 3, start);
		assert_eq!(refused.retry.map(|wait| wait.as_secs_f64().round()), Some(20.0));
		assert_eq!(refused.reset.as_secs_f64().round(), 60.0);
		assert_eq!(rates.count("b", 3, start).retry, None);
		let later = start + Duration::from_millis(20_001);
		assert_eq!(rates.count("a", 3, later).retry, None);
		assert!(rates.count("a", 3, later).retry.is_some());
	}

	#[test]
	fn bucket_should_hold_no_more_than_a_minute() {
		let (rates, start) = (Rates::default(), Instant::now());
		rates.count("a", 2, start);
		assert_eq!(rates.count("a", 2, start + Duration::from_secs(3_600)).remaining, 1);
	}
}
