//! SIGHUP: the configuration is read anew, and what can change while the miner works does.

use millrace_client::Client;
use millrace_primitives::AccountId32;
use tokio::{signal::unix::Signal, sync::watch::Sender};

use crate::{
	config::{changes, keep, Config, Flags, Settings},
	logging::Logging,
	offer,
};

/// Everything that a new configuration reaches.
pub struct Reload {
	/// The command line, with the file's path.
	pub flags: Flags,
	/// What is in force.
	pub config: Config,
	/// The operator, as whom the miner works.
	pub operator: AccountId32,
	/// To those who work with it.
	pub settings: Sender<Settings>,
	/// The connection.
	pub client: Client,
	/// The log.
	pub logging: Logging,
}

impl Reload {
	/// Reads the configuration anew at each signal. A bad one changes nothing.
	pub async fn follow(mut self, mut hangup: Signal) {
		while hangup.recv().await.is_some() {
			match self.once() {
				Ok(()) => offer::remind(&self.config, &self.client, &self.operator).await,
				Err(error) => {
					// The first line has the place and the reason; the log has a line for each event.
					let whole = format!("{error:#}");
					let why = whole.lines().next().unwrap_or_default();
					tracing::error!(event = %"reload_failed", %why, "the old configuration stays in force");
				}
			}
		}
	}

	fn once(&mut self) -> anyhow::Result<()> {
		let new = Config::load(&self.flags)?;
		let found = changes(&self.config, &new)?;
		self.logging.set(&new.log)?;
		self.client.set_urls(new.addresses());
		self.settings.send_replace(Settings::from(&new));
		let (changed, restart) = (found.live.join(" "), found.restart.join(" "));
		tracing::info!(event = %"reloaded", %changed, "read the configuration");
		if !restart.is_empty() {
			tracing::warn!(event = %"restart_needed", keys = %restart, "these keys change at the next start only");
		}
		// A key that waits for the restart is named at every reload until then.
		self.config = keep(&new, &self.config, &found.restart)?;
		Ok(())
	}
}
