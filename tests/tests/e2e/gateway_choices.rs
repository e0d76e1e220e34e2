//! Several answers to one request, the record of their tokens, and limits on tokens.

use futures::StreamExt;
use millrace_client::{channel, ChannelState};
use millrace_primitives::Balance;
use millrace_tests::{miner::Engine, world::account, Gateway, Miner, World};
use reqwest::{Client, Response, StatusCode};
use serde_json::{json, Value};

const SUM: &str = "What is 17 + 25?";

fn miner(world: &World) -> Miner {
	let miner = world.miner_with(&Engine::Llama, &["--session-listen", "/ip4/127.0.0.1/tcp/0"]);
	miner.wait_for("endpoint");
	miner
}

async fn post(gateway: &Gateway, path: &str, key: &str, more: Value) -> Response {
	let mut body = json!({ "model": "millrace-tiny", "temperature": 0, "max_tokens": 24 });
	match path {
		"completions" => body["prompt"] = SUM.into(),
		_ => body["messages"] = json!([{ "role": "user", "content": SUM }]),
	}
	body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
	let request = Client::new().post(format!("{}/{path}", gateway.base_url())).json(&body);
	let request = if key.is_empty() { request } else { request.bearer_auth(key) };
	request.send().await.unwrap()
}

async fn asked(gateway: &Gateway, path: &str, more: Value) -> Value {
	let response = post(gateway, path, "", more).await;
	let status = response.status();
	let body: Value = response.json().await.unwrap();
	assert_eq!(status, StatusCode::OK, "{body}");
	body
}

/// The events of a stream, which has to come to its end.
async fn events(gateway: &Gateway, path: &str, more: Value) -> Vec<Value> {
	let text = post(gateway, path, "", more).await.text().await.unwrap();
	let data: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
	assert_eq!(data.last(), Some(&"[DONE]"), "{text}");
	data[..data.len() - 1].iter().map(|data| serde_json::from_str(data).unwrap()).collect()
}

fn fee(note: &Value) -> Balance {
	note["fee"].as_str().unwrap_or_else(|| panic!("{note}")).parse().unwrap()
}

fn said(body: &Value, index: usize) -> String {
	body["choices"][index]["message"]["content"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_should_be_those_of_their_seeds_and_paid_one_by_one_when_several_are_asked_for() {
	let world = World::with_offer(1).await;
	let _miner = miner(&world);
	let mut gateway = Gateway::open(&world.node, &[]);
	let drawn = |seed: u32, more: Value| {
		let mut body = json!({ "temperature": 2, "seed": seed });
		body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
		body
	};
	let (mut alone, mut sum) = (Vec::new(), 0);
	for seed in 7..10 {
		let body = asked(&gateway, "chat/completions", drawn(seed, json!({}))).await;
		sum += fee(&body["millrace"]);
		alone.push(said(&body, 0));
	}
	let body = asked(&gateway, "chat/completions", drawn(7, json!({ "n": 3 }))).await;
	let together: Vec<_> = (0..3).map(|index| said(&body, index)).collect();
	assert_eq!(together, alone);
	let notes = body["millrace"]["answers"].as_array().unwrap();
	assert_eq!(fee(&body["millrace"]), notes.iter().map(fee).sum::<Balance>());
	sum += fee(&body["millrace"]);

	let streamed = events(
		&gateway,
		"chat/completions",
		drawn(7, json!({ "n": 3, "stream": true, "stream_options": { "include_usage": true } })),
	)
	.await;
	let mut texts = vec![String::new(); 3];
	for choice in streamed.iter().map(|event| &event["choices"][0]).filter(|choice| choice.is_object()) {
		let index = usize::try_from(choice["index"].as_u64().unwrap()).unwrap();
		texts[index].push_str(choice["delta"]["content"].as_str().unwrap_or_default());
	}
	assert_eq!(texts, alone);
	let last = streamed.last().unwrap();
	assert_eq!(last["usage"], body["usage"], "{last}");
	sum += fee(&last["millrace"]);

	let refused = post(&gateway, "chat/completions", "", json!({ "n": 9 })).await;
	assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
	let refused: Value = refused.json().await.unwrap();
	assert_eq!(
		(&refused["error"]["param"], &refused["error"]["message"]),
		(&json!("n"), &json!("n is 9; it must be 1 to 8"))
	);

	assert_eq!(gateway.terminate(), Some(0));
	let mut paid = 0;
	let mut blocks = world.client.subscribe_best_blocks().await.unwrap();
	for found in world.client.channels_of(&account("//Charlie")).await.unwrap() {
		paid += loop {
			match world.client.channel(found.id).await.unwrap().map(|now| now.state) {
				Some(ChannelState::Settled { paid }) => break paid,
				// The gateway signs for the same account: what it sent last may take the number of this transaction.
				Some(ChannelState::Open) => {
					if let Ok(sent) = world.charlie.send(channel::close(found.id, None)).await {
						let _ = sent.in_block().await;
					}
				}
				_ => {}
			}
			blocks.next().await.unwrap().unwrap();
		};
	}
	assert_eq!(paid, sum);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_should_be_told_with_their_logprobs_when_a_miner_streams_them() {
	let world = World::with_offer(1).await;
	let miner = miner(&world);
	let gateway = Gateway::open(&world.node, &[]);
	let wish = json!({ "logprobs": true, "top_logprobs": 2 });
	let body = asked(&gateway, "chat/completions", wish.clone()).await;
	let record = body["choices"][0]["logprobs"]["content"].as_array().unwrap();
	let text: String = record.iter().map(|token| token["token"].as_str().unwrap()).collect();
	assert_eq!(text, said(&body, 0));
	assert_eq!(record.len() as u64, body["usage"]["completion_tokens"].as_u64().unwrap());
	for token in record {
		let (likeliest, logprob) = (&token["top_logprobs"][0], token["logprob"].as_f64().unwrap());
		assert!(logprob <= 0.0 && token["bytes"].is_array(), "{token}");
		// Without a draw the likeliest is chosen.
		assert_eq!((&likeliest["token"], &likeliest["logprob"]), (&token["token"], &token["logprob"]));
		let second = &token["top_logprobs"][1];
		assert!(
			second["logprob"].as_f64().unwrap() <= logprob
				&& second["token"].as_str().unwrap().starts_with("token_id:")
		);
	}
	let mut streamed = wish;
	streamed["stream"] = true.into();
	let streamed = events(&gateway, "chat/completions", streamed).await;
	let of_all: Vec<_> = streamed
		.iter()
		.filter_map(|event| event["choices"][0]["logprobs"]["content"].as_array())
		.flatten()
		.cloned()
		.collect();
	assert_eq!(&of_all, record);

	let body = asked(&gateway, "completions", json!({ "logprobs": 1 })).await;
	let (choice, record) = (&body["choices"][0], &body["choices"][0]["logprobs"]);
	let tokens = record["tokens"].as_array().unwrap();
	let text: String = tokens.iter().map(|token| token.as_str().unwrap()).collect();
	assert_eq!(json!(text), choice["text"]);
	let first = tokens[0].as_str().unwrap();
	assert_eq!((&record["text_offset"][0], &record["text_offset"][1]), (&json!(0), &json!(first.chars().count())));
	drop(miner);

	let gone = post(&gateway, "chat/completions", "", json!({ "logprobs": true, "top_logprobs": 6 })).await;
	assert_eq!(gone.json::<Value>().await.unwrap()["error"]["param"], "top_logprobs");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_answer_can_do_should_be_refused_by_name_and_its_absence_taken() {
	let world = World::with_offer(1).await;
	// It does jobs alone, which have no record of their tokens.
	let _miner = world.miner(&Engine::Llama);
	let gateway = Gateway::open(&world.node, &[]);
	for (path, more, param) in [
		("chat/completions", json!({ "tools": [{ "type": "function" }] }), "tools"),
		("chat/completions", json!({ "functions": [{ "name": "f" }] }), "functions"),
		("completions", json!({ "response_format": { "type": "json_object" } }), "response_format"),
		("chat/completions", json!({ "response_format": { "type": "grammar" } }), "response_format"),
		("completions", json!({ "tools": [{ "type": "function", "function": { "name": "f" } }] }), "tools"),
		("chat/completions", json!({ "logprobs": true }), "logprobs"),
	] {
		let response = post(&gateway, path, "", more).await;
		assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{param}");
		let error = response.json::<Value>().await.unwrap()["error"].clone();
		assert_eq!(error["param"], param, "{error}");
		assert!(error["message"].as_str().unwrap().starts_with(param), "{error}");
	}
	let body = json!({ "model": "millrace-tiny", "messages": [{ "role": "user", "content": SUM }], "stream": false });
	for (name, value) in [("tools", json!([{ "type": "function" }])), ("think", json!(true))] {
		let mut body = body.clone();
		body[name] = value;
		let response = Client::new().post(format!("{}/api/chat", gateway.root())).json(&body).send().await.unwrap();
		assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{name}");
		let error = response.json::<Value>().await.unwrap()["error"].as_str().unwrap().to_owned();
		assert!(error.starts_with(name), "{error}");
	}
	let none = json!({ "response_format": { "type": "text" }, "tools": [], "tool_choice": "none", "n": 2 });
	let body = asked(&gateway, "chat/completions", none).await;
	assert_eq!((said(&body, 0), said(&body, 1)), ("17 + 25 = 42.".into(), "17 + 25 = 42.".into()));
	assert!(body["millrace"]["answers"].as_array().unwrap().iter().all(|note| note["job"].is_u64()), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_a_key_should_be_taken_at_the_start_and_given_back_at_the_end() {
	let world = World::with_offer(1).await;
	let _miner = miner(&world);
	let gateway = Gateway::start(&world.node);
	let key = gateway.new_key(&["--tokens-per-minute", "200"]);
	let listed = gateway.key(&["list"]);
	assert!(listed["keys"].as_array().unwrap().iter().any(|key| key["tokens_per_minute"] == 200), "{listed}");
	let response = post(&gateway, "chat/completions", &key, json!({})).await;
	let header = |response: &Response, name: &str| -> u64 {
		let value = response.headers()[&format!("x-ratelimit-{name}-tokens")].to_str().unwrap();
		value.trim_end_matches('s').parse().unwrap()
	};
	let (limit, remaining) = (header(&response, "limit"), header(&response, "remaining"));
	assert!(header(&response, "reset") > 0);
	let body: Value = response.json().await.unwrap();
	let used = body["usage"]["total_tokens"].as_u64().unwrap_or_else(|| panic!("{body}"));
	assert!(limit == 200 && remaining >= 200 - used && remaining < 200, "{remaining} after {used}");

	let late = post(&gateway, "chat/completions", &key, json!({ "max_tokens": 160 })).await;
	assert_eq!(late.status(), StatusCode::TOO_MANY_REQUESTS);
	assert!(late.headers().contains_key("retry-after"));
	assert_eq!(late.json::<Value>().await.unwrap()["error"]["type"], "tokens");
	let never = post(&gateway, "chat/completions", &key, json!({ "max_tokens": 24, "n": 8 })).await;
	assert_eq!(never.status(), StatusCode::TOO_MANY_REQUESTS);
	assert!(!never.headers().contains_key("retry-after"));
	let never: Value = never.json().await.unwrap();
	assert!(never["error"]["message"].as_str().unwrap().contains("max_tokens"), "{never}");
}
