//! `millrace-miner models`: what the engines have, what the chain knows of it, and what it earns there.

use std::{
	collections::BTreeMap,
	fmt::{self, Write},
	time::Duration,
};

use anyhow::Context;
use millrace_client::{amount, Client, Error, Offer, Snapshot};
use millrace_primitives::{AccountId32, Bid, JobParams, ModelId, Rate, H256};
use serde::{Serialize, Serializer};
use serde_json::json;
use tokio::time::timeout;

use crate::{
	config::Config,
	probe::{EngineReport, Probe},
};

/// The job for which offers of different units are compared: so many bytes of input and tokens of answer.
const TYPICAL: (u32, u32) = (512, 256);

/// A node that does not answer within this time is away.
const PATIENCE: Duration = Duration::from_secs(10);

/// The engines' models and why some are not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
	/// Each file once, in the configured order of the engines.
	pub models: Vec<Line>,
	/// Engines and models that can't be used now, and why.
	pub problems: Vec<String>,
}

/// A model of an engine, as the chain sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
	/// The engine that answers, the first one that has the file.
	pub engine: &'static str,
	/// That engine's name of it.
	pub name: String,
	/// sha256 of its GGUF file.
	#[serde(serialize_with = "hex_digest")]
	pub digest: H256,
	/// Its entry on chain; `None`: nobody has registered this file.
	pub registered: Option<Registered>,
}

/// A registered model and what is paid for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Registered {
	/// Its number.
	pub id: ModelId,
	/// Its name on chain.
	pub name: String,
	/// Tokens of prompt and answer together.
	pub context_length: u32,
	/// Whether it takes no more jobs.
	pub retired: bool,
	/// What this operator's miner asks.
	pub own: Option<Own>,
	/// What the other miners ask.
	pub others: Others,
}

/// A rate as the command line `millrace` shows it. In JSON, plancks are strings, for they do not fit its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price(pub Rate);

impl Serialize for Price {
	fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
		let value = match self.0 {
			Rate::PerToken { input, output } => {
				json!({ "unit": "token", "input": input.to_string(), "output": output.to_string() })
			}
			Rate::PerGpuSecond(price) => json!({ "unit": "gpu_second", "price": price.to_string() }),
		};
		value.serialize(serializer)
	}
}

impl fmt::Display for Price {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self.0 {
			Rate::PerToken { input, output } => {
				write!(f, "{} per input token, {} per output token", amount::show(input), amount::show(output))
			}
			Rate::PerGpuSecond(price) => write!(f, "{} per GPU-second", amount::show(price)),
		}
	}
}

/// An offer of this miner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Own {
	/// The price.
	pub rate: Price,
	/// Jobs that it takes at once.
	pub slots: u32,
	/// Of these, how many are free.
	pub free_slots: u32,
	/// 0 to 1000.
	pub reputation: u32,
}

/// The offers of other miners.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Others {
	/// How many there are.
	pub offers: usize,
	/// Of these, how many could win a job now.
	pub ready: usize,
	/// Free slots of those that could win.
	pub free_slots: u32,
	/// The cheapest rate.
	pub lowest: Option<Price>,
	/// The middle one; of two middle ones the cheaper.
	pub median: Option<Price>,
}

fn hex_digest<S: Serializer>(digest: &H256, serializer: S) -> Result<S::Ok, S::Error> {
	serializer.serialize_str(&format!("0x{}", hex::encode(digest)))
}

/// Asks the engines and the chain. Reads all model files, which takes a while for large ones.
///
/// # Errors
///
/// When no node answers, or there is no operator.
pub async fn report(config: &Config) -> anyhow::Result<Report> {
	let operator = config.signer()?.account_id();
	let (found, problems) = found(&Probe::new(config).await.engines);
	let genesis = config.genesis.map(|genesis| genesis.0);
	let asked = timeout(PATIENCE, async {
		let client = Client::connect_any(&config.addresses(), genesis).await?;
		compare(found, &client.at_best().await?, &operator).await
	});
	let models = asked.await.context("no node answers")??;
	Ok(Report { models, problems })
}

/// An engine, its name of a model, and the model's digest.
type Found = (&'static str, String, H256);

/// What the engines have, each file once, and what is wrong with the rest.
fn found(engines: &[EngineReport]) -> (Vec<Found>, Vec<String>) {
	let (mut found, mut problems): (Vec<Found>, _) = (Vec::new(), Vec::new());
	for engine in engines {
		problems.extend(engine.problem.iter().map(|problem| format!("{}: {problem}", engine.kind)));
		for model in &engine.models {
			problems.extend(model.refusal.iter().map(|refusal| format!("{}: {refusal}", model.name)));
			let bytes = model.digest.as_deref().and_then(|digest| hex::decode(digest).ok());
			let Some(digest) = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).map(H256::from) else {
				continue;
			};
			if !found.iter().any(|(_, _, known)| *known == digest) {
				found.push((engine.kind, model.name.clone(), digest));
			}
		}
	}
	(found, problems)
}

/// What the chain has for these files.
async fn compare(found: Vec<Found>, at: &Snapshot, operator: &AccountId32) -> Result<Vec<Line>, Error> {
	let owner = at.owner_of(operator).await?;
	let offers = match &owner {
		Some(owner) => at.offers_of(owner).await?,
		None => Vec::new(),
	};
	// Several entries can have one digest: the one that takes jobs counts, and the older of two.
	let mut entries = BTreeMap::new();
	let mut models = at.models().await?;
	models.sort_by_key(|model| (model.retired, model.id));
	for model in models {
		entries.entry(model.digest).or_insert(model);
	}
	let mut lines = Vec::new();
	for (engine, name, digest) in found {
		let registered = match entries.get(&digest) {
			None => None,
			Some(model) => Some(Registered {
				id: model.id,
				name: model.name.clone(),
				context_length: model.context_length,
				retired: model.retired,
				own: offers.iter().find(|offer| offer.model == model.id).map(own),
				others: others(&bids(at, model.id, model.context_length).await?, owner.as_ref()),
			}),
		};
		lines.push(Line { engine, name, digest, registered });
	}
	Ok(lines)
}

async fn bids(at: &Snapshot, model: ModelId, context: u32) -> Result<Vec<Bid<AccountId32>>, Error> {
	let (input, output) = TYPICAL;
	at.bids(model, JobParams::greedy(output.min(context)), input).await
}

fn own(offer: &Offer) -> Own {
	Own {
		rate: Price(offer.rate),
		slots: offer.slots,
		free_slots: offer.slots.saturating_sub(offer.used),
		reputation: offer.reputation,
	}
}

fn others(bids: &[Bid<AccountId32>], owner: Option<&AccountId32>) -> Others {
	let mut bids: Vec<_> = bids.iter().filter(|bid| Some(&bid.owner) != owner).collect();
	bids.sort_by_key(|bid| bid.score.cost);
	let ready: Vec<_> = bids.iter().filter(|bid| bid.obstacle.is_none()).collect();
	Others {
		offers: bids.len(),
		ready: ready.len(),
		free_slots: ready.iter().fold(0, |sum, bid| sum.saturating_add(bid.free_slots)),
		lowest: bids.first().map(|bid| Price(bid.rate)),
		median: bids.get(bids.len().saturating_sub(1) / 2).map(|bid| Price(bid.rate)),
	}
}

impl Report {
	/// For people.
	pub fn text(&self) -> String {
		let mut out = String::new();
		for line in &self.models {
			line.write(&mut out);
		}
		if self.models.is_empty() {
			out.push_str("no engine has a model\n");
		}
		for problem in &self.problems {
			out.push_str(&format!("problem     {problem}\n"));
		}
		out
	}
}

impl Line {
	fn write(&self, out: &mut String) {
		let mut row = |name: &str, value: &str| {
			// A String takes every write.
			let _ = writeln!(out, "{name:<11} {value}");
		};
		row("model", &format!("{} ({})", self.name, self.engine));
		row("digest", &format!("0x{}", hex::encode(self.digest)));
		let Some(model) = &self.registered else {
			return row("registered", "no; nobody can ask for it\n");
		};
		let retired = if model.retired { ", retired: no more jobs" } else { "" };
		row(
			"registered",
			&format!("{} as {}, {} tokens of context{retired}", model.id, model.name, model.context_length),
		);
		row(
			"your offer",
			&match &model.own {
				Some(own) => {
					let Own { slots, free_slots, reputation, .. } = own;
					format!("{}; {free_slots} of {slots} slots free, reputation {reputation}", own.rate)
				}
				None => "none".into(),
			},
		);
		let Others { offers, ready, free_slots, lowest, median } = &model.others;
		row("others", &format!("{offers} offers; {ready} could win now, with {free_slots} free slots"));
		if let (Some(lowest), Some(median)) = (lowest, median) {
			row("lowest", &lowest.to_string());
			row("median", &median.to_string());
		}
		out.push('\n');
	}
}

#[cfg(test)]
mod tests {
	use millrace_primitives::{Obstacle, Score, MILL};

	use super::*;
	use crate::probe::ModelReport;

	fn bid(owner: u8, price: u128, free_slots: u32) -> Bid<AccountId32> {
		Bid {
			owner: [owner; 32].into(),
			operator: [owner; 32].into(),
			rate: Rate::PerGpuSecond(price),
			slots: 4,
			free_slots,
			score: Score { reputation: 0, free_stake: 1, cost: price, score: 100 },
			obstacle: (free_slots == 0).then_some(Obstacle::NoFreeSlot),
		}
	}

	#[test]
	fn others_should_leave_the_own_offer_out_when_the_miner_has_one() {
		let bids = [bid(1, 30, 1), bid(2, 10, 0), bid(3, 20, 2), bid(4, 40, 3)];
		let found = others(&bids, Some(&[1; 32].into()));
		assert_eq!((found.offers, found.ready, found.free_slots), (3, 2, 5));
		assert_eq!(
			(found.lowest, found.median),
			(Some(Price(Rate::PerGpuSecond(10))), Some(Price(Rate::PerGpuSecond(20))))
		);
		assert_eq!(others(&bids, None).median, Some(Price(Rate::PerGpuSecond(20))));
		assert_eq!(others(&bids[..1], Some(&[1; 32].into())), Others::default());
	}

	#[test]
	fn price_should_be_exact_when_it_is_json() {
		let price = Price(Rate::PerToken { input: 1, output: u128::MAX });
		let wanted = json!({ "unit": "token", "input": "1", "output": u128::MAX.to_string() });
		assert_eq!(serde_json::to_value(price).unwrap(), wanted);
	}

	#[test]
	fn file_should_be_listed_once_when_several_engines_have_it() {
		let model = |name: &str, digest: Option<&str>, refusal: Option<&str>| ModelReport {
			name: name.into(),
			digest: digest.map(|digit| digit.repeat(64)),
			bytes: None,
			gpu: None,
			refusal: refusal.map(str::to_owned),
			warning: None,
		};
		let engine =
			|kind, problem: Option<&str>, models| EngineReport { kind, problem: problem.map(str::to_owned), models };
		let engines = [
			engine("llama", None, vec![model("a", Some("a"), None), model("b", None, Some("no such file"))]),
			engine("ollama", None, vec![model("other", Some("a"), None), model("c", Some("c"), None)]),
			engine("openai", Some("away"), Vec::new()),
		];
		let (files, problems) = found(&engines);
		let files: Vec<_> = files.iter().map(|(engine, name, _)| (*engine, name.as_str())).collect();
		assert_eq!(files, [("llama", "a"), ("ollama", "c")]);
		assert_eq!(problems, ["b: no such file", "openai: away"]);
	}

	#[test]
	fn text_should_say_what_is_missing_when_a_model_is_not_registered_or_offered() {
		let line = |registered| Line { engine: "llama", name: "x".into(), digest: H256::repeat_byte(0xab), registered };
		let registered = Registered {
			id: 7,
			name: "tiny".into(),
			context_length: 512,
			retired: false,
			own: None,
			others: others(&[bid(1, MILL / 50, 1)], None),
		};
		let report = Report { models: vec![line(None), line(Some(registered))], problems: vec!["ollama: away".into()] };
		let shown = report.text();
		for words in [
			"problem     ollama: away",
			"no; nobody can ask",
			"7 as tiny, 512 tokens",
			"your offer  none",
			"0.02 MILL per GPU-second",
		] {
			assert!(shown.contains(words), "{words}: {shown}");
		}
	}
}
