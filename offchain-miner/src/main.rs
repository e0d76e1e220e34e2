//! The `millrace-miner` program.

use std::process::ExitCode;

use clap::Parser;
use millrace_miner::{
	config::{Asked, Cli, Command, Config, ConfigError, Flags, Offered},
	doctor, init,
	journal::JournalError,
	logging::Logging,
	models, offer,
	probe::Probe,
	task,
	watch::WatchError,
};
use tokio::runtime::Runtime;

fn main() -> ExitCode {
	let done = match Cli::parse().command {
		Command::Run(flags) => run(*flags),
		Command::Init(options) => begin(*options),
		Command::Probe(asked) => probe(&asked),
		Command::Doctor(asked) => examine(&asked),
		Command::Models(asked) => list(&asked),
		Command::Offer(offered) => offers(&offered),
		Command::Config(flags) => show(&flags),
		Command::TaskChild { part } => Ok(task::sandbox::child(&part)),
	};
	match done {
		Ok(code) => code,
		Err(error) => {
			eprintln!("error: {error:#}");
			code_of(&error)
		}
	}
}

/// 2: the configuration or command line; 3: the node serves another chain; 1: anything else.
fn code_of(error: &anyhow::Error) -> ExitCode {
	if error.is::<ConfigError>() {
		return ExitCode::from(2);
	}
	let at_start = matches!(error.downcast_ref(), Some(millrace_client::Error::OtherChain { .. }));
	let at_work = matches!(error.downcast_ref(), Some(WatchError::OtherChain { .. }));
	let for_journal = matches!(error.downcast_ref(), Some(JournalError::OtherChain { .. }));
	if at_start || at_work || for_journal {
		return ExitCode::from(3);
	}
	ExitCode::FAILURE
}

fn run(flags: Flags) -> anyhow::Result<ExitCode> {
	let config = Config::load(&flags)?;
	let logging = Logging::start(&config)?;
	Runtime::new()?.block_on(millrace_miner::run(config, flags, logging))?;
	Ok(ExitCode::SUCCESS)
}

fn begin(options: init::Options) -> anyhow::Result<ExitCode> {
	Runtime::new()?.block_on(init::run(options))?;
	Ok(ExitCode::SUCCESS)
}

fn probe(Asked { flags, json }: &Asked) -> anyhow::Result<ExitCode> {
	let config = Config::merge(flags)?;
	let probe = Runtime::new()?.block_on(Probe::new(&config));
	if *json {
		println!("{}", serde_json::to_string_pretty(&probe)?);
	} else {
		print!("{}", probe.text());
	}
	Ok(ExitCode::SUCCESS)
}

fn examine(Asked { flags, json }: &Asked) -> anyhow::Result<ExitCode> {
	let report = Runtime::new()?.block_on(doctor::examine(flags));
	if *json {
		println!("{}", serde_json::to_string_pretty(&report)?);
	} else {
		print!("{}", report.text());
	}
	Ok(if report.healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn list(Asked { flags, json }: &Asked) -> anyhow::Result<ExitCode> {
	let config = Config::merge(flags)?;
	let report = Runtime::new()?.block_on(models::report(&config))?;
	if *json {
		println!("{}", serde_json::to_string_pretty(&report)?);
	} else {
		print!("{}", report.text());
	}
	Ok(ExitCode::SUCCESS)
}

fn offers(Offered { asked: Asked { flags, json }, owner }: &Offered) -> anyhow::Result<ExitCode> {
	let config = Config::merge(flags)?;
	let calls = Runtime::new()?.block_on(offer::calls(&config, owner))?;
	if *json {
		println!("{}", serde_json::to_string_pretty(&calls)?);
	} else {
		calls.iter().for_each(|call| println!("{call}"));
	}
	Ok(ExitCode::SUCCESS)
}

fn show(flags: &Flags) -> anyhow::Result<ExitCode> {
	print!("{}", Config::load(flags)?.to_toml()?);
	Ok(ExitCode::SUCCESS)
}
