//! A gateway process.

use std::process::Command;

use crate::{binary, Node, Process};

/// The binary, paid by `//Charlie`, for whoever knows its API key.
pub struct Gateway {
	process: Process,
	base_url: String,
	api_key: String,
	_folder: tempfile::TempDir,
}

impl Gateway {
	/// Starts it with an API key of its own making and waits until it serves.
	pub fn start(node: &Node) -> Self {
		let made = Command::new(binary("millrace-gateway")).arg("new-key").output().unwrap();
		let said = String::from_utf8(made.stdout).unwrap();
		let word = |line: usize| said.lines().nth(line).unwrap().split_whitespace().last().unwrap().to_owned();
		let folder = tempfile::TempDir::new().unwrap();
		let keys = folder.path().join("keys");
		std::fs::write(&keys, word(1)).unwrap();
		let mut command = Command::new(binary("millrace-gateway"));
		command
			.args(["run", "--url", &node.url(), "--bind", "127.0.0.1:0", "--dev", "Charlie", "--api-keys"])
			.arg(keys);
		let process = Process::start("gateway", command);
		let line = process.wait_for("the gateway", |line| line.contains("event=ready"));
		let base_url = line.split(' ').find_map(|word| word.strip_prefix("url=")).unwrap().to_owned();
		Self { process, base_url, api_key: word(0), _folder: folder }
	}

	/// What clients put in the place of OpenAI's.
	pub fn base_url(&self) -> &str {
		&self.base_url
	}

	/// The key that is let in.
	pub fn api_key(&self) -> &str {
		&self.api_key
	}

	/// SIGTERM, and the exit code.
	pub fn terminate(&mut self) -> Option<i32> {
		self.process.terminate()
	}
}
