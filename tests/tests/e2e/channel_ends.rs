//! How channels end on a real chain: after a thousand answers, in the middle of one, and without the miner's stake.

use std::time::Instant;

use millrace_client::{
	calls, channel,
	session::{last_voucher, wire::RefusalCode, Session, SessionError},
	Call, Error, Event, Signer, Submitter,
};
use millrace_primitives::{Balance, ChannelId, Rate, RunningTotal, Sampling, Workload, MILL};
use millrace_tests::{
	miner::Engine,
	world::{account, transactions},
	Gateway, Say, World,
};
use reqwest::Client;
use serde_json::{json, Value};
use tempfile::TempDir;

use super::gateway_channels::{user, SUM};

/// What the scripted engine counts for any prompt.
const PROMPT: u64 = 8;

fn word(count: usize) -> Vec<String> {
	vec!["4".to_owned(); count]
}

#[tokio::test(flavor = "multi_thread")]
async fn thousand_answers_should_be_paid_to_the_planck_when_a_gateway_streams_them_in_one_channel() {
	const ANSWERS: usize = 1_000;
	let rate = Rate::PerToken { input: 1_000_003, output: 7_000_019 };
	let world = World::with_offer(1).await;
	world.price(rate).await;
	let engine = world.scripted(Say::answer("4")).await;
	let _miner = world.streaming_miner(&Engine::Ollama(engine.url()), &[]);
	let accounts = ["//Charlie", "//Bob", "//Bob//operator"];
	let (mut before, mut after) = (Vec::new(), Vec::new());
	for uri in accounts {
		before.push(transactions(&world, uri).await);
	}
	let (bob, began) = (world.money("//Bob").await, Instant::now());
	let mut gateway = Gateway::open(&world.node, &[]);
	let (client, url) = (Client::new(), format!("{}/chat/completions", gateway.base_url()));
	let body = json!({ "model": "millrace-tiny", "messages": user(SUM), "max_tokens": 100 });
	let (mut told, mut made) = (RunningTotal::default(), 0);
	for number in 0..ANSWERS {
		// Up to two intervals and a part of one.
		let tokens = 1 + number % 70;
		made += tokens as u64;
		engine.say(Say::Answer(word(tokens)));
		let answer: Value = client.post(&url).json(&body).send().await.unwrap().json().await.unwrap();
		let count = |name: &str| answer["usage"][name].as_u64().unwrap_or_else(|| panic!("{answer}"));
		assert_eq!(
			(&answer["millrace"]["channel"], count("completion_tokens")),
			(&json!(0), tokens as u64),
			"{answer}"
		);
		told.answers += 1;
		told.input_tokens += count("prompt_tokens");
		told.output_tokens += count("completion_tokens");
		told.fee += answer["millrace"]["fee"].as_str().unwrap().parse::<Balance>().unwrap();
	}
	println!("{ANSWERS} answers took {:?}", began.elapsed());
	assert_eq!(gateway.terminate(), Some(0));
	assert_eq!((told.input_tokens, told.output_tokens), (PROMPT * ANSWERS as u64, made));
	let Rate::PerToken { input, output } = rate else { unreachable!("it is one") };
	assert_eq!(told.fee, Balance::from(told.input_tokens) * input + Balance::from(made) * output);

	let voucher = last_voucher(gateway.channel_folder(), world.client.genesis_hash(), 0).unwrap().unwrap();
	// The scripted engine's milliseconds, which cost nothing here.
	told.gpu_ms = voucher.total.gpu_ms;
	assert_eq!(voucher.total, told);
	let operator = world.client.submitter(Signer::from_uri("//Bob//operator").unwrap());
	operator.send(channel::close(0, Some(voucher))).await.unwrap().in_block().await.unwrap();
	assert_eq!(world.settled(0).await, told.fee);
	assert_eq!(world.money("//Bob").await.free, bob.free + told.fee);
	assert_eq!(world.client.channel_receipt(0).await.unwrap().unwrap().total, told);
	for uri in accounts {
		after.push(transactions(&world, uri).await);
	}
	// One that opened the channel, and one that closed it.
	assert_eq!(after, [before[0] + 1, before[1], before[2] + 1]);
}

/// Opens a channel from Charlie to Bob's miner.
async fn open(world: &World, deposit: Balance) -> ChannelId {
	let call = channel::open(account("//Bob"), 0, account("//Charlie"), deposit, None);
	let done = world.charlie.send(call).await.unwrap().in_block().await.unwrap();
	let opened = done.events.iter().find_map(|event| match event {
		Event::ChannelOpened { channel } => Some(*channel),
		_ => None,
	});
	opened.unwrap()
}

async fn session(world: &World, id: ChannelId, folder: &TempDir) -> Session {
	let charlie = Signer::from_uri("//Charlie").unwrap();
	Session::connect(&world.client, id, charlie, folder.path()).await.unwrap()
}

fn chat() -> Workload {
	Workload::Chat(Sampling::greedy(200))
}

#[tokio::test(flavor = "multi_thread")]
async fn channel_should_be_settled_with_the_best_voucher_when_its_client_closes_it_within_an_answer() {
	const PRICE: Balance = MILL / 1_000;
	let world = World::with_offer(1).await;
	world.price(Rate::PerToken { input: 0, output: PRICE }).await;
	let engine = world.scripted(Say::Slowly(word(190), 40)).await;
	let miner = world.streaming_miner(&Engine::Ollama(engine.url()), &[]);
	let (bob, operator) = (world.money("//Bob").await, world.money("//Bob//operator").await);
	let (id, folder) = (open(&world, MILL).await, TempDir::new().unwrap());
	let mut session = session(&world, id, &folder).await;
	let mut answer = session.ask(chat(), 7, SUM.into()).await.unwrap();
	while answer.next().await.unwrap().unwrap().total.fee == 0 {}

	// It goes on while the chain is told, and until the miner hears of it.
	let close = async { world.charlie.send(channel::close(id, None)).await.unwrap().in_block().await.unwrap() };
	let (_, broken) = futures::join!(close, answer.whole());
	let error = broken.unwrap_err();
	assert!(matches!(&error, SessionError::Refused { code: RefusalCode::NotOpen, .. }), "{error}");
	let total = session.total();
	assert!((PRICE..PRICE * 190).contains(&total.fee), "{total:?}");
	miner.wait_for("channel_closed");
	assert_eq!(world.settled(id).await, total.fee);
	assert_eq!(world.money("//Bob").await.free, bob.free + total.fee);
	assert_eq!(world.money("//Bob//operator").await, operator, "the closing is free for it");
	let receipt = world.client.channel_receipt(id).await.unwrap().unwrap();
	assert_eq!((receipt.total, receipt.paid, receipt.refund), (total, total.fee, MILL - total.fee));
}

/// What the chain says to a call that it must refuse.
async fn refused(sender: &Submitter, call: Call) -> String {
	let result = match sender.send(call).await {
		Ok(handle) => handle.in_block().await.map(drop),
		Err(error) => Err(error),
	};
	match result {
		Err(Error::Dispatch { pallet, error, .. }) => format!("{pallet}::{error}"),
		other => panic!("it was not refused: {other:?}"),
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn channel_should_go_on_and_no_more_be_locked_when_its_miner_unstakes() {
	let world = World::with_offer(1).await;
	let miner = world.streaming_miner(&Engine::Llama, &[]);
	let (id, folder) = (open(&world, 300 * MILL).await, TempDir::new().unwrap());
	// Of 1,000: what is left answers neither for this channel nor for another one.
	world.bob.send(calls::unstake(800 * MILL)).await.unwrap().in_block().await.unwrap();
	let more = channel::open(account("//Bob"), 0, account("//Charlie"), MILL, None);
	assert_eq!(refused(&world.charlie, more).await, "Channels::StakeTooLow");
	assert_eq!(refused(&world.charlie, channel::top_up(id, MILL)).await, "Channels::StakeTooLow");
	assert_eq!(refused(&world.bob, calls::withdraw_unbonded()).await, "Miners::NothingToWithdraw");

	// What there was is still held, and the channel answers and pays.
	let bob = world.money("//Bob").await;
	assert_eq!(bob.held, 1_000 * MILL);
	let mut session = session(&world, id, &folder).await;
	let (text, _) = session.ask(chat(), 7, SUM.into()).await.unwrap().whole().await.unwrap();
	assert_eq!(text, "17 + 25 = 42.");
	let total = session.stop().await.unwrap();
	world.charlie.send(channel::close(id, None)).await.unwrap().in_block().await.unwrap();
	miner.wait_for("channel_closed");
	assert_eq!((world.settled(id).await, world.money("//Bob").await.free), (total.fee, bob.free + total.fee));
}
