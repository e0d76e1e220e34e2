//! `millrace gateway`: the gateway's own program, which is installed beside this one.

use std::{env, ffi::OsString, os::unix::process::CommandExt, path::PathBuf, process::Command};

use crate::error::CliError;

const PROGRAM: &str = "millrace-gateway";

/// Becomes the gateway; returns only when it can't.
pub fn run(args: &[OsString]) -> CliError {
	let beside = env::current_exe().ok().and_then(|own| Some(own.parent()?.join(PROGRAM)));
	let program = beside.filter(|path| path.exists()).unwrap_or_else(|| PathBuf::from(PROGRAM));
	let error = Command::new(&program).args(args).exec();
	CliError::NotFound(format!("can't run {}: {error}; install it beside millrace, or on the PATH", program.display()))
}
