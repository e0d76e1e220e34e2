//! The gateway's answers in channels: streamed by a real miner as they are made, with two transactions for all of them.

use std::time::{Duration, Instant};

use millrace_client::{channel, ChannelState};
use millrace_primitives::{Balance, ChannelId};
use millrace_tests::{miner::Engine, process::PATIENCE, world::account, Gateway, Miner, World};
use reqwest::{Client, Response};
use serde_json::{json, Value};

/// Its answer is longer than an interval between two checkpoints.
const LONG: &str = "What is a voucher?";
const SUM: &str = "What is 17 + 25?";

fn miner(world: &World) -> Miner {
	let miner = world.miner_with(&Engine::Llama, &["--session-listen", "/ip4/127.0.0.1/tcp/0"]);
	miner.wait_for("endpoint");
	miner
}

async fn ask(gateway: &Gateway, messages: Value, stream: bool) -> Response {
	let body = json!({ "model": "millrace-tiny", "messages": messages, "temperature": 0, "max_tokens": 200, "stream": stream });
	let request = Client::new().post(format!("{}/chat/completions", gateway.base_url())).json(&body);
	let response = request.send().await.unwrap();
	assert!(response.status().is_success(), "{}", response.text().await.unwrap());
	response
}

fn user(text: &str) -> Value {
	json!([{ "role": "user", "content": text }])
}

/// Channel and fee of an answer.
fn paid(note: &Value) -> (ChannelId, Balance) {
	let fee = note["fee"].as_str().unwrap_or_else(|| panic!("{note}")).parse().unwrap();
	(note["channel"].as_u64().unwrap_or_else(|| panic!("{note}")), fee)
}

/// The texts of the events, and what the last one says of the payment.
async fn streamed(gateway: &Gateway, text: &str) -> (Vec<String>, (ChannelId, Balance)) {
	let body = ask(gateway, user(text), true).await.text().await.unwrap();
	let (mut texts, mut note) = (Vec::new(), Value::Null);
	for data in body.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]") {
		let event: Value = serde_json::from_str(data).unwrap();
		if let Some(text) = event["choices"][0]["delta"]["content"].as_str().filter(|text| !text.is_empty()) {
			texts.push(text.to_owned());
		}
		if event["millrace"].is_object() {
			note = event["millrace"].clone();
		}
	}
	(texts, paid(&note))
}

async fn answered(gateway: &Gateway, messages: Value) -> (String, (ChannelId, Balance)) {
	let body: Value = ask(gateway, messages, false).await.json().await.unwrap();
	let text = body["choices"][0]["message"]["content"].as_str().unwrap_or_else(|| panic!("{body}"));
	(text.to_owned(), paid(&body["millrace"]))
}

async fn settled(world: &World, id: ChannelId) -> Balance {
	let end = Instant::now() + PATIENCE;
	loop {
		if let Some(ChannelState::Settled { paid }) = world.client.channel(id).await.unwrap().map(|found| found.state) {
			return paid;
		}
		assert!(Instant::now() < end, "channel {id} is not settled");
		tokio::time::sleep(Duration::from_millis(200)).await;
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_should_share_a_channel_when_they_are_streamed_and_the_gateway_is_killed_between_and_within_them() {
	let world = World::with_offer(1).await;
	let miner = miner(&world);
	let bob = world.money("//Bob").await;
	let mut gateway = Gateway::open(&world.node, &[]);

	let (texts, (channel, first)) = streamed(&gateway, LONG).await;
	assert!(texts.len() > 8, "{texts:?}");
	let (sum, (same, second)) = answered(&gateway, user(SUM)).await;
	assert_eq!((sum.as_str(), same), ("17 + 25 = 42.", channel));
	let conversation = json!([
		{ "role": "system", "content": "Be brief." },
		{ "role": "user", "content": "What is 1 + 2?" },
		{ "role": "assistant", "content": "1 + 2 = 3." },
		{ "role": "user", "content": SUM },
	]);
	let (text, (same, third)) = answered(&gateway, conversation).await;
	assert!(!text.is_empty() && same == channel, "{text}");

	let mut broken = ask(&gateway, user(LONG), true).await;
	let mut heard = String::new();
	while !heard.contains("content\":\"a") && !heard.contains("content\": \"a") && heard.len() < 2_000 {
		let Some(chunk) = broken.chunk().await.unwrap() else { break };
		heard.push_str(&String::from_utf8_lossy(&chunk));
	}
	gateway.crash_and_restart();
	let (sum, (same, fourth)) = answered(&gateway, user(SUM)).await;
	assert_eq!((sum.as_str(), same), ("17 + 25 = 42.", channel));
	assert_eq!(gateway.terminate(), Some(0));

	world.charlie.send(channel::close(channel, None)).await.unwrap().in_block().await.unwrap();
	let (paid, whole) = (settled(&world, channel).await, first + second + third + fourth);
	miner.wait_for("channel_closed");
	// What was cut off is paid at the most as the same answer was.
	assert!((whole..=whole + first).contains(&paid), "{paid} for {whole}, {first}");
	assert_eq!(world.money("//Bob").await.free, bob.free + paid);
	assert_eq!(world.client.channels_of(&account("//Charlie")).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_should_become_a_job_when_no_miner_can_be_reached_for_a_channel() {
	let world = World::with_offer(1).await;
	let mut gone = miner(&world);
	let gateway = Gateway::open(&world.node, &[]);
	let (_, (channel, _)) = answered(&gateway, user(SUM)).await;
	gone.kill();
	drop(gone);
	// The same miner without sessions: the chain still knows the old address.
	let _miner = world.miner(&Engine::Llama);
	let body: Value = ask(&gateway, user(SUM), false).await.json().await.unwrap();
	assert_eq!(body["choices"][0]["message"]["content"], "17 + 25 = 42.", "{body}");
	assert!(body["millrace"]["job"].is_u64(), "{body}");
	assert_eq!(channel, 0);
}
