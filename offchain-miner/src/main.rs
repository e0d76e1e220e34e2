//! The `millrace-miner` program.

use std::{
	io::{self, IsTerminal},
	process::ExitCode,
};

use clap::Parser;
use millrace_miner::config::{Cli, Command, Config, LogFormat};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
	let Command::Run(flags) = Cli::parse().command;
	match start(&flags) {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("error: {error:#}");
			ExitCode::FAILURE
		}
	}
}

fn start(flags: &millrace_miner::config::Flags) -> anyhow::Result<()> {
	let config = Config::load(flags)?;
	// Lines go straight to stderr: what was logged before a crash is there.
	let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,llama_cpp_2=warn"));
	let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
	match config.log_format {
		LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).init(),
		LogFormat::Json => log.json().flatten_event(true).init(),
	}
	tokio::runtime::Runtime::new()?.block_on(millrace_miner::run(config))
}
