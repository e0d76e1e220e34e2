#![doc = include_str!("../README.md")]

mod account;
mod args;
mod ask;
mod channel;
mod chat;
mod context;
mod error;
mod gateway;
mod gguf;
mod job;
mod keystore;
mod miner;
mod model;
mod receipt;
mod receipt_json;
mod receipt_key;
mod request;
mod secret;
mod show;
mod show_answer;
mod show_quote;
mod trace;
mod transcript;

use std::process::ExitCode;

use clap::Parser;
use millrace_client::amount;

use crate::{
	args::{Cli, Command},
	context::Context,
	error::CliError,
};

#[tokio::main]
async fn main() -> ExitCode {
	let Cli { global, command } = Cli::parse();
	let json = global.json;
	match run(global, command).await {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => error.report(json),
	}
}

async fn run(global: args::Global, command: Command) -> Result<(), CliError> {
	let context = Context::new(global)?;
	match command {
		Command::Ask(ask) => ask::run(&context, ask).await,
		Command::Chat(chat) => chat::run(&context, chat).await,
		Command::Job(command) => job::run(&context, command).await,
		Command::Miner(command) => miner::run(&context, command).await,
		Command::Model(command) => model::run(&context, command).await,
		Command::Channel(command) => channel::run(&context, command).await,
		Command::Account(command) => account::run(&context, command).await,
		Command::Receipt(command) => receipt::run(&context, command).await,
		Command::Gateway { args } => Err(gateway::run(&args)),
	}
}
