#![doc = include_str!("../README.md")]

mod args;
mod jobs;
mod keys;
mod openai;
mod server;

use std::io::IsTerminal;

use clap::Parser;

use crate::args::{Cli, Command};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
	tracing_subscriber::fmt()
		.with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()))
		.with_writer(std::io::stderr)
		.with_ansi(std::io::stderr().is_terminal())
		.init();
	match Cli::parse().command {
		Command::Run(run) => server::run(run).await,
		Command::NewKey => {
			keys::print_new();
			Ok(())
		}
	}
}
