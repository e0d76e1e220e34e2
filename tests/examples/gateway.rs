//! Measures what the gateway, a channel and the miner behind it add to an engine that is asked directly.
//!
//! Run by `make bench-gateway`. The engine is scripted: it takes a fixed time for each token. Both ways are asked in turn, in
//! one run, by the same client and API (Ollama's, streamed).

use std::time::{Duration, Instant};

use futures::future::join_all;
use millrace_tests::{miner::Engine, FakeOllama, Gateway, Say, World};
use reqwest::Client;
use serde_json::json;

/// Answers of each way in a round, and rounds.
const ANSWERS: usize = 50;
const ROUNDS: usize = 3;
/// Requests at once, and for how long, to see how many are answered in a second.
const AT_ONCE: usize = 8;
const LOAD: Duration = Duration::from_secs(5);
/// Tokens of an answer.
const TOKENS: usize = 8;

/// Milliseconds to the first byte and to the last one.
#[derive(Clone, Copy)]
struct Took {
	first: f64,
	whole: f64,
}

fn millis(since: Instant) -> f64 {
	since.elapsed().as_secs_f64() * 1_000.0
}

async fn ask(client: &Client, root: &str, model: &str) -> Took {
	let body = json!({
		"model": model,
		"messages": [{ "role": "user", "content": "What is 17 plus 25?" }],
		"options": { "temperature": 0, "num_predict": 64 },
	});
	let began = Instant::now();
	let mut response = client.post(format!("{root}/api/chat")).json(&body).send().await.expect("it answers");
	assert!(response.status().is_success(), "{}", response.status());
	let mut first = None;
	let mut text = Vec::new();
	while let Some(chunk) = response.chunk().await.expect("the answer does not break off") {
		first.get_or_insert(millis(began));
		text.extend(chunk);
	}
	assert!(String::from_utf8_lossy(&text).contains("\"done\":true"), "{}", String::from_utf8_lossy(&text));
	Took { first: first.expect("it says something"), whole: millis(began) }
}

fn at(values: &mut [f64], share: f64) -> f64 {
	values.sort_by(f64::total_cmp);
	values[((values.len() - 1) as f64 * share) as usize]
}

fn report(what: &str, direct: &[Took], through: &[Took]) {
	for (name, part) in
		[("first piece", (|took: &Took| took.first) as fn(&Took) -> f64), ("whole answer", |took| took.whole)]
	{
		let (mut direct, mut through): (Vec<_>, Vec<_>) =
			(direct.iter().map(part).collect(), through.iter().map(part).collect());
		for (share, percentile) in [(0.5, "p50"), (0.99, "p99")] {
			let (direct, through) = (at(&mut direct, share), at(&mut through, share));
			let added = through - direct;
			println!("{what:<12} {name:<12} {percentile}  direct {direct:>8.2}  through {through:>8.2}  added {added:>7.2} ms");
		}
	}
}

/// Answers in a second.
async fn rate(client: &Client, root: &str, model: &str) -> f64 {
	let end = Instant::now() + LOAD;
	let one = || async {
		let mut answers = 0;
		while Instant::now() < end {
			ask(client, root, model).await;
			answers += 1;
		}
		answers
	};
	let answers: i32 = join_all((0..AT_ONCE).map(|_| one())).await.into_iter().sum();
	f64::from(answers) / LOAD.as_secs_f64()
}

#[tokio::main]
async fn main() {
	let world = World::with_offer(1).await;
	let model = world.client.model(0).await.expect("the node answers").expect("there is a model");
	let words: Vec<String> = ["4", "2"].iter().cycle().take(TOKENS).map(|word| (*word).to_owned()).collect();
	let engine = FakeOllama::start(model.digest, Say::Slowly(words.clone(), 1)).await;
	let args = ["--session-listen", "/ip4/127.0.0.1/tcp/0", "--session-streams", "16"];
	let miner = world.miner_with(&Engine::Ollama(engine.url()), &args);
	miner.wait_for("endpoint");
	let gateway = Gateway::open(&world.node, &["--max-channels", "8"]);
	let client = Client::new();
	// Opens the channel.
	ask(&client, gateway.root(), &model.name).await;
	for (what, say) in [("1 ms/token", Say::Slowly(words.clone(), 1)), ("25 ms/token", Say::Slowly(words.clone(), 25))]
	{
		engine.say(say);
		let (mut direct, mut through) = (Vec::new(), Vec::new());
		for _ in 0..ROUNDS {
			for _ in 0..ANSWERS {
				direct.push(ask(&client, &engine.url(), "fake:latest").await);
			}
			for _ in 0..ANSWERS {
				through.push(ask(&client, gateway.root(), &model.name).await);
			}
		}
		report(what, &direct, &through);
	}
	engine.say(Say::Slowly(words, 1));
	// Opens the channels.
	join_all((0..AT_ONCE).map(|_| ask(&client, gateway.root(), &model.name))).await;
	let direct = rate(&client, &engine.url(), "fake:latest").await;
	let through = rate(&client, gateway.root(), &model.name).await;
	println!("answers a second, {AT_ONCE} at once: direct {direct:.0}, through {through:.0}");
}
