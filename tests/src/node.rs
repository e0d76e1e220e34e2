//! A development chain.

use std::process::Command;

use millrace_client::Client;
use tempfile::TempDir;

use crate::{binary, Process};

/// A node with a chain of its own, on free loopback ports. The database outlives a restart.
pub struct Node {
	process: Process,
	folder: TempDir,
	port: u16,
}

impl Node {
	/// Starts a one-validator chain and waits until it answers.
	pub fn start() -> Self {
		let folder = TempDir::new().unwrap();
		let process = spawn(&folder, 0);
		let port = rpc_port(&process);
		Self { process, folder, port }
	}

	/// The address for clients.
	pub fn url(&self) -> String {
		format!("ws://127.0.0.1:{}", self.port)
	}

	/// A client.
	pub async fn client(&self) -> Client {
		Client::connect(&self.url()).await.unwrap()
	}

	/// SIGKILL.
	pub fn kill(&mut self) {
		self.process.kill();
	}

	/// Starts it again with the same database and port.
	pub fn restart(&mut self) {
		self.process = spawn(&self.folder, self.port);
		assert_eq!(rpc_port(&self.process), self.port, "another process took the node's port");
	}

	/// Resident memory in KiB.
	pub fn memory(&self) -> u64 {
		crate::world::resident_kib(self.process.id())
	}
}

fn spawn(folder: &TempDir, port: u16) -> Process {
	let mut command = Command::new(binary("millrace-node"));
	command
		.args(["--dev", "--no-prometheus", "--no-telemetry", "--no-mdns", "--listen-addr", "/ip4/127.0.0.1/tcp/0"])
		.args(["--rpc-port", &port.to_string()])
		.arg("--base-path")
		.arg(folder.path());
	Process::start("node", command)
}

fn rpc_port(process: &Process) -> u16 {
	let line = process.wait_for("its RPC address", |line| line.contains("Running JSON-RPC server: addr="));
	line.split("127.0.0.1:")
		.nth(1)
		.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
		.unwrap_or_else(|| panic!("no port in {line:?}"))
}
