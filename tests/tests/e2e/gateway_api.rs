//! The gateway's other interfaces: embeddings, Ollama's, jobs under names of their own, keys and their limits.

use std::process::Command;

use millrace_client::calls;
use millrace_primitives::{Outcome, MILL};
use millrace_tests::{
	library::{python_example, run},
	miner::Engine,
	world::account,
	Gateway, Ollama, World,
};
use reqwest::{Client, Response, StatusCode};
use serde_json::{json, Value};

const QUESTION: &str = "What is 17 plus 25?";

/// Sends JSON and returns what came back.
async fn post(gateway: &Gateway, path: &str, body: Value) -> Response {
	let request = Client::new().post(format!("{}{path}", gateway.root())).json(&body);
	request.bearer_auth(gateway.api_key()).send().await.unwrap()
}

async fn posted(gateway: &Gateway, path: &str, body: Value) -> Value {
	let response = post(gateway, path, body).await;
	let status = response.status();
	let body = response.json().await.unwrap();
	assert!(status.is_success(), "{path}: {status} {body}");
	body
}

async fn get(gateway: &Gateway, path: &str) -> Response {
	Client::new().get(format!("{}{path}", gateway.root())).bearer_auth(gateway.api_key()).send().await.unwrap()
}

async fn read(gateway: &Gateway, path: &str) -> Value {
	let response = get(gateway, path).await;
	assert_eq!(response.status(), StatusCode::OK, "{path}");
	response.json().await.unwrap()
}

/// Posts a job with a name for the request.
async fn job(gateway: &Gateway, name: &str, input: &str) -> (StatusCode, Value) {
	let body = json!({ "model": "millrace-tiny", "input": input, "max_tokens": 32 });
	let request = Client::new().post(format!("{}/v1/jobs", gateway.root())).header("idempotency-key", name);
	let response = request.bearer_auth(gateway.api_key()).json(&body).send().await.unwrap();
	(response.status(), response.json().await.unwrap())
}

/// The events of a job, up to its end: names and data.
async fn events(gateway: &Gateway, id: &str) -> Vec<(String, Value)> {
	let text = get(gateway, &format!("/v1/jobs/{id}/events")).await.text().await.unwrap();
	let event = |event: &str| {
		let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
		Some((field("event:")?.to_owned(), serde_json::from_str(field("data:")?).unwrap()))
	};
	text.split("\n\n").filter_map(event).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_should_speak_openai_ollama_and_its_own_language() {
	let world = World::with_offer(2).await;
	let _miner = world.miner(&Engine::Llama);
	let gateway = Gateway::open(&world.node, &[]);

	embeddings(&gateway).await;
	ollama(&gateway).await;
	jobs(&world, &gateway).await;

	let explained = read(&gateway, "/v1/match?model=millrace-tiny").await;
	assert_eq!(explained["miners"][0]["miner"], account("//Bob").to_string(), "{explained}");
	assert_eq!(explained["miners"][0]["obstacle"], Value::Null, "{explained}");
	let metrics = get(&gateway, "/metrics").await.text().await.unwrap();
	assert!(metrics.contains("millrace_gateway_jobs_total{outcome=\"settled\"}"), "{metrics}");
	assert_eq!(read(&gateway, "/readyz").await["status"], "ok");
	assert!(read(&gateway, "/openapi.json").await["paths"]["/v1/jobs"].is_object());
	assert!(get(&gateway, "/docs").await.text().await.unwrap().contains("openapi.json"));
	let foreign = Client::new().get(format!("{}/models", gateway.base_url())).header("origin", "https://evil.example");
	assert_eq!(foreign.send().await.unwrap().status(), StatusCode::FORBIDDEN);
	// The log has no prompts.
	assert!(gateway.process().lines().iter().all(|line| !line.contains("17 plus 25")));
}

async fn embeddings(gateway: &Gateway) {
	let ask = |format: &str| json!({ "model": "millrace-tiny", "input": [QUESTION, "b"], "encoding_format": format });
	let floats = posted(gateway, "/v1/embeddings", ask("float")).await;
	let numbers: Vec<f64> =
		floats["data"][0]["embedding"].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect();
	let length: f64 = numbers.iter().map(|number| number * number).sum();
	assert!(numbers.len() > 8 && (length - 1.0).abs() < 1e-3, "{numbers:?}");
	assert_eq!(floats["data"][1]["index"], 1);
	assert_ne!(floats["data"][0]["embedding"], floats["data"][1]["embedding"]);
	assert!(floats["usage"]["prompt_tokens"].as_u64().unwrap() > 0, "{floats}");
	assert_eq!(floats["millrace"]["jobs"].as_array().unwrap().len(), 2);
	let coded = posted(gateway, "/v1/embeddings", ask("base64")).await;
	// 4 bytes a number, 4 letters for 3 bytes.
	assert_eq!(coded["data"][0]["embedding"].as_str().unwrap().len(), (numbers.len() * 4).div_ceil(3) * 4);
}

async fn ollama(gateway: &Gateway) {
	let ask = json!({ "model": "millrace-tiny", "prompt": QUESTION, "options": { "temperature": 0 } });
	// Ollama's users send JSON as whatever curl calls it.
	let request = Client::new().post(format!("{}/api/generate", gateway.root())).body(ask.to_string());
	let lines = request.send().await.unwrap().text().await.unwrap();
	let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
	assert!(lines[0]["response"].as_str().unwrap().contains("42"), "{lines:?}");
	let last = lines.last().unwrap();
	assert_eq!((&last["done"], &last["done_reason"]), (&json!(true), &json!("stop")));
	assert!(last["eval_count"].as_u64().unwrap() > 0 && last["total_duration"].as_u64().unwrap() > 1_000_000, "{last}");
	let refused = post(gateway, "/api/chat", json!({ "model": "none", "messages": [] })).await;
	assert_eq!(refused.status(), StatusCode::NOT_FOUND);
	assert!(refused.json::<Value>().await.unwrap()["error"].is_string());

	if let Some(server) = Ollama::start() {
		let root = gateway.root().to_owned();
		let said = tokio::task::spawn_blocking(move || {
			["run millrace-tiny", "list", "show millrace-tiny", "ps"].map(|line| {
				let mut args: Vec<_> = line.split(' ').collect();
				if args[0] == "run" {
					args.push(QUESTION);
				}
				run(&mut server.client(&root, &args))
			})
		});
		let [run, list, show, ps] = said.await.unwrap();
		// Ollama's own default temperature: what it says is not always right.
		assert!(!run.trim().is_empty());
		assert!(list.contains("millrace-tiny") && list.contains("Never"), "{list}");
		assert!(show.contains("context length") && show.contains("completion"), "{show}");
		assert!(ps.contains("millrace-tiny"), "{ps}");
	}
}

async fn jobs(world: &World, gateway: &Gateway) {
	let (status, first) = job(gateway, "mine", QUESTION).await;
	assert_eq!(status, StatusCode::CREATED, "{first}");
	let (status, again) = job(gateway, "mine", QUESTION).await;
	assert_eq!((status, &again["id"], &again["job"]), (StatusCode::OK, &first["id"], &first["job"]));
	let (status, other) = job(gateway, "mine", "Something else").await;
	assert_eq!((status, &other["error"]["code"]), (StatusCode::CONFLICT, &json!("idempotency_key_reused")));

	let id = first["id"].as_str().unwrap();
	let events = events(gateway, id).await;
	let view = read(gateway, &format!("/v1/jobs/{id}")).await;
	assert_eq!((&view["status"], &view), (&json!("settled"), &events.last().unwrap().1));

	let number = first["job"].as_u64().unwrap();
	let result = get(gateway, &format!("/v1/jobs/{id}/result")).await;
	assert_eq!(result.status(), StatusCode::OK);
	let answer = result.text().await.unwrap();
	assert!(answer.contains("42"), "{answer}");
	assert_eq!(answer, world.answer(number).await);
	let receipt = world.client.receipt(number).await.unwrap().unwrap();
	assert_eq!((receipt.outcome, view["fee"].as_str()), (Outcome::Settled, Some(receipt.fee.to_string().as_str())));
	assert_eq!(read(gateway, &format!("/v1/jobs/{id}/receipt")).await["fee"], receipt.fee.to_string());
	let file = Client::new().get(format!("{}/v1/jobs/{id}/receipt", gateway.root()));
	let file = file.header("accept", "application/octet-stream").send().await.unwrap();
	assert_eq!(file.status(), StatusCode::OK);
	let trust = world.client.trust_at_genesis().await.unwrap().unwrap();
	let verified = millrace_client::receipt::verify(&file.bytes().await.unwrap(), &trust).unwrap();
	assert_eq!(verified.receipt.job, number);
	assert_eq!(post(gateway, &format!("/v1/jobs/{id}/cancel"), json!({})).await.status(), StatusCode::CONFLICT);

	let (_, second) = job(gateway, "yours", "What is 1 plus 1?").await;
	let page = read(gateway, "/v1/jobs?limit=1").await;
	assert_eq!((&page["data"][0]["id"], &page["has_more"]), (&second["id"], &json!(true)));
	let next = read(gateway, &format!("/v1/jobs?limit=1&after={}", page["last_id"].as_str().unwrap())).await;
	assert_eq!(next["data"][0]["id"], id);
	assert_eq!(get(gateway, "/v1/jobs/job_none").await.status(), StatusCode::NOT_FOUND);
	assert_eq!(get(gateway, "/v1/jobs?limit=0").await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_be_posted_once_when_the_gateway_dies_over_it() {
	let world = World::with_offer(1).await;
	let mut gateway = Gateway::open(&world.node, &[]);
	let (status, first) = job(&gateway, "mine", QUESTION).await;
	assert_eq!(status, StatusCode::CREATED, "{first}");
	let id = first["id"].as_str().unwrap().to_owned();
	assert_eq!(get(&gateway, &format!("/v1/jobs/{id}/result")).await.status(), StatusCode::TOO_EARLY);

	gateway.crash_and_restart();
	let (status, again) = job(&gateway, "mine", QUESTION).await;
	assert_eq!((status, &again["id"], &again["job"]), (StatusCode::OK, &first["id"], &first["job"]));
	assert_eq!(world.client.jobs_of(&account("//Charlie")).await.unwrap().len(), 1);

	// Killed between the request and its answer, whatever it was doing then: the client asks again.
	let (url, body) =
		(format!("{}/v1/jobs", gateway.root()), json!({ "model": "0", "input": "again", "max_tokens": 8 }));
	let ask = |url: String| Client::new().post(url).header("idempotency-key", "killed").json(&body).send();
	let lost = tokio::spawn(ask(url));
	tokio::time::sleep(std::time::Duration::from_millis(300)).await;
	gateway.crash_and_restart();
	drop(lost.await.unwrap());
	let found = ask(format!("{}/v1/jobs", gateway.root())).await.unwrap();
	assert!(found.status().is_success(), "{}", found.status());
	let found: Value = found.json().await.unwrap();

	// Both wait for a miner: all that happens is told.
	let heard = async {
		let both = (events(&gateway, &id), events(&gateway, found["id"].as_str().unwrap()));
		futures::join!(both.0, both.1)
	};
	let miner = async { tokio::task::block_in_place(|| world.miner(&Engine::Llama)) };
	let ((first, second), _miner) = futures::join!(heard, miner);
	for events in [first, second] {
		let names: Vec<_> = events.iter().map(|(name, _)| name.as_str()).collect();
		assert_eq!((names[0], names[names.len() - 2..].to_vec()), ("submitted", vec!["settled", "end"]), "{names:?}");
		assert_eq!(events.last().unwrap().1["status"], "settled", "{events:?}");
	}
	assert_eq!(world.client.jobs_of(&account("//Charlie")).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_be_withdrawn_when_no_miner_has_it() {
	let world = World::empty().await;
	let gateway = Gateway::open(&world.node, &[]);
	let (_, posted) = job(&gateway, "mine", QUESTION).await;
	let id = posted["id"].as_str().unwrap();
	let withdrawn = Client::new().delete(format!("{}/v1/jobs/{id}", gateway.root())).send().await.unwrap();
	assert_eq!(withdrawn.status(), StatusCode::OK);
	assert_eq!(withdrawn.json::<Value>().await.unwrap()["status"], "cancelled");
	assert_eq!(get(&gateway, &format!("/v1/jobs/{id}/result")).await.status(), StatusCode::CONFLICT);

	// What is left is less than the most that an answer may cost.
	let free = world.money("//Charlie").await.free;
	world.charlie.send(calls::transfer(account("//Dave"), free - MILL / 20)).await.unwrap().in_block().await.unwrap();
	let (status, poor) = job(&gateway, "poor", QUESTION).await;
	assert_eq!((status, &poor["error"]["code"]), (StatusCode::PAYMENT_REQUIRED, &json!("insufficient_funds")));
	let amount = |name: &str| poor["error"]["amounts"][name].as_str().unwrap().parse::<u128>().unwrap();
	assert!(amount("needed") > amount("free"), "{poor}");
}

#[tokio::test(flavor = "multi_thread")]
async fn key_should_be_held_to_its_scopes_budget_and_rate() {
	let world = World::with_offer(1).await;
	let _miner = world.miner(&Engine::Llama);
	let gateway = Gateway::start(&world.node);
	let chat = |key: String| {
		let body = json!({
			"model": "millrace-tiny",
			"messages": [{ "role": "user", "content": QUESTION }],
			"temperature": 0,
			"max_tokens": 32,
		});
		Client::new().post(format!("{}/chat/completions", gateway.base_url())).bearer_auth(key).json(&body).send()
	};
	let code = |response: Response| async {
		let status = response.status();
		(status, response.json::<Value>().await.unwrap()["error"]["code"].clone())
	};

	let key = gateway.new_key(&["--scope", "models"]);
	assert_eq!(code(chat(key).await.unwrap()).await, (StatusCode::FORBIDDEN, json!("insufficient_permissions")));
	let key = gateway.new_key(&["--model", "another"]);
	assert_eq!(code(chat(key).await.unwrap()).await, (StatusCode::FORBIDDEN, json!("model_not_found")));

	// One answer may cost 0.05 MILL, and costs far less.
	let key = gateway.new_key(&["--budget", "0.05"]);
	assert_eq!(chat(key.clone()).await.unwrap().status(), StatusCode::OK);
	assert_eq!(code(chat(key).await.unwrap()).await, (StatusCode::TOO_MANY_REQUESTS, json!("insufficient_quota")));
	let keys = gateway.key(&["list"]);
	let spent = keys["keys"].as_array().unwrap().last().unwrap()["spent"].as_str().unwrap().parse::<u128>().unwrap();
	let job = *world.client.jobs_of(&account("//Charlie")).await.unwrap().last().unwrap();
	assert_eq!(spent, world.client.receipt(job).await.unwrap().unwrap().fee);

	let key = gateway.new_key(&["--per-minute", "2"]);
	let models = || Client::new().get(format!("{}/models", gateway.base_url())).bearer_auth(&key).send();
	let first = models().await.unwrap();
	assert_eq!((first.headers()["x-ratelimit-limit-requests"].as_bytes(), first.status()), (&b"2"[..], StatusCode::OK));
	assert_eq!(first.headers()["x-ratelimit-remaining-requests"], "1");
	models().await.unwrap();
	let third = models().await.unwrap();
	assert!(third.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 0);
	assert_eq!(code(third).await, (StatusCode::TOO_MANY_REQUESTS, json!("rate_limit_exceeded")));

	let id = gateway.key(&["list"])["keys"][0]["id"].as_str().unwrap().to_owned();
	gateway.key(&["revoke", &id]);
	assert_eq!(get(&gateway, "/v1/models").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn ollama_python_should_ask_by_another_host_alone() {
	let Some((python, folder)) = python_example("ollama-python") else { return };
	let world = World::with_offer(1).await;
	let _miner = world.miner(&Engine::Llama);
	let gateway = Gateway::start(&world.node);
	let mut command = Command::new(python);
	command.args(["ask.py", gateway.root(), gateway.api_key(), QUESTION]).current_dir(folder);
	let said = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
	let said: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
	assert!(said["answer"].as_str().unwrap().contains("42"), "{said}");
	assert_eq!((&said["streamed"], &said["streamed_tokens"]), (&said["answer"], &said["tokens"]), "{said}");
	assert_eq!((&said["done_reason"], &said["cut"]), (&json!("stop"), &json!("length")), "{said}");
	assert_eq!((&said["embeddings"], &said["unknown_model"]), (&json!(2), &json!(404)), "{said}");
	assert_eq!(said["ready"], json!(["millrace-tiny"]), "{said}");
}
