//! A miner process.

use std::{
	path::{Path, PathBuf},
	process::Command,
};

use crate::{binary, tiny_model, Node, Process};

/// Which engine it runs.
pub enum Engine {
	/// llama.cpp inside the miner, with the tiny model.
	Llama,
	/// An Ollama server at this address.
	Ollama(String),
	/// Those of a configuration.
	File(PathBuf),
}

/// The binary, for the operator `//NAME//operator`.
pub struct Miner {
	process: Process,
}

impl Miner {
	/// Starts it; its journal is in `work`.
	pub fn start(node: &Node, owner: &str, work: &Path, engine: &Engine) -> Self {
		Self::start_at(&node.url(), owner, work, engine)
	}

	/// Starts it for the node that answers at `url`.
	pub fn start_at(url: &str, owner: &str, work: &Path, engine: &Engine) -> Self {
		Self::start_with(url, owner, work, engine, &[])
	}

	/// The same with more arguments.
	pub fn start_with(url: &str, owner: &str, work: &Path, engine: &Engine, args: &[&str]) -> Self {
		Self::run(command(url, owner, work, engine, args))
	}

	/// The same by a program that runs what is appended to it.
	pub fn start_under(
		mut wrapper: Command,
		url: &str,
		owner: &str,
		work: &Path,
		engine: &Engine,
		args: &[&str],
	) -> Self {
		let command = command(url, owner, work, engine, args);
		wrapper.arg(command.get_program()).args(command.get_args());
		Self::run(wrapper)
	}

	fn run(command: Command) -> Self {
		Self { process: Process::start("miner", command) }
	}

	/// Waits for a line of the log with `event=NAME`.
	pub fn wait_for(&self, event: &str) -> String {
		let wanted = format!("event={event}");
		self.process.wait_for(&wanted, |line| line.split(' ').any(|word| word == wanted))
	}

	/// Waits for `event=NAME` of this job.
	pub fn wait_for_job(&self, job: u64, event: &str) -> String {
		self.process.wait_for(&format!("event={event} of job {job}"), |line| is_of(line, job, event))
	}

	/// Whether `event=NAME` of this job was logged.
	pub fn said(&self, job: u64, event: &str) -> bool {
		self.process.lines().iter().any(|line| is_of(line, job, event))
	}

	/// How often `event=NAME` was logged.
	pub fn count(&self, event: &str) -> usize {
		let wanted = format!("event={event}");
		self.process.lines().iter().filter(|line| line.split(' ').any(|word| word == wanted)).count()
	}

	/// SIGKILL.
	pub fn kill(&mut self) {
		self.process.kill();
	}

	/// SIGTERM, and the exit code.
	pub fn terminate(&mut self) -> Option<i32> {
		self.process.terminate()
	}

	/// Resident memory in KiB.
	pub fn memory(&self) -> u64 {
		crate::world::resident_kib(self.process.id())
	}

	/// Waits until it has ended by itself, and returns the exit code.
	pub fn ended(&mut self) -> Option<i32> {
		self.process.ended()
	}

	/// The process.
	pub fn process(&self) -> &Process {
		&self.process
	}
}

fn command(url: &str, owner: &str, work: &Path, engine: &Engine, args: &[&str]) -> Command {
	let mut command = Command::new(binary("millrace-miner"));
	command
		.args(["run", "--url", url, "--dev-operator", owner])
		.args(["--http-bind", "127.0.0.1:0"])
		.args(args)
		.arg("--work-dir")
		.arg(work);
	match engine {
		Engine::Llama => command.args(["--threads", "1", "--engine", "llama", "--model"]).arg(tiny_model()),
		Engine::Ollama(url) => command.args(["--threads", "1", "--engine", "ollama", "--ollama-url", url]),
		Engine::File(path) => command.arg("--config").arg(path),
	};
	command
}

fn is_of(line: &str, job: u64, event: &str) -> bool {
	let has = |word: String| line.split(' ').any(|found| found == word);
	has(format!("job={job}")) && has(format!("event={event}"))
}
