//! The gateway against its own description, by Schemathesis: requests that fit it and requests that do not.

use std::process::Command;

use millrace_tests::{
	library::{python_environment, run},
	miner::Engine,
	repository, Gateway, Say, World,
};
use reqwest::Client;
use serde_json::{json, Value};

/// Status codes by route, of all requests so far.
async fn counted(gateway: &Gateway) -> Vec<(String, u16)> {
	let metrics = reqwest::get(format!("{}/metrics", gateway.root())).await.unwrap().text().await.unwrap();
	let lines = metrics.lines().filter_map(|line| line.strip_prefix("millrace_gateway_requests_total{route=\""));
	let parse = |line: &str| {
		let (route, rest) = line.split_once("\",status=\"")?;
		Some((route.to_owned(), rest.split('"').next()?.parse().ok()?))
	};
	lines.filter_map(parse).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_should_find_a_fault_of_the_servers_when_schemathesis_draws_them() {
	let folder = repository("tests/schemathesis");
	let Some((python, folder)) = python_environment("schemathesis", folder) else { return };
	let world = World::with_offer(4).await;
	let engine = world.scripted(Say::answer("42")).await;
	let _miner = world.streaming_miner(&Engine::Ollama(engine.url()), &["--session-streams", "4"]);
	let gateway = Gateway::open(&world.node, &[]);
	let body = json!({ "model": "millrace-tiny", "input": "What is 17 plus 25?" });
	let posted = Client::new().post(format!("{}/v1/jobs", gateway.root())).json(&body).send().await.unwrap();
	let job = posted.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned();
	// Up to its end: then its events end, too.
	let events = reqwest::get(format!("{}/v1/jobs/{job}/events", gateway.root())).await.unwrap().text().await.unwrap();
	assert!(events.contains("event: end"), "{events}");

	let mut command = Command::new(python.with_file_name("schemathesis"));
	command
		.arg("run")
		.arg(format!("{}/openapi.json", gateway.root()))
		.env("SCHEMATHESIS_HOOKS", "hooks")
		.envs([("MILLRACE_MODEL", "millrace-tiny"), ("MILLRACE_JOB", &job), ("PYTHONPATH", ".")])
		.current_dir(folder);
	let said = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
	millrace_tests::say(&said);

	let counted = counted(&gateway).await;
	assert!(counted.iter().all(|(_, status)| *status < 500), "{counted:?}\n{said}");
	// They got further than an unknown name: to answers in most places, whatever is drawn.
	let answering = [
		"/v1/chat/completions",
		"/v1/completions",
		"/api/chat",
		"/api/generate",
		"/api/show",
		"/v1/jobs",
		"/v1/models/{name}",
		"/v1/match",
	];
	let answered = |route: &&&str| counted.iter().any(|(found, status)| found == **route && *status < 300);
	assert!(answering.iter().filter(answered).count() >= answering.len() / 2, "{counted:?}");
}
