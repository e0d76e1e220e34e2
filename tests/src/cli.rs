//! The command line as a user runs it.

use std::{
	path::Path,
	process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{binary, Node};

/// `millrace` with a keystore of its own, signing as a development account.
pub struct Cli {
	url: String,
	home: TempDir,
}

impl Cli {
	/// For this node.
	pub fn new(node: &Node) -> Self {
		Self { url: node.url(), home: TempDir::new().unwrap() }
	}

	/// The user's folder, with `keys` and `receipts`.
	pub fn folder(&self) -> &Path {
		self.home.path()
	}

	/// A command to be run; `dev` signs.
	pub fn command(&self, dev: &str, args: &[&str]) -> Command {
		let mut command = Command::new(binary("millrace"));
		command.env("MILLRACE_URL", &self.url).arg("--keystore").arg(self.home.path().join("keys"));
		command.env("MILLRACE_RECEIPTS", self.folder().join("receipts"));
		command.env("MILLRACE_CHANNELS", self.folder().join("channels"));
		if !dev.is_empty() {
			command.args(["--dev", dev]);
		}
		command.args(args);
		command
	}

	/// Runs it, whatever it exits with.
	pub fn run(&self, dev: &str, args: &[&str]) -> Output {
		self.command(dev, args).output().unwrap()
	}

	/// Runs it with `--json`; it must succeed.
	pub fn json(&self, dev: &str, args: &[&str]) -> Value {
		let output = self.command(dev, args).arg("--json").output().unwrap();
		let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
		assert!(output.status.success(), "millrace {args:?}: {}\n{out}{err}", output.status);
		serde_json::from_str(&out).unwrap_or_else(|error| panic!("millrace {args:?}: {error} in {out:?}"))
	}
}
