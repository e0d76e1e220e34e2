//! `millrace-miner doctor`: looks at everything that work depends on, and says how to mend what is broken.

mod chain;
#[cfg(test)]
pub(crate) mod fixtures;
mod local;
mod report;
mod session;
#[cfg(test)]
mod tests;

use std::{path::Path, time::Duration};

use millrace_client::{Client, Error};
use tokio::time::timeout;

pub use chain::{judge, Facts};
pub use report::{Check, Report, State};

use crate::{
	config::{Config, Flags},
	owner::Owner,
	probe::Probe,
};

/// A node that does not answer within this time is away.
const PATIENCE: Duration = Duration::from_secs(30);

/// Looks at everything. Changes nothing, on chain or here.
pub async fn examine(flags: &Flags) -> Report {
	let config = match Config::load(flags) {
		Ok(config) => config,
		Err(error) => {
			let mend = "correct it; miner.example.toml explains every key, `millrace-miner init` writes a new file";
			return Report::new(vec![Check::broken("config", error.to_string(), mend)]);
		}
	};
	let from = flags.config.as_ref().map_or_else(|| "flags".into(), |path| path.display().to_string());
	let mut checks = vec![Check::ok("config", from)];
	let (operator, key) = local::key(&config);
	checks.push(key);
	let probe = Probe::new(&config).await;
	checks.extend(local::engines(&probe));
	checks.extend(local::gpu(&probe));
	checks.extend(local::work_dir(&config));
	checks.extend(local::tasks(&config, Path::new("/proc/self/exe")).await);
	let http = local::http(&config, operator.as_ref()).await;
	checks.extend(session::listening(&config, http.runs));
	checks.extend(http.checks);
	let asked = timeout(PATIENCE, reach(&config, operator)).await;
	match asked {
		Ok(Ok(facts)) => checks.extend(judge(&facts, &config, &probe, &Owner::unnamed(&config))),
		Ok(Err(error)) => checks.extend(chain::unreachable(&error)),
		Err(_) => checks.extend(chain::unreachable(&Error::Connection("the node does not answer".into()))),
	}
	Report::new(checks)
}

async fn reach(config: &Config, operator: Option<millrace_primitives::AccountId32>) -> Result<Facts, Error> {
	let client = Client::connect_any(&config.addresses(), config.genesis.map(|genesis| genesis.0)).await?;
	Facts::read(&client, operator).await
}
