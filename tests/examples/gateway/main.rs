//! Measures what the gateway, a channel and the miner behind it add to an engine that is asked directly, and LiteLLM's proxy
//! beside them.
//!
//! Run by `make bench-gateway`. The engine is scripted: it takes a fixed time for each token. All ways are asked in turn, in one
//! run, by the same client, streamed: the engine and Millrace by Ollama's API, LiteLLM's proxy, which asks the same engine, by
//! OpenAI's, and Millrace by that, too, and with an API key that has every limit; and the engine through two relays that only
//! copy bytes, which is what two more processes cost whatever they do. Then a real Ollama takes the engine's place, and llama.cpp
//! inside the miner, which nobody else can ask. Last comes the memory of 500 streams. `target/release/examples/gateway latency`,
//! `... engines`, `... memory` and `... rate` measure a part of it.

mod part;

use std::{
	net::TcpListener,
	process::Command,
	time::{Duration, Instant},
};

use futures::future::join_all;
use millrace_primitives::transcript::TOP_ALTERNATIVES;
use millrace_tests::{
	library::python_environment, miner::Engine, ollama::MODEL, repository, world::resident_kib, Gateway, Ollama,
	Process, World,
};
use part::Part;
use reqwest::Client;
use serde_json::{json, Value};
use tempfile::TempDir;

/// Answers of each way in a round, and rounds.
const ANSWERS: usize = 50;
const ROUNDS: usize = 3;
/// Requests at once, and for how long, to see how many are answered in a second.
const AT_ONCE: usize = 8;
const LOAD: Duration = Duration::from_secs(5);
/// Streams at once, to see what they take of memory.
const STREAMS: usize = 500;

/// Milliseconds to the first word and to the last byte.
#[derive(Clone, Copy)]
struct Took {
	first: f64,
	whole: f64,
}

fn millis(since: Instant) -> f64 {
	since.elapsed().as_secs_f64() * 1_000.0
}

/// Where the same answer comes from.
#[derive(Clone)]
struct Way {
	name: &'static str,
	url: String,
	/// The API key; empty where none is asked for.
	key: String,
	body: Value,
	/// What the end of an answer has.
	end: &'static str,
}

impl Way {
	fn ollama(name: &'static str, root: &str, model: &str) -> Self {
		let options = json!({ "temperature": 0, "num_predict": 64 });
		let body = json!({ "model": model, "messages": messages(), "options": options });
		Self { name, url: format!("{root}/api/chat"), key: String::new(), body, end: "\"done\":true" }
	}

	fn openai(name: &'static str, root: &str, model: &str) -> Self {
		let body = json!({
			"model": model,
			"messages": messages(),
			"temperature": 0,
			"max_tokens": 64,
			"stream": true,
		});
		Self { name, url: format!("{root}/v1/chat/completions"), key: String::new(), body, end: "[DONE]" }
	}
}

fn messages() -> Value {
	json!([{ "role": "user", "content": "What is 17 plus 25?" }])
}

/// Whether anything was said yet; OpenAI's first line only says who speaks.
fn has_words(text: &str) -> bool {
	text.split("\"content\":\"").skip(1).any(|rest| !rest.is_empty() && !rest.starts_with('"'))
}

async fn ask(client: &Client, way: &Way) -> Took {
	let began = Instant::now();
	let mut request = client.post(&way.url).json(&way.body);
	if !way.key.is_empty() {
		request = request.bearer_auth(&way.key);
	}
	let mut response = request.send().await.expect("it answers");
	assert!(response.status().is_success(), "{}", response.status());
	let mut first = None;
	let mut text = String::new();
	while let Some(chunk) = response.chunk().await.expect("the answer does not break off") {
		let now = millis(began);
		text.push_str(&String::from_utf8_lossy(&chunk));
		if first.is_none() && has_words(&text) {
			first = Some(now);
		}
	}
	assert!(text.contains(way.end), "{text}");
	Took { first: first.expect("it says something"), whole: millis(began) }
}

fn at(values: &mut [f64], share: f64) -> f64 {
	values.sort_by(f64::total_cmp);
	values[((values.len() - 1) as f64 * share) as usize]
}

/// Prints what each way took, and what it added to the first one.
fn report(what: &str, ways: &[Way], took: &[Vec<Took>]) {
	let parts = [("first piece", (|took: &Took| took.first) as fn(&Took) -> f64), ("whole answer", |took| took.whole)];
	for (part, of) in parts {
		for (share, percentile) in [(0.5, "p50"), (0.99, "p99")] {
			let values: Vec<f64> =
				took.iter().map(|took| at(&mut took.iter().map(of).collect::<Vec<_>>(), share)).collect();
			for (way, value) in ways.iter().zip(&values) {
				let (name, added) = (way.name, value - values[0]);
				println!("{what:<12} {part:<12} {percentile}  {name:<18} {value:>8.2}  added {added:>7.2} ms");
			}
		}
	}
}

/// Asks all ways in turn, and prints what each took.
async fn measure(client: &Client, what: &str, ways: &[Way]) {
	let mut took = vec![Vec::new(); ways.len()];
	for _ in 0..ROUNDS {
		for (way, took) in ways.iter().zip(&mut took) {
			for _ in 0..ANSWERS {
				took.push(ask(client, way).await);
			}
		}
	}
	report(what, ways, &took);
}

/// The same with llama.cpp in a real Ollama server, which anybody can ask; nothing where there is none.
async fn ollama(client: &Client) {
	let Some(server) = Ollama::start() else { return };
	let world = World::with_offer(1).await;
	let model = world.client.model(0).await.expect("the node answers").expect("there is a model");
	let _miner = world.streaming_miner(&Engine::Ollama(server.url()), &[]);
	let gateway = Gateway::open(&world.node, &[]);
	let mut direct = Way::ollama("direct", &server.url(), MODEL);
	// As the miner has it, or Ollama would load the model anew whenever the other one asks.
	direct.body["options"]["num_ctx"] = model.context_length.into();
	direct.body["options"]["num_thread"] = 1.into();
	// As the miner asks: they are the record that a spot check compares.
	let mut recorded = Way { name: "direct, logprobs", ..direct.clone() };
	recorded.body["logprobs"] = true.into();
	recorded.body["top_logprobs"] = TOP_ALTERNATIVES.into();
	let ways = [
		direct,
		recorded,
		Way::ollama("Millrace", gateway.root(), &model.name),
		Way::openai("Millrace (OpenAI)", gateway.root(), &model.name),
	];
	for way in &ways {
		ask(client, way).await;
	}
	measure(client, "Ollama", &ways).await;
}

/// What so many streams at once take of the gateway's memory and the miner's, and of LiteLLM's proxy's. All of them are under
/// way: the engine was asked for each and has said nothing yet.
async fn memory(client: &Client) {
	let world = World::with_offer(1).await;
	let model = world.client.model(0).await.expect("the node answers").expect("there is a model");
	let mut engine = Part::engine(model.digest);
	let streams = STREAMS.to_string();
	let miner = world.streaming_miner(&Engine::Ollama(engine.url.clone()), &["--session-streams", &streams]);
	let gateway = Gateway::open(&world.node, &["--max-channels", &streams, "--max-answers", &streams]);
	let folder = TempDir::new().expect("there is room for a folder");
	let proxy = litellm(&engine.url, &folder);
	let ours = vec![("gateway", gateway.process().id()), ("miner", miner.process().id())];
	let mut ways = vec![(Way::openai("Millrace", gateway.root(), &model.name), ours)];
	ways.extend(proxy.as_ref().map(|(process, root)| {
		(Way::openai("LiteLLM's proxy", root, "fake"), vec![("LiteLLM's proxy", process.id())])
	}));
	for (way, processes) in &ways {
		engine.pause(1);
		ask(client, way).await;
		let held = || processes.iter().map(|(_, process)| resident_kib(*process) / 1_024).collect::<Vec<_>>();
		let before = held();
		engine.hold();
		let asked = engine.asked();
		let streams: Vec<_> = (0..STREAMS)
			.map(|_| {
				let (client, way) = (client.clone(), way.clone());
				tokio::spawn(async move { ask(&client, &way).await })
			})
			.collect();
		tokio::task::block_in_place(|| engine.wait_asked(asked + STREAMS));
		for (((name, _), before), now) in processes.iter().zip(before).zip(held()) {
			println!("memory, {STREAMS} streams under way: {name:<18} {now:>5} MiB, before {before:>5} MiB");
		}
		engine.pause(1);
		for stream in join_all(streams).await {
			stream.expect("every stream ends as it should");
		}
	}
}

/// Answers in a second.
async fn rate(client: &Client, way: &Way) -> f64 {
	let end = Instant::now() + LOAD;
	let one = || async {
		let mut answers = 0;
		while Instant::now() < end {
			ask(client, way).await;
			answers += 1;
		}
		answers
	};
	let answers: i32 = join_all((0..AT_ONCE).map(|_| one())).await.into_iter().sum();
	f64::from(answers) / LOAD.as_secs_f64()
}

/// Milliseconds of an answer of Millrace's by Ollama's API, and how many of them the miner says that its engine worked.
async fn ask_llama(client: &Client, way: &Way) -> (f64, f64) {
	let began = Instant::now();
	let response = client.post(&way.url).json(&way.body).send().await.expect("it answers");
	let text = response.text().await.expect("the answer does not break off");
	let whole = millis(began);
	let last = text.lines().last().and_then(|line| serde_json::from_str::<Value>(line).ok()).expect("a last line");
	(whole, last["eval_duration"].as_f64().expect("it says what it took") / 1e6)
}

/// What is added to llama.cpp inside the miner, which nobody else can ask: to the time that it says it worked, in whole ms.
async fn llama(client: &Client) {
	let world = World::with_offer(1).await;
	let model = world.client.model(0).await.expect("the node answers").expect("there is a model");
	let _miner = world.streaming_miner(&Engine::Llama, &[]);
	let gateway = Gateway::open(&world.node, &[]);
	let way = Way::ollama("Millrace", gateway.root(), &model.name);
	ask_llama(client, &way).await;
	let (mut whole, mut added) = (Vec::new(), Vec::new());
	for _ in 0..ANSWERS * ROUNDS {
		let (took, worked) = ask_llama(client, &way).await;
		whole.push(took);
		added.push(took - worked);
	}
	for (share, percentile) in [(0.5, "p50"), (0.99, "p99")] {
		let (whole, added) = (at(&mut whole, share), at(&mut added, share));
		println!("llama        whole answer {percentile}  Millrace           {whole:>8.2}  added {added:>7.2} ms");
	}
}

/// LiteLLM's proxy in front of the engine, and its address; `None` without Python.
fn litellm(engine: &str, folder: &TempDir) -> Option<(Process, String)> {
	let (python, _) = python_environment("litellm-proxy", repository("tests/litellm-proxy"))?;
	let config = folder.path().join("litellm.yaml");
	let model = json!({ "model": "ollama_chat/fake:latest", "api_base": engine });
	// JSON is YAML.
	let text = json!({ "model_list": [{ "model_name": "fake", "litellm_params": model }] }).to_string();
	std::fs::write(&config, text).expect("the folder is there");
	let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port is free");
	let mut command = Command::new(python.with_file_name("litellm"));
	command.args(["--host", "127.0.0.1", "--num_workers", "1", "--port", &free.port().to_string(), "--config"]);
	command.arg(config).env("LITELLM_LOCAL_MODEL_COST_MAP", "True");
	// Without it the proxy does not start where no key is asked for, as none is of the gateway beside it.
	command.env("LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY", "true");
	let process = Process::start("litellm", command);
	process.wait_for("that it serves", |line| line.contains("Application startup complete"));
	Some((process, format!("http://{free}")))
}

#[tokio::main]
async fn main() {
	let args: Vec<String> = std::env::args().skip(1).collect();
	if part::play(&args).await {
		return;
	}
	let world = World::with_offer(1).await;
	let model = world.client.model(0).await.expect("the node answers").expect("there is a model");
	let mut engine = Part::engine(model.digest);
	let inner = Part::relay(&engine.url);
	let outer = Part::relay(&inner.url);
	let _miner = world.streaming_miner(&Engine::Ollama(engine.url.clone()), &["--session-streams", "16"]);
	let gateway = Gateway::open(&world.node, &["--max-channels", "8"]);
	let public = Gateway::start_with(&world.node, &["--max-channels", "8"]);
	let folder = TempDir::new().expect("there is room for a folder");
	let proxy = litellm(&engine.url, &folder);
	let mut keyed = Way::ollama("Millrace (key)", public.root(), &model.name);
	keyed.key =
		public.new_key(&["--budget", "1000000", "--per-minute", "100000000", "--tokens-per-minute", "1000000000"]);
	let mut ways = vec![
		Way::ollama("direct", &engine.url, "fake:latest"),
		Way::ollama("two relays", &outer.url, "fake:latest"),
		Way::ollama("Millrace", gateway.root(), &model.name),
		Way::openai("Millrace (OpenAI)", gateway.root(), &model.name),
		keyed,
	];
	ways.extend(proxy.as_ref().map(|(_, root)| Way::openai("LiteLLM's proxy", root, "fake")));
	let client = Client::new();
	// Opens the channel, and has everything loaded.
	for way in &ways {
		ask(&client, way).await;
	}
	let only = args.first().map(String::as_str);
	if matches!(only, None | Some("latency")) {
		for pause in [1, 25] {
			engine.pause(pause);
			measure(&client, &format!("{pause} ms/token"), &ways).await;
		}
	}
	if matches!(only, None | Some("engines")) {
		ollama(&client).await;
		llama(&client).await;
	}
	if matches!(only, None | Some("memory")) {
		memory(&client).await;
	}
	if matches!(only, Some("latency" | "engines" | "memory")) {
		return;
	}
	for (what, pause) in [("1 ms/token", 1), ("no pause", 0)] {
		engine.pause(pause);
		for way in &ways {
			// Opens the channels.
			join_all((0..AT_ONCE).map(|_| ask(&client, way))).await;
			let rate = rate(&client, way).await;
			println!("answers a second, {what}, {AT_ONCE} at once: {:<18} {rate:>6.0}", way.name);
		}
	}
}
