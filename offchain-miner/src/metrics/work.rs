//! Counters of work and money.

use std::{
	sync::atomic::{AtomicU64, Ordering},
	time::Duration,
};

use millrace_primitives::{Balance, FailCode, Usage, MILLISECS_PER_BLOCK};
use prometheus_client::{
	metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
	registry::Registry,
};

/// Labels of a family with two of them.
pub(super) type Pair = [(&'static str, String); 2];

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
	/// Answered and paid.
	Paid,
	/// Answered; the chain paid nothing for it.
	Unpaid,
	/// Answered; what the chain paid could not be read.
	Unknown,
	/// Given up with this code.
	Failed(FailCode),
	/// Taken away before there was an answer.
	Gone,
}

impl Ending {
	fn labels(self) -> Pair {
		let (outcome, code) = match self {
			Self::Paid => ("paid", "none".into()),
			Self::Unpaid => ("unpaid", "none".into()),
			Self::Unknown => ("unknown", "none".into()),
			Self::Failed(code) => ("failed", format!("{code:?}")),
			Self::Gone => ("gone", "none".into()),
		};
		[("outcome", outcome.into()), ("code", code)]
	}
}

/// Bounds of the histograms, in slots of the chain.
const BOUNDS: [f64; 12] = [0.25, 0.5, 0.75, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0];

/// One slot of the chain.
pub(super) const SLOT: Duration = Duration::from_millis(MILLISECS_PER_BLOCK);

/// Counters of work and money.
pub struct Work {
	jobs: Family<Pair, Counter>,
	input_tokens: Counter,
	output_tokens: Counter,
	earnings: Counter,
	inference: Counter<f64, AtomicU64>,
	resubmissions: Counter,
	speed: Gauge<f64, AtomicU64>,
	dead_time: Histogram,
	queue_wait: Histogram,
}

impl Work {
	pub(super) fn register(registry: &mut Registry) -> Self {
		let histogram = || Histogram::new(BOUNDS.map(|slots| slots * SLOT.as_secs_f64()));
		let work = Self {
			jobs: Family::default(),
			input_tokens: Counter::default(),
			output_tokens: Counter::default(),
			earnings: Counter::default(),
			inference: Counter::default(),
			resubmissions: Counter::default(),
			speed: Gauge::default(),
			dead_time: histogram(),
			queue_wait: histogram(),
		};
		// A series that appears with its first event hides that event from `rate`.
		let endings = [Ending::Paid, Ending::Unpaid, Ending::Unknown, Ending::Gone].into_iter();
		for ending in endings.chain(FailCode::ALL.into_iter().map(Ending::Failed)) {
			drop(work.jobs.get_or_create(&ending.labels()));
		}
		registry.register("jobs", "Attempts at jobs that are over, by outcome and failure code", work.jobs.clone());
		registry.register("input_tokens", "Tokens of prompts that were answered", work.input_tokens.clone());
		registry.register("output_tokens", "Tokens of answers", work.output_tokens.clone());
		registry.register(
			"earnings_plancks",
			"Fees that the chain paid, in plancks, once final; the text is exact, but Prometheus keeps floats: exact to 2^53",
			work.earnings.clone(),
		);
		registry.register("inference_seconds", "Time that engines took for answers", work.inference.clone());
		registry.register(
			"resubmissions",
			"Answers and failures that had to be sent again",
			work.resubmissions.clone(),
		);
		registry.register(
			"output_tokens_per_second",
			"Speed of the last answer, its prompt included",
			work.speed.clone(),
		);
		registry.register(
			"dead_time_seconds",
			"Time from an assignment to its proof in a block, without the inference and without waiting for a slot",
			work.dead_time.clone(),
		);
		registry.register("queue_wait_seconds", "Time that attempts waited for a slot", work.queue_wait.clone());
		work
	}

	/// An engine answered.
	pub fn answered(&self, usage: &Usage, took: Duration) {
		self.input_tokens.inc_by(usage.input_tokens.into());
		self.output_tokens.inc_by(usage.output_tokens.into());
		self.inference.inc_by(took.as_secs_f64());
		if !took.is_zero() {
			self.speed.set(f64::from(usage.output_tokens) / took.as_secs_f64());
		}
	}

	/// An attempt is over.
	pub fn ended(&self, ending: Ending) {
		self.jobs.get_or_create(&ending.labels()).inc();
	}

	/// The chain paid, in plancks. The counter stops at `u64::MAX`, some 18 million MILL.
	pub fn earned(&self, fee: Balance) {
		let room = u64::MAX - self.earnings.get();
		self.earnings.inc_by(u64::try_from(fee).unwrap_or(u64::MAX).min(room));
	}

	pub(super) fn resubmitted(&self) {
		self.resubmissions.inc();
	}

	pub(super) fn dead(&self, time: Duration) {
		self.dead_time.observe(time.as_secs_f64());
	}

	pub(super) fn waited(&self, time: Duration) {
		self.queue_wait.observe(time.as_secs_f64());
	}

	/// Tokens of answers so far.
	pub(super) fn output_tokens(&self) -> u64 {
		self.output_tokens.inner().load(Ordering::Relaxed)
	}
}
