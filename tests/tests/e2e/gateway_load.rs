//! More streams at once than the gateway takes.

use futures::future::join_all;
use millrace_tests::{miner::Engine, Gateway, Say, World, PATIENCE};
use reqwest::{Client, Response, StatusCode};
use serde_json::{json, Value};
use tokio::time::timeout;

use super::gateway_channels::{user, SUM};

/// Streams asked for at once.
const STREAMS: usize = 500;

/// Streams that the gateway takes, each in a channel of its own; the miner's stake has to cover them.
const TAKEN: usize = 16;

/// Most resident memory of the gateway, in KiB.
const MEMORY: u64 = 256 * 1_024;

async fn ask(client: &Client, gateway: &Gateway) -> Response {
	let body = json!({ "model": "millrace-tiny", "messages": user(SUM), "max_tokens": 64, "stream": true });
	client.post(format!("{}/chat/completions", gateway.base_url())).json(&body).send().await.unwrap()
}

/// The words of a stream that must end as it should.
async fn words(response: Response) -> Vec<String> {
	let text = timeout(PATIENCE, response.text()).await.expect("no stream hangs").unwrap();
	assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
	let events = text.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| data.starts_with('{'));
	let word = |event| {
		serde_json::from_str::<Value>(event).unwrap()["choices"][0]["delta"]["content"].as_str().map(str::to_owned)
	};
	events.filter_map(word).filter(|word| !word.is_empty()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_should_be_refused_and_none_hang_when_there_are_more_than_the_gateway_takes() {
	let world = World::with_offer(1).await;
	let engine = world.scripted(Say::Nothing).await;
	let most = TAKEN.to_string();
	let _miner = world.streaming_miner(&Engine::Ollama(engine.url()), &["--session-streams", &most]);
	let gateway = Gateway::open(&world.node, &["--max-answers", &most, "--max-channels", &most]);
	let (client, answer) = (Client::new(), vec!["42".to_owned(); 40]);

	// Opens the channels.
	let first = join_all((0..TAKEN).map(|_| ask(&client, &gateway))).await;
	assert!(first.iter().all(|response| response.status() == StatusCode::OK), "{first:?}");
	engine.asked(TAKEN).await;
	engine.say(Say::Answer(answer.clone()));
	for words in join_all(first.into_iter().map(words)).await {
		assert_eq!(words.concat(), answer.concat());
	}
	let idle = gateway.memory();

	engine.say(Say::Nothing);
	let asked = join_all((0..STREAMS).map(|_| ask(&client, &gateway)));
	let all = timeout(PATIENCE, asked).await.expect("every request is answered");
	let (taken, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(|response| response.status() == StatusCode::OK);
	assert_eq!((taken.len(), refused.len()), (TAKEN, STREAMS - TAKEN));
	for response in refused {
		assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
		assert_eq!(response.headers()["retry-after"], "1");
		assert_eq!(response.json::<Value>().await.unwrap()["error"]["code"], "rate_limit_exceeded");
	}
	let full = gateway.memory();
	engine.say(Say::Answer(answer.clone()));
	for words in join_all(taken.into_iter().map(words)).await {
		assert_eq!(words.concat(), answer.concat());
	}
	println!("the gateway held {idle} KiB with {TAKEN} channels, {full} KiB with {STREAMS} requests");
	assert!(full < MEMORY && gateway.memory() < MEMORY, "{full} KiB, then {} KiB", gateway.memory());
	assert_eq!(words(ask(&client, &gateway).await).await.concat(), answer.concat());
}
