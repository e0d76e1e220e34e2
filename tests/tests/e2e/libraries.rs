//! A job by the examples of `docs/examples`: libraries that know nothing of ours.

use std::process::Command;

use millrace_tests::{
	binary,
	library::{is_there, node_example, python_example, run},
	miner::Engine,
	repository, Miner, World,
};
use serde_json::Value;

const QUESTION: &str = "What is 17 plus 25?";

async fn world() -> (World, Miner) {
	let world = World::with_offer(1).await;
	let miner = world.miner(&Engine::Llama);
	// Some libraries read final blocks only, and the first question is what the miners ask.
	world.settle().await;
	(world, miner)
}

/// Runs an example and checks what it says of its job against the chain.
async fn asked(world: &World, mut command: Command) {
	let out = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
	let said: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
	assert!(said["answer"].as_str().unwrap().contains("42"), "{said}");
	assert_eq!(said["outcome"], "Settled", "{said}");
	assert_eq!(said["matches"], true, "{said}");
	assert!(said["typical"].as_str().unwrap().parse::<u128>().unwrap() > 0, "{said}");
	let job = said["job"].as_u64().unwrap();
	let receipt = world.client.receipt(job).await.unwrap().unwrap();
	assert_eq!(said["fee"].as_str().unwrap(), receipt.fee.to_string(), "{said}");
	assert_eq!(world.answer(job).await, said["answer"].as_str().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn polkadot_js_should_submit_a_job_and_read_everything_about_it() {
	let Some(folder) = node_example("polkadot-js") else { return };
	let (world, _miner) = world().await;
	let mut command = Command::new("node");
	command.args(["ask.js", &world.node.url(), QUESTION]).current_dir(folder);
	asked(&world, command).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn papi_should_submit_a_job_and_read_everything_about_it() {
	let Some(folder) = node_example("papi") else { return };
	let (world, _miner) = world().await;
	let mut command = Command::new("node");
	command.args(["ask.js", &world.node.url(), QUESTION]).current_dir(folder);
	asked(&world, command).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subxt_should_submit_a_job_and_read_everything_about_it() {
	let (world, _miner) = world().await;
	let mut command = Command::new(binary("examples/ask-subxt"));
	command.args([&world.node.url(), QUESTION]);
	asked(&world, command).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn substrate_interface_should_submit_a_job_and_read_everything_about_it() {
	let Some((python, folder)) = python_example("python") else { return };
	let (world, _miner) = world().await;
	let mut command = Command::new(python);
	command.args(["ask.py", &world.node.url(), QUESTION]).current_dir(folder);
	asked(&world, command).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_should_submit_a_job_and_read_its_answer() {
	if !is_there("curl") {
		millrace_tests::say("SKIPPED: the example curl needs curl; install Debian's curl");
		return;
	}
	if node_example("polkadot-js").is_none() {
		return;
	}
	let (world, _miner) = world().await;
	let mut command = Command::new(repository("docs/examples/curl/ask.sh"));
	command.args([&world.node.http_url(), QUESTION]);
	let out = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
	let said = |key: &str| {
		let line = out.lines().find_map(|line| line.strip_prefix(key));
		line.unwrap_or_else(|| panic!("no {key}in {out}")).to_owned()
	};
	assert_eq!(said("outcome "), "Settled", "{out}");
	assert!(said("answer ").contains("42"), "{out}");
	assert!(said("typical ").parse::<u128>().unwrap() > 0, "{out}");
	let job = said("job ").parse().unwrap();
	let receipt = world.client.receipt(job).await.unwrap().unwrap();
	assert_eq!(said("fee "), receipt.fee.to_string());
	assert_eq!(
		said("deposit "),
		world.client.at_best().await.unwrap().escrow(job).await.unwrap().unwrap().deposit.to_string()
	);
}
