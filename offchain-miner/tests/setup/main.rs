//! Setting a miner up, with the real program: its configuration, its helpers, its installation.

// Everything here is a test: a failure must stop it with its reason.
#![allow(clippy::unwrap_used)]

mod chain;
mod command;
mod install;

use std::{
	path::Path,
	process::{Command, Output},
};

/// The program, without the variables of whoever runs the tests.
fn miner(args: &[&str]) -> Command {
	let mut command = Command::new(env!("CARGO_BIN_EXE_millrace-miner"));
	for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MILLRACE_MINER_")) {
		command.env_remove(name);
	}
	command.env_remove("RUST_LOG").args(args);
	command
}

/// What it printed on stdout.
fn out(output: &Output) -> String {
	String::from_utf8(output.stdout.clone()).unwrap()
}

/// What it printed on stderr.
fn err(output: &Output) -> String {
	String::from_utf8(output.stderr.clone()).unwrap()
}

fn text(path: &Path) -> &str {
	path.to_str().unwrap()
}
