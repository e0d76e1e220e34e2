//! The log: lines on stderr, whose filter can change while the miner runs.

use std::io::{self, IsTerminal};

use tracing_subscriber::{layer::SubscriberExt, reload, util::SubscriberInitExt, EnvFilter, Layer, Registry};

use crate::config::{Config, LogFormat};

/// The variable that wins over the configured filter.
const VARIABLE: &str = EnvFilter::DEFAULT_ENV;

/// The log of this process.
pub struct Logging(reload::Handle<EnvFilter, Registry>);

impl Logging {
	/// Begins to log as `config` says. Once in a process.
	///
	/// # Errors
	///
	/// When the filter is none, or something logs already.
	pub fn start(config: &Config) -> anyhow::Result<Self> {
		let (filter, handle) = reload::Layer::new(filter(&config.log)?);
		// Lines go straight to stderr: what was logged before a crash is there.
		let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_target(false);
		let lines = match config.log_format {
			LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).boxed(),
			LogFormat::Json => lines.json().flatten_event(true).boxed(),
		};
		tracing_subscriber::registry().with(filter).with(lines).try_init()?;
		Ok(Self(handle))
	}

	/// Replaces the filter.
	///
	/// # Errors
	///
	/// When it is none.
	pub fn set(&self, text: &str) -> anyhow::Result<()> {
		Ok(self.0.reload(filter(text)?)?)
	}
}

fn filter(text: &str) -> anyhow::Result<EnvFilter> {
	Ok(EnvFilter::try_new(std::env::var(VARIABLE).unwrap_or_else(|_| text.to_owned()))?)
}
