//! A gateway process.

use std::{
	path::{Path, PathBuf},
	process::Command,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{binary, library::run, Node, Process};

/// The binary, paid by `//Charlie`. Its records outlive a restart.
pub struct Gateway {
	process: Process,
	base_url: String,
	api_key: String,
	node: String,
	folder: TempDir,
	channels: PathBuf,
	args: Vec<String>,
}

impl Gateway {
	/// Starts it with an API key of its own making and waits until it serves.
	pub fn start(node: &Node) -> Self {
		Self::start_with(node, &[])
	}

	/// The same with more arguments.
	pub fn start_with(node: &Node, args: &[&str]) -> Self {
		let folder = TempDir::new().unwrap();
		let (api_key, channels) = (new_key(&folder, &[]), folder.path().join("channels"));
		Self::run(node, folder, channels, api_key, args)
	}

	/// Starts it without keys, for whoever is on this machine, and waits until it serves.
	pub fn open(node: &Node, args: &[&str]) -> Self {
		let folder = TempDir::new().unwrap();
		let channels = folder.path().join("channels");
		Self::run(node, folder, channels, String::new(), args)
	}

	/// The same on the channels' folder of `other`, with records of its own.
	pub fn open_beside(node: &Node, other: &Self) -> Self {
		Self::run(node, TempDir::new().unwrap(), other.channels.clone(), String::new(), &[])
	}

	fn run(node: &Node, folder: TempDir, channels: PathBuf, api_key: String, args: &[&str]) -> Self {
		let args: Vec<_> = args.iter().map(|arg| (*arg).to_owned()).collect();
		let process = spawn(&node.url(), &folder, &channels, &args);
		Self { base_url: url(&process), process, api_key, node: node.url(), folder, channels, args }
	}

	/// Starts another process on the same records.
	pub fn double(&self) -> Process {
		spawn(&self.node, &self.folder, &self.channels, &self.args)
	}

	/// Where it keeps what it has signed for.
	pub fn channel_folder(&self) -> &Path {
		&self.channels
	}

	/// Makes another key, with these flags.
	pub fn new_key(&self, flags: &[&str]) -> String {
		new_key(&self.folder, flags)
	}

	/// Runs `millrace-gateway key` on its records and returns what it prints.
	pub fn key(&self, args: &[&str]) -> Value {
		key(&self.folder, args)
	}

	/// What clients of OpenAI put in the place of OpenAI's.
	pub fn base_url(&self) -> &str {
		&self.base_url
	}

	/// The address without a path.
	pub fn root(&self) -> &str {
		self.base_url.strip_suffix("/v1").unwrap()
	}

	/// The key that is let in.
	pub fn api_key(&self) -> &str {
		&self.api_key
	}

	/// The process.
	pub fn process(&self) -> &Process {
		&self.process
	}

	/// Resident memory in KiB.
	pub fn memory(&self) -> u64 {
		crate::world::resident_kib(self.process.id())
	}

	/// SIGKILL.
	pub fn kill(&mut self) {
		self.process.kill();
	}

	/// SIGTERM, and the exit code.
	pub fn terminate(&mut self) -> Option<i32> {
		self.process.terminate()
	}

	/// SIGKILL, and another process on the same records. Its address is another one.
	pub fn crash_and_restart(&mut self) {
		self.process.kill();
		self.process = self.double();
		self.base_url = url(&self.process);
	}
}

fn key(folder: &TempDir, args: &[&str]) -> Value {
	let mut command = Command::new(binary("millrace"));
	command.args(["gateway", "key"]).args(args).arg("--json").arg("--database").arg(folder.path().join("gateway.db"));
	serde_json::from_str(&run(&mut command)).unwrap()
}

fn new_key(folder: &TempDir, flags: &[&str]) -> String {
	let args: Vec<_> = ["new"].iter().chain(flags).copied().collect();
	key(folder, &args)["key"].as_str().unwrap().to_owned()
}

fn spawn(node: &str, folder: &TempDir, channels: &Path, args: &[String]) -> Process {
	let mut command = Command::new(binary("millrace-gateway"));
	command
		.args(["run", "--url", node, "--bind", "127.0.0.1:0", "--dev", "Charlie"])
		.args(args)
		.arg("--database")
		.arg(folder.path().join("gateway.db"))
		.arg("--channel-folder")
		.arg(channels);
	Process::start("gateway", command)
}

fn url(process: &Process) -> String {
	let line = process.wait_for("the gateway", |line| line.contains("event=ready"));
	line.split(' ').find_map(|word| word.strip_prefix("url=")).unwrap().to_owned()
}
