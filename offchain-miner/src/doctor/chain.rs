//! What the chain says of this miner.

use std::time::{SystemTime, UNIX_EPOCH};

use millrace_client::{amount, Client, Endpoint, Error, Miner, Model, NodeHealth, Offer, Parameters};
use millrace_primitives::{bench, AccountId32, BlockNumber, H256};

use super::{report::Check, session};
use crate::{
	config::Config,
	offer::{gaps, Gap},
	owner::{least_stake, slots_of, Owner},
	probe::Probe,
	shell::quoted,
};

/// A best block that is this much off, in seconds, is worth a word; and one that is so much off is broken.
const OFF: (i64, i64) = (10, 60);

/// Everything that is read of the chain, at one block.
#[derive(Clone, Debug)]
pub struct Facts {
	/// The node that answered.
	pub url: String,
	/// Its chain's genesis hash.
	pub genesis: H256,
	/// Its best block.
	pub best: BlockNumber,
	/// What it says of itself.
	pub health: NodeHealth,
	/// The best block's time minus this machine's, in seconds.
	pub ahead_secs: i64,
	/// The operator, if its key could be read.
	pub operator: Option<AccountId32>,
	/// Whether the operator has said that it takes no jobs.
	pub drained: bool,
	/// Where its sessions are answered, as the chain has it.
	pub endpoint: Option<Endpoint>,
	/// Its entry on chain.
	pub miner: Option<Miner>,
	/// Its offers.
	pub offers: Vec<Offer>,
	/// The registry.
	pub models: Vec<Model>,
	/// The chain's numbers.
	pub parameters: Parameters,
}

impl Facts {
	/// Reads them.
	///
	/// # Errors
	///
	/// When the node does not answer, or its chain is of another kind.
	pub async fn read(client: &Client, operator: Option<AccountId32>) -> Result<Self, Error> {
		let at = client.at_best().await?;
		let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis());
		let chain = i128::from(at.timestamp().await?);
		let ahead = (chain - i128::try_from(now).unwrap_or(i128::MAX)) / 1_000;
		let owner = match &operator {
			Some(operator) => at.owner_of(operator).await?,
			None => None,
		};
		let (miner, offers) = match &owner {
			Some(owner) => (at.miner(owner).await?, at.offers_of(owner).await?),
			None => (None, Vec::new()),
		};
		let drained = match &owner {
			Some(owner) => at.drained(owner).await?.is_some(),
			None => false,
		};
		let endpoint = match &owner {
			Some(owner) => at.endpoint(owner).await?,
			None => None,
		};
		Ok(Self {
			url: client.url().await,
			genesis: client.genesis_hash(),
			best: at.block().number,
			health: client.node_health().await?,
			ahead_secs: i64::try_from(ahead).unwrap_or(i64::MIN),
			operator,
			drained,
			endpoint,
			miner,
			offers,
			models: at.models().await?,
			parameters: at.parameters().await?,
		})
	}
}

/// The checks of a chain that did not answer.
pub(super) fn unreachable(error: &Error) -> Vec<Check> {
	let first = match error {
		Error::OtherChain { .. } => {
			Check::broken("genesis", error.to_string(), "name a node of the right chain in urls, or correct genesis")
		}
		Error::Connection(_) => Check::broken("node", error.to_string(), "start the node, or correct urls"),
		_ => Check::broken("node", error.to_string(), "use the version of millrace-miner that fits the chain"),
	};
	let rest = ["clock", "registered", "stake", "ready", "offers", "registry"];
	std::iter::once(first).chain(rest.map(|name| Check::skipped(name, "the chain can't be read"))).collect()
}

/// What the chain's facts mean for this configuration.
pub fn judge(facts: &Facts, config: &Config, probe: &Probe, owner: &Owner) -> Vec<Check> {
	let mut checks = node(facts, config);
	checks.extend(registration(facts, config, owner));
	checks.extend(offers(facts, config, probe, owner));
	checks.extend(registry(facts, probe, owner));
	checks.extend(session::published(facts, config));
	checks
}

fn node(facts: &Facts, config: &Config) -> Vec<Check> {
	let NodeHealth { syncing, peers, needs_peers } = facts.health;
	let (url, best) = (&facts.url, facts.best);
	let node = if syncing {
		Check::broken("node", format!("{url} is at block {best} and still syncing"), "wait, or name another node first")
	} else if needs_peers && peers == 0 {
		Check::broken("node", format!("{url} has no peers"), "open its peer-to-peer port, or name its bootnodes")
	} else {
		Check::ok("node", format!("{url}, block {best}, {peers} peers"))
	};
	let hash = format!("0x{}", hex::encode(facts.genesis));
	let genesis = match config.genesis {
		Some(_) => Check::ok("genesis", hash),
		None => {
			let mend = format!("set genesis = \"{hash}\", so that a node of another chain is refused");
			Check::warn("genesis", format!("{hash}, not pinned"), mend)
		}
	};
	let off = facts.ahead_secs.saturating_abs();
	let side = if facts.ahead_secs > 0 { "ahead of" } else { "behind" };
	let found = format!("the best block is {off} s {side} this machine's clock");
	let mend = "set the clock (`timedatectl set-ntp true`); if it is right, the chain or the node stands still";
	let clock = if syncing {
		Check::skipped("clock", "the node is still syncing")
	} else if best == 0 {
		// The genesis block has no time.
		Check::skipped("clock", "the chain has no block yet")
	} else if off > OFF.1 {
		Check::broken("clock", found, mend)
	} else if off > OFF.0 {
		Check::warn("clock", found, mend)
	} else {
		Check::ok("clock", found)
	};
	vec![node, genesis, clock]
}

fn registration(facts: &Facts, config: &Config, owner: &Owner) -> Vec<Check> {
	let Some(operator) = &facts.operator else {
		let why = "the operator's key can't be used";
		return ["registered", "stake", "ready"].map(|name| Check::skipped(name, why)).into();
	};
	let wanted = least_stake(&facts.parameters, slots_of(&config.offers));
	let Some(miner) = &facts.miner else {
		let mend = format!("sign this with the owner's key:\n{}", owner.register(operator, wanted));
		let first = Check::broken("registered", format!("no miner has the operator {operator}"), mend);
		let why = "the operator is not registered";
		return vec![first, Check::skipped("stake", why), Check::skipped("ready", why)];
	};
	let registered = if miner.owner == *operator {
		let found = format!("owner and operator are one account, {operator}");
		Check::warn("registered", found, "the stake is as hot as the operator's key; register with a cold owner")
	} else {
		Check::ok("registered", format!("owner {}", miner.owner))
	};
	let least = least_stake(&facts.parameters, miner.slots_offered.into());
	let stake = if miner.bonded < least {
		let missing = least.saturating_sub(miner.bonded);
		let found = format!(
			"{} bonded; {} slots need {}: some slots get no jobs",
			amount::show(miner.bonded),
			miner.slots_offered,
			amount::show(least)
		);
		Check::broken("stake", found, format!("sign this with the owner's key:\n{}", owner.stake(missing)))
	} else {
		Check::ok("stake", format!("{} bonded for {} slots", amount::show(miner.bonded), miner.slots_offered))
	};
	let ready = match (miner.ready, facts.drained && config.manage_ready) {
		(true, _) => Check::ok("ready", "takes jobs"),
		(false, true) => Check::ok("ready", "takes no jobs now; the miner changes that when it starts"),
		(false, false) => {
			let mend = format!("when the miner runs, sign this with the owner's key:\n{}", owner.ready());
			Check::broken("ready", "the chain gives it no jobs", mend)
		}
	};
	vec![registered, stake, ready]
}

fn offers(facts: &Facts, config: &Config, probe: &Probe, owner: &Owner) -> Vec<Check> {
	let mut checks = Vec::new();
	let local = |digest: H256| {
		// Needs no engine.
		if digest == bench::DIGEST {
			return true;
		}
		let digest = hex::encode(digest);
		let same = |found: &Option<String>| found.as_deref() == Some(&digest);
		probe.models().iter().any(|(_, model)| same(&model.digest) && model.refusal.is_none())
	};
	for offer in &facts.offers {
		let Some(model) = facts.models.iter().find(|model| model.id == offer.model) else { continue };
		let name = &model.name;
		if !local(model.digest) {
			let digest = hex::encode(model.digest);
			let found = format!("{name} is offered on chain, but no engine here can run its file, sha256 {digest}");
			let withdraw = owner.command(&format!("miner withdraw --offer {}", quoted(name)));
			let mend = format!("get that very file, or take the offer back:\n  {withdraw}");
			checks.push(Check::broken("offers", found, mend));
		} else if model.retired {
			let found = format!("{name} is retired and takes no more jobs");
			checks.push(Check::warn("offers", found, "offer another model"));
		} else {
			checks.push(Check::ok("offers", format!("{name}, {} slots", offer.slots)));
		}
	}
	let slots = facts.offers.iter().fold(0u64, |sum, offer| sum.saturating_add(offer.slots.into()));
	if slots > u64::try_from(config.slots.get()).unwrap_or(u64::MAX) {
		let found = format!("{slots} slots are offered on chain, slots = {} here", config.slots);
		checks.push(Check::broken(
			"offers",
			found,
			"raise slots, or offer fewer; jobs beyond run into their deadlines",
		));
	}
	for gap in gaps(&config.offers, &facts.models, &facts.offers) {
		let (offer, model, what) = match gap {
			Gap::NoModel(offer) => {
				let found = format!("the chain has no model {}", offer.model);
				checks.push(Check::broken("offers", found, "see `millrace model list` for the names"));
				continue;
			}
			Gap::Absent(offer, model) => (offer, model, "is not on chain"),
			Gap::Different(offer, model) => (offer, model, "differs on chain"),
		};
		let found = format!("the configured offer for {} {what}", offer.model);
		let mend = format!("sign this with the owner's key:\n{}", owner.offer(offer, Some(model)));
		checks.push(Check::warn("offers", found, mend));
	}
	if facts.offers.is_empty() && facts.miner.is_some() {
		let mend = "add an [[offer]] to the configuration; `millrace-miner offer` prints the command to sign";
		checks.push(Check::broken("offers", "no offer is on chain, so that no job comes", mend));
	} else if facts.miner.is_none() && config.offers.is_empty() {
		checks.push(Check::skipped("offers", "the operator is not registered"));
	}
	checks
}

fn registry(facts: &Facts, probe: &Probe, owner: &Owner) -> Vec<Check> {
	let mut checks = Vec::new();
	for (kind, report) in probe.models() {
		let Some(digest) = &report.digest else { continue };
		let found = facts.models.iter().find(|model| hex::encode(model.digest) == *digest);
		checks.push(match found {
			Some(model) => Check::ok("registry", format!("{} is model {} {}", report.name, model.id, model.name)),
			None => {
				let file = if kind == "llama" { quoted(&report.name) } else { "FILE".into() };
				let command = owner.command(&format!("model register {file} --name NAME"));
				let mend = format!("nobody can ask for it; whoever wants to, registers it:\n  {command}");
				Check::warn("registry", format!("{} ({kind}) is not registered on chain", report.name), mend)
			}
		});
	}
	checks
}
