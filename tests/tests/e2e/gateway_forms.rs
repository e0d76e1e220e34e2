//! Answers that are held to a form, by each engine that is run here, in channels and by jobs.

use millrace_tests::{miner::Engine, Gateway, Ollama, World};
use reqwest::{Client, StatusCode};
use serde_json::{json, Value};

use super::gateway_channels::{user, SUM};

/// With its properties not in the order of the alphabet.
const SCHEMA: &str = r#"{"type":"object","properties":{"why":{"type":"string","maxLength":12},"sum":{"type":"integer","minimum":0,"maximum":99}},"required":["why","sum"],"additionalProperties":false}"#;

async fn post(url: String, body: String) -> (StatusCode, Value) {
	let request = Client::new().post(url).header("content-type", "application/json").body(body);
	let response = request.send().await.unwrap();
	(response.status(), response.json().await.unwrap())
}

/// The body of a question with more members, as they are written.
fn body(more: &str) -> String {
	let messages = user(SUM);
	format!(
		r#"{{"model":"millrace-tiny","messages":{messages},"max_tokens":160,"temperature":0,"stream":false,"options":{{"temperature":0,"num_predict":160}},{more}}}"#
	)
}

fn check(text: &str) {
	let answer: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
	assert!(answer["why"].is_string() && answer["sum"].as_u64() < Some(100), "{text}");
	assert!(text.find("\"why\"") < text.find("\"sum\""), "{text}");
}

/// Asks by both APIs. What gives the answers: `channel` or `job`.
async fn ask_by_all(gateway: &Gateway, source: &str) {
	let named = format!(
		r#""response_format":{{"type":"json_schema","json_schema":{{"name":"sum","strict":true,"schema":{SCHEMA}}}}}"#
	);
	let (status, answer) = post(format!("{}/chat/completions", gateway.base_url()), body(&named)).await;
	assert_eq!(status, StatusCode::OK, "{answer}");
	assert!(answer["millrace"][source].is_u64(), "{answer}");
	check(answer["choices"][0]["message"]["content"].as_str().unwrap());

	let (status, answer) = post(format!("{}/api/chat", gateway.root()), body(&format!(r#""format":{SCHEMA}"#))).await;
	assert_eq!(status, StatusCode::OK, "{answer}");
	check(answer["message"]["content"].as_str().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_should_keep_to_its_form_when_llama_streams_it() {
	let world = World::with_offer(1).await;
	let _miner = world.streaming_miner(&Engine::Llama, &[]);
	let gateway = Gateway::open(&world.node, &[]);
	ask_by_all(&gateway, "channel").await;

	let bad = r#""response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"pattern":"(a*)*"}}}"#;
	let (status, answer) = post(format!("{}/chat/completions", gateway.base_url()), body(bad)).await;
	assert_eq!((status, &answer["error"]["param"]), (StatusCode::BAD_REQUEST, &json!("response_format")), "{answer}");
	let endless = r##""format":{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/a"}}}"##;
	let (status, answer) = post(format!("{}/api/chat", gateway.root()), body(endless)).await;
	assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_should_keep_to_its_form_when_it_is_a_job() {
	let world = World::with_offer(1).await;
	let _miner = world.miner(&Engine::Llama);
	ask_by_all(&Gateway::open(&world.node, &[]), "job").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_should_keep_to_its_form_when_ollama_makes_it() {
	let Some(ollama) = Ollama::start() else { return };
	let world = World::with_offer(1).await;
	let _miner = world.streaming_miner(&Engine::Ollama(ollama.url()), &[]);
	ask_by_all(&Gateway::open(&world.node, &[]), "channel").await;
}
