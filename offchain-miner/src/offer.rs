//! What the owner means to ask, against what the chain has; and `millrace-miner offer`, which prints the commands.

use std::time::Duration;

use anyhow::{bail, ensure};
use millrace_client::{Client, Model};
use millrace_primitives::{AccountId32, ModelId};
use tokio::time::timeout;

use crate::{
	config::{Config, Offer},
	owner::{Owner, OwnerCall},
	plan::{Machine, Plan},
};

/// A node that does not answer within this time is left out.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a configured offer differs from the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap<'a> {
	/// The chain has no such model.
	NoModel(&'a Offer),
	/// The chain has no offer for the model with this number.
	Absent(&'a Offer, ModelId),
	/// It has another one.
	Different(&'a Offer, ModelId),
}

/// The number of the model that an offer names.
pub fn number(models: &[Model], name: &str) -> Option<ModelId> {
	let number = name.parse().ok();
	models.iter().find(|model| model.name == name || Some(model.id) == number).map(|model| model.id)
}

/// The offers of `wanted` that are not `made` on chain as they are configured.
pub fn gaps<'a>(wanted: &'a [Offer], models: &[Model], made: &[millrace_client::Offer]) -> Vec<Gap<'a>> {
	let gap = |offer: &'a Offer| {
		let Some(model) = number(models, &offer.model) else { return Some(Gap::NoModel(offer)) };
		match made.iter().find(|made| made.model == model) {
			None => Some(Gap::Absent(offer, model)),
			Some(made) if made.rate == offer.rate && made.slots == offer.slots.get() => None,
			Some(_) => Some(Gap::Different(offer, model)),
		}
	};
	wanted.iter().filter_map(gap).collect()
}

/// Logs what the owner has yet to sign. A node that does not answer is left for `doctor`.
pub async fn remind(config: &Config, client: &Client, operator: &AccountId32) {
	if config.offers.is_empty() {
		return;
	}
	let read = async {
		let at = client.at_best().await?;
		let made = match at.owner_of(operator).await? {
			Some(owner) => at.offers_of(&owner).await?,
			None => Vec::new(),
		};
		Ok::<_, millrace_client::Error>((at.models().await?, made))
	};
	let Ok(Ok((models, made))) = timeout(PATIENCE, read).await else { return };
	let owner = Owner::unnamed(config);
	for gap in gaps(&config.offers, &models, &made) {
		match gap {
			Gap::NoModel(offer) => {
				tracing::warn!(event = %"offer", model = %offer.model, "the chain has no such model")
			}
			Gap::Absent(offer, model) | Gap::Different(offer, model) => {
				let command = owner.offer(offer, Some(model)).command;
				tracing::warn!(event = %"offer", %command, "a configured offer is not on chain; its owner has to sign it");
			}
		}
	}
}

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

#[cfg(test)]
mod tests {
	use super::*;
	use crate::doctor::fixtures::facts;

	#[test]
	fn gaps_should_tell_absent_from_different_offers_when_they_are_compared() {
		let facts = facts();
		let offer = |model: &str, price: &str| -> Offer {
			format!("model = \"{model}\", per_gpu_second = \"{price}\"").parse().unwrap()
		};
		let gaps_of = |wanted: &[Offer], made| gaps(wanted, &facts.models, made).len();
		let same = [offer("millrace-tiny", "0.02"), offer("0", "0.02")];
		assert_eq!(gaps_of(&same, &facts.offers), 0);
		let wanted = [offer("millrace-tiny", "0.03"), offer("none", "1")];
		let found = gaps(&wanted, &facts.models, &facts.offers);
		assert_eq!(found, [Gap::Different(&wanted[0], 0), Gap::NoModel(&wanted[1])]);
		assert_eq!(gaps(&same[..1], &facts.models, &[]), [Gap::Absent(&same[0], 0)]);
	}
}
