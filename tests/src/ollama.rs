//! A real Ollama server.

use std::{path::Path, process::Command};

use tempfile::TempDir;

use crate::{repository, tiny_model, Process};

/// What `scripts/install-ollama.sh` exits with where no Ollama is to be had.
const UNAVAILABLE: i32 = 3;

/// The name of the tiny model, as the server lists it.
pub const MODEL: &str = "millrace-tiny:latest";

/// A server on a free loopback port, with models of its own: the tiny model.
pub struct Ollama {
	process: Process,
	binary: String,
	home: TempDir,
	address: String,
}

impl Ollama {
	/// Starts it, building the binary first where there is none. `None` where none is to be had: then it says so and
	/// why, past the test harness's capture.
	pub fn start() -> Option<Self> {
		let binary = install()?;
		let home = TempDir::new().unwrap();
		let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
		let address = format!("127.0.0.1:{port}");
		let process = Process::start("ollama", command(&binary, &home, &address, &["serve"]));
		process.wait_for("that it listens", |line| line.contains("Listening on"));
		let server = Self { process, binary, home, address };
		// More threads than idle cores would wait for each other.
		server.create(MODEL, &tiny_model().canonicalize().unwrap(), 1);
		Some(server)
	}

	/// Makes a model from a GGUF file that runs on so many threads, or gives its name to another file.
	pub fn create(&self, name: &str, file: &Path, threads: usize) {
		let modelfile = self.home.path().join("Modelfile");
		let parameters = format!("PARAMETER repeat_penalty 1.0\nPARAMETER num_thread {threads}\n");
		let text = format!("FROM {}\n{parameters}", file.display());
		std::fs::write(&modelfile, text).unwrap();
		self.run(&["create", name, "-f", modelfile.to_str().unwrap()]);
	}

	/// Removes a model.
	pub fn remove(&self, name: &str) {
		self.run(&["rm", name]);
	}

	fn run(&self, args: &[&str]) {
		let output = command(&self.binary, &self.home, &self.address, args).output().unwrap();
		assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
	}

	/// A command of Ollama's own client, for the server at `host`.
	pub fn client(&self, host: &str, args: &[&str]) -> Command {
		let mut command = command(&self.binary, &self.home, host, args);
		command.stdin(std::process::Stdio::null());
		command
	}

	/// Its address.
	pub fn url(&self) -> String {
		format!("http://{}", self.address)
	}

	/// Waits until a model has begun to answer a request.
	pub fn wait_for_inference(&self) {
		self.process.wait_for("that it infers", |line| line.contains("completion request"));
	}

	/// SIGKILL for the processes that run its models; the server lives.
	pub fn kill_runners(&self) {
		for runner in self.process.children() {
			// One that has ended by itself is as good.
			let _ = Command::new("kill").args(["-KILL", &runner.to_string()]).output();
		}
	}

	/// SIGKILL for the server and for the processes that run its models, which would outlive it.
	pub fn kill(&mut self) {
		let runners = self.process.children();
		self.process.kill();
		for runner in runners {
			// One that has ended by itself is as good.
			let _ = Command::new("kill").args(["-KILL", &runner.to_string()]).output();
		}
	}
}

fn command(binary: &str, home: &TempDir, address: &str, args: &[&str]) -> Command {
	let mut command = Command::new(binary);
	command
		.args(args)
		.env("OLLAMA_HOST", address)
		.env("OLLAMA_DEBUG", "1")
		.env("HOME", home.path())
		.env("OLLAMA_MODELS", home.path().join("models"));
	command
}

impl Drop for Ollama {
	fn drop(&mut self) {
		self.kill();
	}
}

fn install() -> Option<String> {
	let output = Command::new(repository("scripts/install-ollama.sh")).output().unwrap();
	let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
	match output.status.code() {
		Some(0) => Some(out.trim().to_owned()),
		Some(UNAVAILABLE) => {
			crate::say(&format!("SKIPPED: no Ollama to test against: {err}"));
			None
		}
		_ => panic!("install-ollama.sh failed: {err}"),
	}
}
