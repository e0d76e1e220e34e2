#![doc = include_str!("../README.md")]
// Everything here serves tests: a failure must stop the test with its reason.
#![allow(clippy::unwrap_used)]

pub mod cli;
pub mod clock;
pub mod disk;
pub mod fake;
pub mod gateway;
pub mod library;
pub mod link;
pub mod miner;
pub mod node;
pub mod ollama;
pub mod process;
pub mod upgrade;
pub mod world;

pub use cli::Cli;
pub use clock::Clock;
pub use disk::SmallDisk;
pub use fake::{FakeOllama, Say};
pub use gateway::Gateway;
pub use link::Link;
pub use miner::Miner;
pub use node::Node;
pub use ollama::Ollama;
pub use process::{Process, PATIENCE};
pub use world::World;

use std::{io::Write, path::PathBuf};

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
	PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Where the profile that built this test puts what it builds.
pub fn build_folder() -> PathBuf {
	std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned()
}

/// A binary of the workspace, built by the profile that built this test; an example's name starts with `examples/`.
pub fn binary(name: &str) -> PathBuf {
	let path = build_folder().join(name);
	assert!(path.exists(), "{} is not built; run `cargo build --release --workspace` first", path.display());
	path
}

/// The tiny model.
pub fn tiny_model() -> PathBuf {
	repository("models/millrace-tiny.gguf")
}

/// Says something on stderr past the test harness, which swallows what a passing test prints.
#[allow(clippy::explicit_write)]
pub fn say(text: &str) {
	// `eprintln!` is what the harness captures.
	writeln!(std::io::stderr(), "\n{text}").unwrap();
}
