//! Waiting between tries.

use std::time::Duration;

use rand::Rng;

/// Shortest and longest pause.
const BOUNDS: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// Pauses that double up to a bound, each cut by a random part, so that many miners do not return at once.
#[derive(Default)]
pub struct Pause {
	tries: u32,
}

impl Pause {
	/// Sleeps.
	pub async fn wait(&mut self) {
		tokio::time::sleep(self.next_span()).await;
	}

	/// Begins with the shortest again.
	pub fn reset(&mut self) {
		self.tries = 0;
	}

	/// How long the next one is, for who sleeps by itself.
	pub fn next_span(&mut self) -> Duration {
		let (shortest, longest) = BOUNDS;
		let full = shortest.saturating_mul(1 << self.tries.min(10)).min(longest);
		self.tries = self.tries.saturating_add(1);
		full.mul_f64(rand::thread_rng().gen_range(0.5..1.0))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn pauses_should_grow_to_the_bound_when_tries_fail() {
		let mut pause = Pause::default();
		assert!(pause.next_span() <= BOUNDS.0);
		for _ in 0..50 {
			assert!(pause.next_span() <= BOUNDS.1);
		}
		assert!(pause.next_span() >= BOUNDS.1 / 2);
		pause.reset();
		assert!(pause.next_span() <= BOUNDS.0);
	}
}
