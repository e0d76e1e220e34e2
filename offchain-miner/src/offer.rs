//! `millrace-miner offer`: the commands that make the configured offers.

use std::time::Duration;

use anyhow::{bail, ensure};
use millrace_client::Client;
use tokio::time::timeout;

use crate::{
	config::Config,
	init::number,
	owner::{Owner, OwnerCall},
	plan::{Machine, Plan},
};

/// A node that does not answer within this time is left out.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the owner has to sign, one call for each offer. A node that does not answer costs only the models' numbers.
///
/// # Errors
///
/// When no offer is configured, or this machine can't serve them.
pub async fn calls(config: &Config, account: &str) -> anyhow::Result<Vec<OwnerCall>> {
	ensure!(!config.offers.is_empty(), "no [[offer]] is configured");
	let probed = config.clone();
	let plan = tokio::task::spawn_blocking(move || Plan::new(&probed, &Machine::probe())).await?;
	let obstacles = plan.obstacles();
	if !obstacles.is_empty() {
		bail!("this machine can't serve these offers: {}", obstacles.join("; "));
	}
	let asked = timeout(PATIENCE, async {
		Client::connect_any(&config.addresses(), config.genesis.map(|genesis| genesis.0)).await?.models().await
	});
	let models = asked.await.ok().and_then(Result::ok);
	let owner = Owner { account: account.to_owned(), ..Owner::unnamed(config) };
	let mut calls = Vec::new();
	for offer in &config.offers {
		let found = models.as_ref().map(|models| number(models, &offer.model));
		ensure!(found != Some(None), "the chain has no model {}; see `millrace model list`", offer.model);
		calls.push(owner.offer(offer, found.flatten()));
	}
	Ok(calls)
}
