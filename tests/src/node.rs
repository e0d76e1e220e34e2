//! A development chain.

use std::{
	path::{Path, PathBuf},
	process::Command,
};

use millrace_client::Client;
use tempfile::TempDir;

use crate::{binary, Process};

/// A node, on free loopback ports. The database outlives a restart.
pub struct Node {
	process: Process,
	folder: TempDir,
	port: u16,
	/// The file of its chain specification; `None`: the development chain.
	chain: Option<PathBuf>,
	/// More arguments.
	args: &'static [&'static str],
}

impl Node {
	/// Starts a one-validator chain and waits until it answers.
	pub fn start() -> Self {
		Self::start_chain(TempDir::new().unwrap(), None)
	}

	/// Starts a one-validator chain whose runtime is the first version.
	pub fn start_first_version() -> Self {
		let folder = TempDir::new().unwrap();
		let file = folder.path().join("chain.json");
		std::fs::write(&file, crate::upgrade::first_chain_spec()).unwrap();
		Self::start_chain(folder, Some(file))
	}

	/// Starts a one-validator chain whose pool takes any number of transactions; with `runtime`, a wasm file, instead of
	/// the node's own.
	pub fn start_for_load(runtime: Option<&Path>) -> Self {
		let folder = TempDir::new().unwrap();
		let chain = runtime.map(|wasm| {
			let file = folder.path().join("chain.json");
			let mut spec = development_spec(&[]);
			let code = format!("0x{}", hex::encode(std::fs::read(wasm).unwrap()));
			spec["genesis"]["runtimeGenesis"]["code"] = code.into();
			std::fs::write(&file, spec.to_string()).unwrap();
			file
		});
		let mut command = base(&folder, 0, 0);
		command.args(["--dev", "--pool-limit", "1000000", "--pool-kbytes", "1000000"]);
		if let Some(chain) = &chain {
			command.arg("--chain").arg(chain);
		}
		let process = Process::start("node", command);
		let port = rpc_port(&process);
		Self { process, folder, port, chain, args: &[] }
	}

	fn start_chain(folder: TempDir, chain: Option<PathBuf>) -> Self {
		Self::start_at(0, folder, chain, &[])
	}

	fn start_at(port: u16, folder: TempDir, chain: Option<PathBuf>, args: &'static [&'static str]) -> Self {
		let process = spawn(&folder, port, chain.as_deref(), args);
		let port = rpc_port(&process);
		Self { process, folder, port, chain, args }
	}

	/// Starts a one-validator chain of which nothing ever gets final, so that [`Node::revert`] can take blocks back.
	pub fn start_without_finality() -> Self {
		Self::start_at(0, TempDir::new().unwrap(), None, &["--no-grandpa"])
	}

	/// Starts a one-validator chain, the development one but with epochs of so many slots.
	pub fn start_with_epochs(slots: u64) -> Self {
		Self::start_chain_with_epochs(0, slots)
	}

	/// Kills it and starts a chain with another genesis at its address.
	pub fn usurp(&mut self) -> Self {
		self.kill();
		let other = Self::start_chain_with_epochs(self.port, 1_800);
		assert_eq!(other.port, self.port, "another process took the node's port");
		other
	}

	fn start_chain_with_epochs(port: u16, slots: u64) -> Self {
		let folder = TempDir::new().unwrap();
		let file = folder.path().join("chain.json");
		let mut spec = development_spec(&["--raw"]);
		// What `parameter_types! { pub storage EpochDuration }` of the runtime reads.
		let key = hex::encode(sp_io::hashing::twox_128(b":EpochDuration:"));
		spec["genesis"]["raw"]["top"][format!("0x{key}")] = format!("0x{}", hex::encode(slots.to_le_bytes())).into();
		std::fs::write(&file, spec.to_string()).unwrap();
		Self::start_at(port, folder, Some(file), &[])
	}

	/// Starts the three validators of the local network and waits until they answer.
	pub fn start_network() -> Vec<Self> {
		let mut boot: Option<String> = None;
		["--alice", "--bob", "--charlie"]
			.into_iter()
			.map(|name| {
				let folder = TempDir::new().unwrap();
				let p2p = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
				let mut command = base(&folder, 0, p2p);
				command.args(["--chain", "local", name, "--unsafe-force-node-key-generation"]);
				if let Some(boot) = &boot {
					command.args(["--bootnodes", boot]);
				}
				let process = Process::start("validator", command);
				let line = process.wait_for("its identity", |line| line.contains("Local node identity is: "));
				let identity = line.rsplit(' ').next().unwrap().to_owned();
				boot.get_or_insert_with(|| format!("/ip4/127.0.0.1/tcp/{p2p}/p2p/{identity}"));
				let port = rpc_port(&process);
				Self { process, folder, port, chain: None, args: &[] }
			})
			.collect()
	}

	/// The address for clients.
	pub fn url(&self) -> String {
		format!("ws://127.0.0.1:{}", self.port)
	}

	/// The address for clients that make single requests.
	pub fn http_url(&self) -> String {
		format!("http://127.0.0.1:{}", self.port)
	}

	/// A client.
	pub async fn client(&self) -> Client {
		Client::connect(&self.url()).await.unwrap()
	}

	/// SIGSTOP: it keeps its connections and answers nobody.
	pub fn pause(&self) {
		self.process.signal("STOP");
	}

	/// SIGCONT.
	pub fn resume(&self) {
		self.process.signal("CONT");
	}

	/// SIGKILL.
	pub fn kill(&mut self) {
		self.process.kill();
	}

	/// Starts it again with the same database and port.
	pub fn restart(&mut self) {
		self.process = spawn(&self.folder, self.port, self.chain.as_deref(), self.args);
		assert_eq!(rpc_port(&self.process), self.port, "another process took the node's port");
	}

	/// Stops it, takes all blocks above `number` back, and starts it again: it goes on with other blocks of the same
	/// heights. Only for [`Node::start_without_finality`].
	pub fn revert(&mut self, number: u32) {
		assert_eq!(self.process.terminate(), Some(0));
		let info: serde_json::Value = serde_json::from_str(&self.offline("chain-info", &[])).unwrap();
		let best = info["best_number"].as_u64().unwrap();
		let back = best.checked_sub(number.into()).expect("the block is there");
		self.offline("revert", &[&back.to_string()]);
		self.restart();
	}

	/// Runs a command on the database of a node that does not run, and returns what it prints.
	fn offline(&self, name: &str, args: &[&str]) -> String {
		let mut command = Command::new(binary("millrace-node"));
		command.arg(name).args(args).args(["--chain", "dev"]).arg("--base-path").arg(self.folder.path());
		crate::library::run(&mut command)
	}

	/// The process.
	pub fn process(&self) -> &Process {
		&self.process
	}

	/// Resident memory in KiB.
	pub fn memory(&self) -> u64 {
		crate::world::resident_kib(self.process.id())
	}
}

/// The specification of the development chain.
pub(crate) fn development_spec(flags: &[&str]) -> serde_json::Value {
	let export =
		Command::new(binary("millrace-node")).args(["export-chain-spec", "--chain", "dev"]).args(flags).output();
	let export = export.unwrap();
	assert!(export.status.success(), "{}", String::from_utf8_lossy(&export.stderr));
	serde_json::from_slice(&export.stdout).unwrap()
}

fn base(folder: &TempDir, rpc: u16, p2p: u16) -> Command {
	let mut command = Command::new(binary("millrace-node"));
	command
		.args(["--no-prometheus", "--no-telemetry", "--no-mdns", "--rpc-port", &rpc.to_string()])
		.args(["--listen-addr", &format!("/ip4/127.0.0.1/tcp/{p2p}")])
		.arg("--base-path")
		.arg(folder.path());
	command
}

fn spawn(folder: &TempDir, port: u16, chain: Option<&Path>, args: &[&str]) -> Process {
	let mut command = base(folder, port, 0);
	command.arg("--dev").args(args);
	if let Some(chain) = chain {
		command.arg("--chain").arg(chain);
	}
	Process::start("node", command)
}

fn rpc_port(process: &Process) -> u16 {
	let line = process.wait_for("its RPC address", |line| line.contains("Running JSON-RPC server: addr="));
	line.split("127.0.0.1:")
		.nth(1)
		.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
		.unwrap_or_else(|| panic!("no port in {line:?}"))
}
