//! What Prometheus reads at `GET /metrics`.
//!
//! Counters count from the start of the process. Every label has few values, known in advance: outcomes and failure
//! codes, the configured engines, this machine's GPUs. Jobs, accounts and texts are in none.

mod exposition;
mod sessions;
mod track;
mod vitals;
mod work;

#[cfg(test)]
mod tests;

use std::{
	sync::{Mutex, PoisonError},
	time::{Duration, Instant},
};

use prometheus_client::registry::Registry;

pub use exposition::Format;
pub use sessions::{Sessions, Streamed};
pub use track::Track;
pub use vitals::{EngineVital, Vigil, Vitals};
pub use work::{Ending, Work};

use crate::runner::{SharedStatus, Status};
use vitals::Gauges;

/// What every name begins with.
pub const PREFIX: &str = "millrace_miner";

/// All metrics of one miner.
pub struct Metrics {
	/// Locked while gauges are set and written, so that two readers don't mix.
	registry: Mutex<Registry>,
	work: Work,
	sessions: Sessions,
	gauges: Gauges,
	status: SharedStatus,
	began: Instant,
}

impl Metrics {
	/// For a miner of `slots` slots. Those that need a GPU's sensors exist only with `gpus`.
	pub fn new(status: SharedStatus, slots: usize, gpus: bool) -> Self {
		let mut registry = Registry::with_prefix(PREFIX);
		let work = Work::register(&mut registry);
		let sessions = Sessions::register(&mut registry);
		let gauges = Gauges::register(&mut registry, slots, gpus);
		Self { registry: Mutex::new(registry), work, sessions, gauges, status, began: Instant::now() }
	}

	/// What the work counts into.
	pub fn work(&self) -> &Work {
		&self.work
	}

	/// What streaming channels count into.
	pub fn sessions(&self) -> &Sessions {
		&self.sessions
	}

	/// The miner's state now.
	pub fn status(&self) -> Status {
		self.status.lock().map(|status| status.clone()).unwrap_or_default()
	}

	/// Time since the chain was read, and since its best block changed; since the start where that never happened.
	pub fn lags(&self, status: &Status) -> (Duration, Duration) {
		let since = |at: Option<Instant>| at.unwrap_or(self.began).elapsed();
		(since(status.read_at), since(status.best_at))
	}

	/// All values now.
	///
	/// # Errors
	///
	/// None but those of writing to a string.
	pub fn text(&self, format: Format) -> Result<String, std::fmt::Error> {
		let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
		let status = self.status();
		let (read, block) = self.lags(&status);
		self.gauges.set(&status, read, block, self.work.output_tokens());
		exposition::write(&registry, format)
	}
}
