//! The gateway's answers in channels: streamed by a real miner as they are made, with two transactions for all of them.

use std::net::TcpListener;

use millrace_client::{calls, channel, Signer};
use millrace_primitives::{channel::CHECKPOINT_TOKENS, Balance, ChannelId, Rate, MILL};
use millrace_tests::{miner::Engine, world::account, Gateway, Miner, Say, World};
use reqwest::{Client, Response};
use serde_json::{json, Value};

/// Its answer is longer than an interval between two checkpoints.
const LONG: &str = "What is a voucher?";
pub(super) const SUM: &str = "What is 17 + 25?";

fn miner(world: &World) -> Miner {
	world.streaming_miner(&Engine::Llama, &[])
}

/// Asks the tiny model, which answers.
pub(super) async fn ask(gateway: &Gateway, messages: Value, stream: bool) -> Response {
	let body = json!({ "model": "millrace-tiny", "messages": messages, "temperature": 0, "max_tokens": 200, "stream": stream });
	let mut request = Client::new().post(format!("{}/chat/completions", gateway.base_url())).json(&body);
	if !gateway.api_key().is_empty() {
		request = request.bearer_auth(gateway.api_key());
	}
	let response = request.send().await.unwrap();
	assert!(response.status().is_success(), "{}", response.text().await.unwrap());
	response
}

/// A conversation's only message.
pub(super) fn user(text: &str) -> Value {
	json!([{ "role": "user", "content": text }])
}

/// Channel and fee of an answer.
pub(super) fn paid(note: &Value) -> (ChannelId, Balance) {
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

/// The text of an answer, its channel and fee.
pub(super) async fn answered(gateway: &Gateway, messages: Value) -> (String, (ChannelId, Balance)) {
	let body: Value = ask(gateway, messages, false).await.json().await.unwrap();
	let text = body["choices"][0]["message"]["content"].as_str().unwrap_or_else(|| panic!("{body}"));
	(text.to_owned(), paid(&body["millrace"]))
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
	let (paid, whole) = (world.settled(channel).await, first + second + third + fourth);
	miner.wait_for("channel_closed");
	// What was cut off is paid at the most as the same answer was.
	assert!((whole..=whole + first).contains(&paid), "{paid} for {whole}, {first}");
	assert_eq!(world.money("//Bob").await.free, bob.free + paid);
	assert_eq!(world.client.channels_of(&account("//Charlie")).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_should_end_where_it_is_told_to_and_be_the_same_by_the_same_seed() {
	let world = World::with_offer(1).await;
	let _miner = miner(&world);
	let gateway = Gateway::open(&world.node, &[]);
	let ask = |more: Value| {
		let url = format!("{}/chat/completions", gateway.base_url());
		async move {
			let mut body = json!({ "model": "millrace-tiny", "messages": user(SUM), "max_tokens": 40 });
			body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
			let response = Client::new().post(url).json(&body).send().await.unwrap();
			let body: Value = response.json().await.unwrap();
			assert!(body["millrace"]["channel"].is_u64(), "{body}");
			body["choices"][0].clone()
		}
	};
	let cut = ask(json!({ "temperature": 0, "stop": [" ="] })).await;
	assert_eq!((&cut["message"]["content"], &cut["finish_reason"]), (&json!("17 + 25"), &json!("stop")));
	let drawn = |seed: u32| ask(json!({ "temperature": 2, "seed": seed }));
	let (first, again, other) = (drawn(7).await, drawn(7).await, drawn(8).await);
	assert_eq!(first["message"]["content"], again["message"]["content"]);
	assert_ne!(first["message"]["content"], other["message"]["content"]);
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

#[tokio::test(flavor = "multi_thread")]
async fn another_miner_should_answer_when_the_first_one_dies_before_its_first_word() {
	let world = World::with_offer(1).await;
	let engine = world.scripted(Say::Nothing).await;
	let cheap = Engine::Ollama(engine.url());
	let mut first = world.streaming_miner(&cheap, &[]);
	let dave = world.client.submitter(Signer::from_uri("//Dave").unwrap());
	let dear = Rate::PerGpuSecond(MILL);
	for call in [calls::register_miner(account("//Dave//operator"), 1_000 * MILL), calls::offer(0, dear, 1)] {
		dave.send(call).await.unwrap().in_block().await.unwrap();
	}
	let work = tempfile::TempDir::new().unwrap();
	let args = ["--session-listen", "/ip4/127.0.0.1/tcp/0"];
	let second = Miner::start_with(&world.node.url(), "Dave", work.path(), &Engine::Llama, &args);
	second.wait_for("endpoint");
	let gateway = Gateway::open(&world.node, &[]);
	let asked = tokio::spawn({
		let url = gateway.base_url().to_owned();
		async move {
			let body = json!({ "model": "millrace-tiny", "messages": user(SUM), "temperature": 0 });
			let response = Client::new().post(format!("{url}/chat/completions")).json(&body).send().await.unwrap();
			response.json::<Value>().await.unwrap()
		}
	});
	engine.asked(1).await;
	first.kill();
	let body = asked.await.unwrap();
	assert_eq!(body["choices"][0]["message"]["content"], "17 + 25 = 42.", "{body}");
	let (id, _) = paid(&body["millrace"]);
	assert_eq!(world.client.channel(id).await.unwrap().unwrap().miner, account("//Dave"));
}

/// More than an interval between two checkpoints, and slow enough to be cut off after one.
fn fours_and_twos() -> Say {
	Say::Slowly(["4", "2"].iter().cycle().take(150).map(|word| (*word).to_owned()).collect(), 40)
}

/// How many of [`fours_and_twos`] are in a stream.
fn shown(heard: &str) -> usize {
	heard.matches("\"content\":\"4\"").count() + heard.matches("\"content\":\"2\"").count()
}

/// Listens until an interval and some more were heard.
async fn hear(answer: &mut Response, heard: &mut String) {
	while shown(heard) < 40 {
		let chunk = answer.chunk().await.unwrap().unwrap_or_else(|| panic!("{heard}"));
		heard.push_str(&String::from_utf8_lossy(&chunk));
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn key_should_be_charged_to_the_planck_when_its_gateway_is_killed_within_an_answer() {
	const PRICE: Balance = MILL / 1_000;
	let world = World::with_offer(1).await;
	world.price(Rate::PerToken { input: 0, output: PRICE }).await;
	let engine = world.scripted(fours_and_twos()).await;
	let _miner = world.streaming_miner(&Engine::Ollama(engine.url()), &[]);
	let mut gateway = Gateway::start(&world.node);
	let spent = |gateway: &Gateway| {
		let keys = gateway.key(&["list"]);
		keys["keys"][0]["spent"].as_str().unwrap().parse::<Balance>().unwrap()
	};
	let (mut answer, mut heard) = (ask(&gateway, user(SUM), true).await, String::new());
	hear(&mut answer, &mut heard).await;
	assert_eq!(spent(&gateway), 0);
	gateway.crash_and_restart();
	let cut_off = spent(&gateway);
	let interval = PRICE * Balance::from(CHECKPOINT_TOKENS);
	assert!(cut_off >= interval && cut_off.is_multiple_of(interval) && cut_off < 150 * PRICE, "{cut_off}");

	// The engine says that it worked for 5 ms, which the gateway has to have seen pass.
	engine.say(Say::Slowly(vec!["42".into()], 20));
	let (_, (channel, fee)) = answered(&gateway, user(SUM)).await;
	assert_eq!((channel, spent(&gateway)), (0, cut_off + fee));
	gateway.crash_and_restart();
	assert_eq!(spent(&gateway), cut_off + fee, "what has ended is charged once");
	world.charlie.send(channel::close(0, None)).await.unwrap().in_block().await.unwrap();
	assert_eq!(world.settled(0).await, cut_off + fee);
}

#[tokio::test(flavor = "multi_thread")]
async fn stream_should_end_with_an_error_and_be_paid_to_the_last_checkpoint_when_its_miner_dies() {
	const PRICE: Balance = MILL / 1_000;
	let world = World::with_offer(1).await;
	world.price(Rate::PerToken { input: 0, output: PRICE }).await;
	let engine = world.scripted(fours_and_twos()).await;
	let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
	let listen = format!("/ip4/127.0.0.1/tcp/{port}");
	let start = || {
		let miner = world.miner_with(&Engine::Ollama(engine.url()), &["--session-listen", &listen]);
		miner.wait_for("endpoint");
		miner
	};
	let mut miner = start();
	let bob = world.money("//Bob").await;
	let gateway = Gateway::open(&world.node, &[]);
	let (mut answer, mut heard) = (ask(&gateway, user(SUM), true).await, String::new());
	hear(&mut answer, &mut heard).await;
	miner.kill();
	drop(miner);
	heard.push_str(&answer.text().await.unwrap());
	assert!(heard.contains("answer_broke_off") && !heard.contains("[DONE]"), "{heard}");

	let miner = start();
	world.charlie.send(channel::close(0, None)).await.unwrap().in_block().await.unwrap();
	let paid = world.settled(0).await;
	miner.wait_for("channel_closed");
	let interval = PRICE * Balance::from(CHECKPOINT_TOKENS);
	let intervals = shown(&heard) / usize::try_from(CHECKPOINT_TOKENS).unwrap();
	assert_eq!(paid, interval * Balance::try_from(intervals).unwrap());
	assert_eq!(world.money("//Bob").await.free, bob.free + paid);
}
