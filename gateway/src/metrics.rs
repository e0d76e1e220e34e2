//! What Prometheus reads at `GET /metrics`. Labels have few values, known in advance; keys, models and texts are in none.

use std::{fmt, sync::Mutex, time::Duration};

use prometheus_client::{
	encoding::{text, EncodeLabelSet},
	metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
	registry::Registry,
};

use crate::answer::End;

/// What every name begins with.
const PREFIX: &str = "millrace_gateway";

/// Bounds of the buckets of answers' times in seconds.
const SECONDS: [f64; 10] = [0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 180.0];

/// How a request was answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Request {
	/// The route.
	pub route: &'static str,
	/// HTTP's status.
	pub status: u16,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Outcome {
	/// As the store has it.
	pub outcome: String,
}

/// All metrics of one gateway, since it started.
pub struct Metrics {
	registry: Mutex<Registry>,
	requests: Family<Request, Counter>,
	jobs: Family<Outcome, Counter>,
	/// Jobs whose end is not known yet.
	pub under_way: Gauge,
	/// Open connections.
	pub connections: Gauge,
	seconds: Histogram,
	input_tokens: Counter,
	output_tokens: Counter,
	paid: Counter<f64, std::sync::atomic::AtomicU64>,
}

impl Default for Metrics {
	fn default() -> Self {
		let mut registry = Registry::with_prefix(PREFIX);
		let metrics = Self {
			requests: Family::default(),
			jobs: Family::default(),
			under_way: Gauge::default(),
			connections: Gauge::default(),
			seconds: Histogram::new(SECONDS),
			input_tokens: Counter::default(),
			output_tokens: Counter::default(),
			paid: Counter::default(),
			registry: Mutex::new(Registry::default()),
		};
		registry.register("requests", "Requests by route and status", metrics.requests.clone());
		registry.register("jobs", "Jobs by how they ended", metrics.jobs.clone());
		registry.register("jobs_under_way", "Jobs whose end is not known yet", metrics.under_way.clone());
		registry.register("connections", "Open connections", metrics.connections.clone());
		registry.register("answer_seconds", "From the request to the paid answer", metrics.seconds.clone());
		registry.register("input_tokens", "Tokens of prompts answered", metrics.input_tokens.clone());
		registry.register("output_tokens", "Tokens of answers", metrics.output_tokens.clone());
		registry.register("paid_mill", "MILL paid for answers", metrics.paid.clone());
		Self { registry: Mutex::new(registry), ..metrics }
	}
}

impl Metrics {
	/// A request was answered, or its answer begun.
	pub fn request(&self, route: &'static str, status: u16) {
		self.requests.get_or_create(&Request { route, status }).inc();
	}

	/// A job was answered.
	pub fn answered(&self, end: &End, after: Duration) {
		self.seconds.observe(after.as_secs_f64());
		self.input_tokens.inc_by(end.usage.input_tokens.into());
		self.output_tokens.inc_by(end.usage.output_tokens.into());
		// A gauge of money for people; what is owed is counted in whole plancks elsewhere.
		self.paid.inc_by(end.fee as f64 / millrace_primitives::MILL as f64);
	}

	/// A job ended.
	pub fn ended(&self, outcome: &str) {
		self.jobs.get_or_create(&Outcome { outcome: outcome.into() }).inc();
	}

	/// All values now, as OpenMetrics.
	///
	/// # Errors
	///
	/// None but those of writing to a string.
	pub fn text(&self) -> Result<String, fmt::Error> {
		let mut out = String::new();
		text::encode(&mut out, &self.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner))?;
		Ok(out)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::answer::fake::end;

	#[test]
	fn text_should_have_what_was_counted() {
		let metrics = Metrics::default();
		metrics.request("/v1/models", 200);
		metrics.ended("settled");
		metrics.answered(&end(), Duration::from_secs(2));
		let text = metrics.text().unwrap();
		for line in [
			r#"millrace_gateway_requests_total{route="/v1/models",status="200"} 1"#,
			r#"millrace_gateway_jobs_total{outcome="settled"} 1"#,
			"millrace_gateway_output_tokens_total 2",
			"millrace_gateway_answer_seconds_count 1",
			"# EOF",
		] {
			assert!(text.contains(line), "{line} is not in\n{text}");
		}
	}
}
