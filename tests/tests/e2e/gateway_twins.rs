//! Two gateways that pay from one account.

use std::collections::BTreeMap;

use futures::future::join_all;
use millrace_client::channel;
use millrace_primitives::{Balance, ChannelId, Rate};
use millrace_tests::{miner::Engine, Gateway, Miner, World};
use reqwest::Client;
use serde_json::{json, Value};

use super::gateway_channels::{answered, ask, user, SUM};

/// Prices that no other answer has by chance.
const RATE: Rate = Rate::PerToken { input: 1_000_003, output: 7_000_019 };

async fn priced() -> (World, Miner) {
	let world = World::with_offer(1).await;
	world.price(RATE).await;
	let miner = world.streaming_miner(&Engine::Llama, &["--session-streams", "8"]);
	(world, miner)
}

/// What was charged, by channel, and for jobs.
#[derive(Default)]
struct Charged {
	channels: BTreeMap<ChannelId, Balance>,
	jobs: Balance,
}

impl Charged {
	/// Takes what an answer's note says.
	fn add(&mut self, note: &Value) {
		let fee: Balance = note["fee"].as_str().unwrap_or_else(|| panic!("{note}")).parse().unwrap();
		match note["channel"].as_u64() {
			Some(channel) => *self.channels.entry(channel).or_default() += fee,
			None => self.jobs += fee,
		}
	}

	/// Closes all channels, which must pay that, and nothing else must have been paid.
	async fn check(&self, world: &World, before: Balance) {
		for (channel, charged) in &self.channels {
			world.charlie.send(channel::close(*channel, None)).await.unwrap().in_block().await.unwrap();
			assert_eq!(world.settled(*channel).await, *charged, "channel {channel}");
		}
		let whole = self.jobs + self.channels.values().sum::<Balance>();
		assert_eq!(world.money("//Bob").await.free, before + whole);
	}
}

/// Asks for a sum, in a channel or as a job; the answer's note.
async fn sum(gateway: &Gateway) -> Value {
	let body: Value = ask(gateway, user(SUM), false).await.json().await.unwrap();
	assert_eq!(body["choices"][0]["message"]["content"], "17 + 25 = 42.", "{body}");
	body["millrace"].clone()
}

/// Has a text embedded, by a job; the answer's note.
async fn embedded(gateway: &Gateway) -> Value {
	let body = json!({ "model": "millrace-tiny", "input": SUM });
	let response = Client::new().post(format!("{}/embeddings", gateway.base_url())).json(&body).send().await.unwrap();
	let status = response.status();
	let body: Value = response.json().await.unwrap();
	assert!(status.is_success(), "{status} {body}");
	body["millrace"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn second_gateway_should_be_told_who_is_there_when_it_has_the_same_records() {
	let (world, _miner) = priced().await;
	let before = world.money("//Bob").await.free;
	let gateway = Gateway::open(&world.node, &[]);
	let mut charged = Charged::default();
	charged.add(&sum(&gateway).await);
	let mut second = gateway.double();
	assert_eq!(second.ended(), Some(1));
	let said = second.lines().join("\n");
	let holder = format!("is in use by another gateway, process {}", gateway.process().id());
	assert!(said.contains("gateway.db") && said.contains(&holder), "{said}");
	charged.add(&sum(&gateway).await);
	assert_eq!(charged.channels.len(), 1);
	charged.check(&world, before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gateways_should_sign_nothing_twice_when_only_the_account_is_the_same() {
	let (world, _miner) = priced().await;
	let before = world.money("//Bob").await.free;
	let first = Gateway::open(&world.node, &[]);
	let mut charged = Charged::default();
	charged.add(&sum(&first).await);
	// It finds the first one's channel on chain, and learns from the miner what was signed for there.
	let second = Gateway::open(&world.node, &[]);
	let (_, (own, fee)) = answered(&second, user(SUM)).await;
	assert_eq!(own, 0);
	charged.add(&json!({ "channel": own, "fee": fee.to_string() }));
	for _ in 0..3 {
		let both = (join_all((0..4).map(|_| sum(&first))), join_all((0..4).map(|_| sum(&second))));
		let jobs = (embedded(&first), embedded(&second));
		let (a, b, c, d) = futures::join!(both.0, both.1, jobs.0, jobs.1);
		a.iter().chain(&b).chain([&c, &d]).for_each(|note| charged.add(note));
	}
	assert!(charged.jobs > 0 && charged.channels.len() >= 2, "{:?}", charged.channels);
	charged.check(&world, before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn channel_should_be_used_by_one_gateway_at_a_time_when_they_share_its_folder() {
	let (world, _miner) = priced().await;
	let before = world.money("//Bob").await.free;
	let mut first = Gateway::open(&world.node, &[]);
	let mut charged = Charged::default();
	let note = sum(&first).await;
	assert_eq!(note["channel"], 0);
	charged.add(&note);
	let second = Gateway::open_beside(&world.node, &first);
	let note = sum(&second).await;
	assert_ne!(note["channel"], 0, "{note}");
	charged.add(&note);
	let said = second.process().lines().join("\n");
	assert!(said.contains("channel-0 is in use by another program"), "{said}");
	charged.add(&sum(&first).await);
	first.kill();
	// The miner may not have heard of the last voucher; it is in the folder, for whoever takes the channel next.
	let third = Gateway::open_beside(&world.node, &second);
	let note = sum(&third).await;
	assert_eq!(note["channel"], 0, "{note}");
	charged.add(&note);
	charged.add(&sum(&second).await);
	charged.check(&world, before).await;
}
