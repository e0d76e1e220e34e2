//! Functions that the model calls: by grammar with llama.cpp, and by itself with an engine that says so.

use futures::StreamExt;
use millrace_tests::{miner::Engine, Gateway, Say, World};
use reqwest::{Client, StatusCode};
use serde_json::{json, Value};

use super::gateway_channels::{user, SUM};

/// Short: the tiny model reads bytes.
fn add() -> Value {
	let parameters = json!({ "type": "object", "properties": { "to": { "enum": [17, 25] } }, "required": ["to"] });
	json!([{ "type": "function", "function": { "name": "add", "parameters": parameters } }])
}

fn request(messages: &Value, more: &Value) -> Value {
	let mut request = json!({ "model": "millrace-tiny", "messages": messages, "max_tokens": 185, "temperature": 0 });
	request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
	request
}

async fn post(url: String, body: &Value) -> Value {
	let response = Client::new().post(url).json(body).send().await.unwrap();
	let (status, body) = (response.status(), response.json::<Value>().await.unwrap());
	assert_eq!(status, StatusCode::OK, "{body}");
	body
}

/// Has a function called, and the model told what it returned. What gives the answers: `channel` or `job`.
async fn call_and_return(gateway: &Gateway, source: &str) {
	let url = format!("{}/chat/completions", gateway.base_url());
	let mut messages = user(SUM);
	let answer = post(url.clone(), &request(&messages, &json!({ "tools": add(), "tool_choice": "required" }))).await;
	assert!(answer["millrace"][source].is_u64(), "{answer}");
	let (message, reason) = (&answer["choices"][0]["message"], &answer["choices"][0]["finish_reason"]);
	assert_eq!((&message["content"], reason), (&Value::Null, &json!("tool_calls")), "{answer}");
	let call = &message["tool_calls"][0];
	assert_eq!((&call["type"], &call["function"]["name"]), (&json!("function"), &json!("add")), "{answer}");
	let arguments: Value = serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
	assert!(arguments["to"] == 17 || arguments["to"] == 25, "{answer}");

	let messages = messages.as_array_mut().unwrap();
	messages.push(message.clone());
	messages.push(json!({ "role": "tool", "tool_call_id": call["id"], "content": "42" }));
	let answer = post(url, &request(&json!(messages), &json!({ "tools": add(), "tool_choice": "none" }))).await;
	let message = &answer["choices"][0]["message"];
	assert!(message["content"].is_string() && message.get("tool_calls").is_none(), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn function_should_be_called_when_llama_must_call_it() {
	let world = World::with_offer(1).await;
	let _miner = world.streaming_miner(&Engine::Llama, &[]);
	call_and_return(&Gateway::open(&world.node, &[]), "channel").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn function_should_be_called_when_the_answer_is_a_job() {
	let world = World::with_offer(1).await;
	let _miner = world.miner(&Engine::Llama);
	call_and_return(&Gateway::open(&world.node, &[]), "job").await;
}

/// What the server sends in a stream.
async fn events(url: String, body: &Value) -> Vec<Value> {
	let response = Client::new().post(url).json(body).send().await.unwrap();
	assert_eq!(response.status(), StatusCode::OK);
	let mut text = String::new();
	let mut bytes = response.bytes_stream();
	while let Some(more) = bytes.next().await {
		text.push_str(std::str::from_utf8(&more.unwrap()).unwrap());
	}
	let line = |line: &str| serde_json::from_str(line.strip_prefix("data: ").unwrap_or(line)).ok();
	text.lines().filter_map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_should_be_told_apart_from_text_when_the_model_makes_them_by_itself() {
	let world = World::with_offer(1).await;
	let call = "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"first\": 17, \"second\": 25}}\n</tool_call>";
	let said: Vec<_> = format!("Wait.\n{call}\n{call}").split_inclusive(' ').map(str::to_owned).collect();
	let engine = world.scripted(Say::Answer(said)).await;
	let _miner = world.streaming_miner(&Engine::Ollama(engine.url()), &[]);
	let gateway = Gateway::open(&world.node, &[]);

	let url = format!("{}/chat/completions", gateway.base_url());
	let more = json!({ "tools": add(), "stream": true });
	let sent = events(url.clone(), &request(&user(SUM), &more)).await;
	let deltas: Vec<_> = sent.iter().map(|event| &event["choices"][0]["delta"]).collect();
	let text: String = deltas.iter().filter_map(|delta| delta["content"].as_str()).collect();
	assert_eq!(text, "Wait.");
	let calls: Vec<_> = deltas.iter().filter_map(|delta| delta["tool_calls"][0].as_object()).collect();
	assert_eq!(calls.iter().map(|call| call["index"].as_u64()).collect::<Vec<_>>(), [Some(0), Some(1)]);
	let arguments = r#"{"first": 17, "second": 25}"#;
	assert!(calls.iter().all(|call| call["function"] == json!({ "name": "add", "arguments": arguments })), "{sent:?}");
	assert_ne!(calls[0]["id"], calls[1]["id"]);
	assert_eq!(sent[sent.len() - 1]["choices"][0]["finish_reason"], "tool_calls");

	let more = json!({ "tools": add(), "parallel_tool_calls": false });
	let answer = post(url, &request(&user(SUM), &more)).await;
	assert_eq!(answer["choices"][0]["message"]["tool_calls"].as_array().map(Vec::len), Some(1), "{answer}");

	let body = json!({ "model": "millrace-tiny", "messages": user(SUM), "tools": add() });
	let sent = events(format!("{}/api/chat", gateway.root()), &body).await;
	let calls: Vec<_> = sent.iter().filter_map(|line| line["message"]["tool_calls"].as_array()).flatten().collect();
	let called = json!({ "function": { "name": "add", "arguments": { "first": 17, "second": 25 } } });
	assert_eq!(calls, [&called, &called]);
}
