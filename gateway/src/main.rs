#![doc = include_str!("../README.md")]

mod access;
mod answer;
mod catalog;
mod channels;
mod config;
mod desk;
mod document;
mod job_api;
mod keys;
mod matching;
mod metrics;
mod ollama;
mod once;
mod openai;
mod prompt;
mod rate;
mod serve;
mod server;
mod several;
mod start;
mod status;
mod stop;
mod store;
mod tools;

use clap::Parser;

use crate::config::{Cli, Command, Config};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
	match Cli::parse().command {
		Command::Run(flags) => start::run(Config::load(&flags)?).await,
		Command::Key(command) => keys::run(command),
		Command::Openapi => {
			println!("{}", document::text()?);
			Ok(())
		}
	}
}
