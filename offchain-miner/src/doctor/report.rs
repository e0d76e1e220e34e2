//! What was looked at, what was found, and how to mend it.

use std::fmt::Write;

use serde::Serialize;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
	/// As it should be.
	Ok,
	/// The miner works; the owner should know.
	Warn,
	/// The miner can't work, or gets no work.
	Broken,
	/// Not looked at, because something before it is broken.
	Skipped,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
	/// Its name: stable, for scripts.
	pub name: &'static str,
	/// How it ended.
	pub state: State,
	/// What was found.
	pub found: String,
	/// What to do about it.
	pub mend: Option<String>,
}

impl Check {
	/// As it should be.
	pub fn ok(name: &'static str, found: impl Into<String>) -> Self {
		Self { name, state: State::Ok, found: found.into(), mend: None }
	}

	/// Worth knowing.
	pub fn warn(name: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
		Self { name, state: State::Warn, found: found.into(), mend: Some(mend.into()) }
	}

	/// Not as it must be.
	pub fn broken(name: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
		Self { name, state: State::Broken, found: found.into(), mend: Some(mend.into()) }
	}

	/// Not looked at.
	pub fn skipped(name: &'static str, why: impl Into<String>) -> Self {
		Self { name, state: State::Skipped, found: why.into(), mend: None }
	}
}

/// All checks.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
	/// Whether nothing is broken.
	pub healthy: bool,
	/// In the order in which they were made.
	pub checks: Vec<Check>,
}

impl Report {
	/// Of these checks.
	pub fn new(checks: Vec<Check>) -> Self {
		Self { healthy: checks.iter().all(|check| check.state != State::Broken), checks }
	}

	/// For people.
	pub fn text(&self) -> String {
		let mut out = String::new();
		for Check { name, state, found, mend } in &self.checks {
			let mark = match state {
				State::Ok => "ok",
				State::Warn => "warn",
				State::Broken => "BROKEN",
				State::Skipped => "skipped",
			};
			let found = found.replace('\n', "\n                     ");
			// A String takes every write.
			let _ = writeln!(out, "{mark:<8} {name:<12} {found}");
			if let Some(mend) = mend {
				let _ = writeln!(out, "                  -> {}", mend.replace('\n', "\n                     "));
			}
		}
		let broken = self.checks.iter().filter(|check| check.state == State::Broken).count();
		let _ = match broken {
			0 => writeln!(out, "nothing is broken"),
			1 => writeln!(out, "1 thing is broken"),
			more => writeln!(out, "{more} things are broken"),
		};
		out
	}
}
