//! Several engines, and what is done when one of them fails.

use std::sync::Arc;

use millrace_primitives::FailCode;
use tokio_util::sync::CancellationToken;

use super::{sink::Sink, Engine, EngineError, Generation, Order};

/// What the miner does about a failure before the chain hears of it. `docs/failures.md` has the reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
	/// Nothing: it would fail again, or the miner itself has decided.
	Nothing,
	/// The next engine that has the file.
	NextEngine,
	/// The next engine, and after a pause all of them again.
	Again,
}

impl Remedy {
	/// What helps against failures with this code.
	pub const fn of(code: FailCode) -> Self {
		match code {
			FailCode::BadInput
			| FailCode::ContextTooLong
			| FailCode::EmptyOutput
			| FailCode::Denied
			| FailCode::Drain => Self::Nothing,
			FailCode::ModelMissing | FailCode::NoGpu | FailCode::Timeout => Self::NextEngine,
			FailCode::OutOfMemory | FailCode::EngineError => Self::Again,
		}
	}
}

/// Engines, in the order in which they are asked.
pub struct Engines(Vec<Arc<dyn Engine>>);

impl Engines {
	/// These, the first one first.
	pub fn new(engines: Vec<Arc<dyn Engine>>) -> Self {
		Self(engines)
	}

	/// Has the work done by the first engine that has the file and is able to, and names that engine. Text goes to `sink`
	/// as it is made; once some of it is gone, no other engine is tried. `passed` hears of each engine that was passed over.
	///
	/// # Errors
	///
	/// That of the first engine that had the file; [`FailCode::ModelMissing`] when none had it.
	pub async fn work(
		&self,
		order: &Order,
		sink: &Sink,
		cancel: &CancellationToken,
		mut passed: impl FnMut(&'static str, &EngineError) + Send,
	) -> Result<(&'static str, Generation), EngineError> {
		let mut worst = EngineError::new(FailCode::ModelMissing, "no engine is configured");
		for engine in &self.0 {
			let done = match order.clone() {
				Order::Generate(request) => engine.generate(request, sink.clone(), cancel.clone()).await,
				Order::Embed(request) => engine.embed(request, cancel.clone()).await,
				Order::Draw(request) => engine.draw(request, cancel.clone()).await,
			};
			let error = match done {
				Ok(generation) => return Ok((engine.kind(), generation)),
				Err(error) => error,
			};
			if Remedy::of(error.code) == Remedy::Nothing || sink.is_used() {
				return Err(error);
			}
			passed(engine.kind(), &error);
			// An engine that broke says more than one that never had the model.
			if worst.code == FailCode::ModelMissing {
				worst = error;
			}
		}
		Err(worst)
	}
}

#[cfg(test)]
mod tests {
	use millrace_primitives::Fault;

	use super::*;

	const PAGE: &str = include_str!("../../../docs/failures.md");

	/// The cells of the row of `code`.
	fn row(code: FailCode) -> Vec<&'static str> {
		let name = format!("| `{code:?}` |");
		let line = PAGE.lines().find(|line| line.starts_with(&name)).unwrap_or_else(|| panic!("no row of {code:?}"));
		line.trim_matches('|').split('|').map(str::trim).collect()
	}

	#[test]
	fn page_should_say_what_is_done_when_a_code_is_looked_up() {
		for code in FailCode::ALL {
			let (next, again) = match Remedy::of(code) {
				Remedy::Nothing => ("no", "no"),
				Remedy::NextEngine => ("yes", "no"),
				Remedy::Again => ("yes", "yes"),
			};
			let fault = match code.fault() {
				Fault::Client => "client",
				Fault::Miner => "miner",
			};
			assert_eq!(row(code)[1..4], [fault, next, again], "{code:?}");
		}
	}

	#[test]
	fn page_should_have_no_other_codes_when_all_are_taken_away() {
		let rows = PAGE.lines().filter(|line| line.starts_with("| `")).count();
		assert_eq!(rows, FailCode::ALL.len());
	}

	#[test]
	fn client_should_never_cause_a_second_try_when_it_is_at_fault() {
		let at_fault = FailCode::ALL.into_iter().filter(|code| code.fault() == Fault::Client);
		assert!(at_fault.map(Remedy::of).all(|remedy| remedy == Remedy::Nothing));
	}
}
