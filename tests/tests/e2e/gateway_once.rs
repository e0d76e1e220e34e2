//! Requests with an `Idempotency-Key`: charged once, whatever is sent again.

use millrace_client::channel;
use millrace_primitives::Balance;
use millrace_tests::{miner::Engine, Gateway, World};
use reqwest::{Client, StatusCode};
use serde_json::{json, Value};

use super::gateway_channels::{user, SUM};

/// What a request of this name is answered.
async fn named(gateway: &Gateway, path: &str, name: &str, model: &str, stream: bool) -> (StatusCode, Value) {
	let body = json!({ "model": model, "messages": user(SUM), "temperature": 0, "max_tokens": 24, "stream": stream });
	let request = Client::new().post(format!("{}{path}", gateway.root())).header("idempotency-key", name);
	let response = request.json(&body).send().await.unwrap();
	let (status, text) = (response.status(), response.text().await.unwrap());
	(status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

const CHAT: &str = "/v1/chat/completions";
const TINY: &str = "millrace-tiny";

#[tokio::test(flavor = "multi_thread")]
async fn request_should_be_charged_once_when_it_is_sent_again_under_its_name() {
	let world = World::with_offer(1).await;
	let _miner = world.streaming_miner(&Engine::Llama, &[]);
	let mut gateway = Gateway::open(&world.node, &[]);
	let mut charged: Balance = 0;
	let (status, answer) = named(&gateway, CHAT, "a", TINY, false).await;
	assert_eq!((status, &answer["millrace"]["channel"]), (StatusCode::OK, &json!(0)), "{answer}");
	charged += answer["millrace"]["fee"].as_str().unwrap().parse::<Balance>().unwrap();

	let refused = |(status, answer): (StatusCode, Value), code: &str| {
		assert_eq!((status, &answer["error"]["code"]), (StatusCode::CONFLICT, &json!(code)), "{answer}");
	};
	refused(named(&gateway, CHAT, "a", TINY, false).await, "idempotency_key_used");
	refused(named(&gateway, CHAT, "a", TINY, true).await, "idempotency_key_reused");
	gateway.crash_and_restart();
	refused(named(&gateway, CHAT, "a", TINY, false).await, "idempotency_key_used");

	// What came to nothing can be sent again.
	for _ in 0..2 {
		let (status, answer) = named(&gateway, CHAT, "b", "none", false).await;
		assert_eq!(status, StatusCode::NOT_FOUND, "{answer}");
	}
	let (status, answer) = named(&gateway, "/api/chat", "b", TINY, false).await;
	assert_eq!(status, StatusCode::OK, "{answer}");
	charged += answer["millrace"]["fee"].as_str().unwrap().parse::<Balance>().unwrap();
	let (status, answer) = named(&gateway, "/api/chat", "b", TINY, false).await;
	assert_eq!(status, StatusCode::CONFLICT, "{answer}");
	assert!(answer["error"].as_str().unwrap().contains("Idempotency-Key"), "{answer}");

	world.charlie.send(channel::close(0, None)).await.unwrap().in_block().await.unwrap();
	assert_eq!(world.settled(0).await, charged);
}
