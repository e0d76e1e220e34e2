//! A wall clock that a test sets for one process, by a library that is loaded before all others.

use std::{
	fs,
	path::PathBuf,
	process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::{repository, say};

/// The clock. Monotonic time goes on as it does.
pub struct Clock {
	folder: TempDir,
}

impl Clock {
	/// A clock that goes right. `None` where there is no C compiler: then it says so, past the test harness's capture.
	pub fn new() -> Option<Self> {
		let clock = Self { folder: TempDir::new().unwrap() };
		let mut compiler = Command::new("cc");
		compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(clock.library());
		compiler.arg(repository("tests/fixtures/clock.c")).stdout(Stdio::null());
		if !compiler.status().is_ok_and(|status| status.success()) {
			say("SKIPPED: no C compiler for a clock that jumps");
			return None;
		}
		clock.jump(0);
		Some(clock)
	}

	fn library(&self) -> PathBuf {
		self.folder.path().join("clock.so")
	}

	fn offset(&self) -> PathBuf {
		self.folder.path().join("offset")
	}

	/// From now on it is so many seconds ahead of the system's.
	pub fn jump(&self, seconds: i64) {
		// At once, whoever reads it meanwhile.
		let new = self.folder.path().join("new");
		fs::write(&new, seconds.to_string()).unwrap();
		fs::rename(new, self.offset()).unwrap();
	}

	/// Runs the program that is appended to it by this clock.
	pub fn wrapper(&self) -> Command {
		let mut command = Command::new("env");
		let set = |name: &str, path: PathBuf| format!("{name}={}", path.display());
		command.args([set("LD_PRELOAD", self.library()), set("MILLRACE_CLOCK_OFFSET", self.offset())]);
		command
	}
}
