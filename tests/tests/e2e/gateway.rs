//! The gateway with OpenAI's own libraries, and with what they do not send.

use std::process::Command;

use millrace_tests::{
	library::{node_example, python_example, run},
	miner::Engine,
	world::account,
	Gateway, World,
};
use reqwest::{Client, StatusCode};
use serde_json::{json, Value};

const QUESTION: &str = "What is 17 plus 25?";

/// Checks what an example says against the chain.
async fn check(world: &World, said: &str) {
	let said: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
	let job = said["job"].as_u64().unwrap();
	assert!(said["answer"].as_str().unwrap().contains("42"), "{said}");
	assert_eq!(said["answer"], world.answer(job).await, "{said}");
	assert_eq!(said["streamed"], said["answer"], "{said}");
	assert_eq!(said["finish_reason"], "stop", "{said}");
	assert_eq!(said["cut"], "length", "{said}");
	let receipt = world.client.receipt(job).await.unwrap().unwrap();
	assert_eq!(receipt.client, account("//Charlie"));
	assert_eq!(said["fee"], receipt.fee.to_string(), "{said}");
	let tokens = receipt.usage.input_tokens + receipt.usage.output_tokens;
	assert_eq!((said["tokens"].as_u64(), said["streamed_tokens"].as_u64()), (Some(tokens.into()), Some(tokens.into())));
	assert_eq!(said["two_answers"], json!([said["answer"], said["answer"]]), "{said}");
	assert_eq!((&said["unknown_model"], &said["too_many_answers"]), (&json!("model"), &json!("n")), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn openai_python_should_ask_by_another_base_url_alone() {
	let Some((python, folder)) = python_example("openai-python") else { return };
	let world = World::with_offer(1).await;
	let _miner = world.miner(&Engine::Llama);
	let gateway = Gateway::start(&world.node);
	let mut command = Command::new(python);
	command.args(["ask.py", gateway.base_url(), gateway.api_key(), QUESTION]).current_dir(folder);
	let said = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
	check(&world, &said).await;
	let said: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
	assert_eq!(said["form"], json!(["second", "first"]), "{said}");
	assert_eq!(said["called"], "add", "{said}");
	assert!(said["after_the_call"].is_string(), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn openai_node_should_ask_by_another_base_url_alone() {
	let Some(folder) = node_example("openai-node") else { return };
	let world = World::with_offer(1).await;
	let _miner = world.miner(&Engine::Llama);
	let gateway = Gateway::start(&world.node);
	let mut command = Command::new("node");
	command.args(["ask.js", gateway.base_url(), gateway.api_key(), QUESTION]).current_dir(folder);
	let said = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
	check(&world, &said).await;
	let said: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
	assert!(said["called"] == "add" && said["arguments"].is_object(), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn litellm_should_ask_by_another_base_url_alone_and_know_the_errors() {
	let Some((python, folder)) = python_example("litellm-python") else { return };
	let world = World::with_offer(1).await;
	let _miner = world.streaming_miner(&Engine::Llama, &[]);
	let gateway = Gateway::start(&world.node);
	let mut command = Command::new(python);
	command.args(["ask.py", gateway.base_url(), gateway.api_key(), QUESTION]).current_dir(folder);
	let said = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
	let said: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
	assert!(said["answer"].as_str().unwrap().contains("42"), "{said}");
	assert_eq!((&said["finish_reason"], &said["cut"]), (&json!("stop"), &json!("length")), "{said}");
	for name in ["answer", "finish_reason", "tokens"] {
		let streamed = match name {
			"answer" => "streamed".to_owned(),
			name => format!("streamed_{name}"),
		};
		assert_eq!(said[name], said[streamed], "{said}");
	}
	// LiteLLM's own classes of errors, by their status.
	assert_eq!((&said["wrong_key"], &said["unknown_model"]), (&json!(401), &json!(404)), "{said}");
	assert_eq!(said["two_answers"], json!([said["answer"], said["answer"]]), "{said}");
	assert_eq!(said["too_many_answers"], 400, "{said}");
}

/// Sends JSON and returns the status with the error that came back.
async fn refused(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
	let response = request.send().await.unwrap();
	let status = response.status();
	let body: Value = response.json().await.unwrap();
	assert!(body["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
	(status, body["error"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_should_get_openais_errors_and_cost_nothing() {
	let world = World::with_offer(1).await;
	let gateway = Gateway::start(&world.node);
	let before = world.money("//Charlie").await;
	let client = Client::new();
	let chat = |body: Value| {
		let url = format!("{}/chat/completions", gateway.base_url());
		client.post(url).bearer_auth(gateway.api_key()).json(&body)
	};
	let user = |content: Value| json!({ "model": "0", "messages": [{ "role": "user", "content": content }] });
	let with = |name: &str, value: Value| {
		let mut body = user(json!("hi"));
		body[name] = value;
		body
	};

	let url = format!("{}/models", gateway.base_url());
	for request in [client.get(&url), client.get(&url).bearer_auth("sk-millrace-wrong")] {
		let (status, error) = refused(request).await;
		assert_eq!((status, &error["code"]), (StatusCode::UNAUTHORIZED, &json!("invalid_api_key")));
	}
	let (status, error) = refused(chat(with("model", json!("no such model")))).await;
	assert_eq!((status, &error["code"]), (StatusCode::NOT_FOUND, &json!("model_not_found")));
	for (body, param) in [
		(with("temperature", json!(2.5)), "temperature"),
		(with("top_p", json!(0)), "top_p"),
		(with("max_tokens", json!(0)), "max_tokens"),
		(with("max_tokens", json!(1_000_000)), "max_tokens"),
		(with("tools", json!([{ "type": "function" }])), "tools"),
		(user(json!("")), "messages"),
		(user(json!("x".repeat(20_000))), "messages"),
		(user(json!([{ "type": "image_url" }])), "messages"),
	] {
		let (status, error) = refused(chat(body.clone())).await;
		assert_eq!((status, &error["param"]), (StatusCode::BAD_REQUEST, &json!(param)), "{body}");
	}
	let url = format!("{}/chat/completions", gateway.base_url());
	let post = || client.post(&url).bearer_auth(gateway.api_key()).header("content-type", "application/json");
	assert_eq!(refused(post().body("{")).await.0, StatusCode::BAD_REQUEST);
	assert_eq!(refused(post().body("{}")).await.0, StatusCode::BAD_REQUEST);
	assert_eq!(refused(post().body(vec![b'{', 0xff])).await.0, StatusCode::BAD_REQUEST);
	assert_eq!(refused(post().body("x".repeat(1_100_000))).await.0, StatusCode::PAYLOAD_TOO_LARGE);
	let text = client.post(&url).bearer_auth(gateway.api_key()).body("{}");
	assert_eq!(refused(text).await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
	assert_eq!(refused(client.get(gateway.base_url())).await.0, StatusCode::NOT_FOUND);
	assert_eq!(world.money("//Charlie").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn request_should_be_answered_when_the_gateway_is_told_to_stop() {
	let world = World::with_offer(1).await;
	let mut gateway = Gateway::start(&world.node);
	let url = format!("{}/chat/completions", gateway.base_url());
	let body = json!({ "model": "0", "messages": [{ "role": "user", "content": QUESTION }], "temperature": 0 });
	let request = Client::new().post(url).bearer_auth(gateway.api_key()).json(&body).send();
	let answer = tokio::spawn(request);
	while world.client.jobs_of(&account("//Charlie")).await.unwrap().is_empty() {
		tokio::time::sleep(std::time::Duration::from_millis(50)).await;
	}
	let stopped = tokio::task::spawn_blocking(move || gateway.terminate());
	let _miner = world.miner(&Engine::Llama);
	let response = answer.await.unwrap().unwrap();
	assert_eq!(response.status(), StatusCode::OK);
	let body: Value = response.json().await.unwrap();
	assert!(body["choices"][0]["message"]["content"].as_str().unwrap().contains("42"), "{body}");
	assert_eq!(stopped.await.unwrap(), Some(0));
}
