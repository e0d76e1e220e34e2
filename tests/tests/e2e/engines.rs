//! The miner with an OpenAI-compatible server, and what it says of its models.

use std::process::Command;

use millrace_client::{calls, JobUpdate};
use millrace_primitives::{Rate, MILL};
use millrace_tests::{binary, miner::Engine, ollama::MODEL, tiny_model, world::account, Ollama, World};
use serde_json::{json, Value};

#[tokio::test(flavor = "multi_thread")]
async fn openai_server_should_answer_a_job_and_be_paid() {
	let Some(ollama) = Ollama::start() else { return };
	let world = World::with_offer(1).await;
	let before = world.money("//Bob").await.free;
	let digest = world.client.model(0).await.unwrap().unwrap().digest;
	let file = world.work.path().join("miner.toml");
	// The first engine is away, so that the second one has to do it.
	let text = format!(
		"[[engine]]\nkind = \"ollama\"\nurl = \"http://127.0.0.1:1\"\n[[engine]]\nkind = \"openai\"\nurl = \"{}/v1\"\n\
		 models = [{{ name = \"{MODEL}\", digest = \"{digest:?}\", file = \"{}\" }}]\n",
		ollama.url(),
		tiny_model().canonicalize().unwrap().display()
	);
	std::fs::write(&file, text).unwrap();
	let miner = world.miner(&Engine::File(file));
	let (job, _, block) = world.submit(world.request("What is 17 plus 25?", 64)).await;
	let JobUpdate::Settled { fee, .. } = world.last_update(job, block).await else { panic!("the job was not settled") };
	let answer = world.answer(job).await;
	assert!(answer.contains("42"), "{answer:?}");
	assert_eq!(world.money("//Bob").await.free, before + fee);
	assert!(miner.said(job, "passed_over") && miner.said(job, "answered"));
}

#[tokio::test(flavor = "multi_thread")]
async fn models_should_show_what_the_chain_pays_when_others_have_offers() {
	let world = World::with_offer(2).await;
	let price = Rate::PerGpuSecond(MILL / 100);
	for call in [calls::register_miner(account("//Charlie//operator"), 1_000 * MILL), calls::offer(0, price, 3)] {
		world.charlie.send(call).await.unwrap().in_block().await.unwrap();
	}
	let output = Command::new(binary("millrace-miner"))
		.args(["models", "--json", "--dev-operator", "Bob", "--url", &world.node.url(), "--engine", "llama", "--model"])
		.arg(tiny_model())
		.output()
		.unwrap();
	assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
	let report: Value = serde_json::from_slice(&output.stdout).unwrap();
	let line = &report["models"][0];
	let registered = world.client.model(0).await.unwrap().unwrap();
	assert_eq!((&line["engine"], &line["digest"]), (&json!("llama"), &json!(format!("{:?}", registered.digest))));
	let found = &line["registered"];
	assert_eq!((&found["id"], &found["name"]), (&json!(0), &json!(registered.name)));
	assert_eq!((&found["own"]["slots"], &found["own"]["free_slots"]), (&json!(2), &json!(2)));
	let cheaper = json!({ "unit": "gpu_second", "price": (MILL / 100).to_string() });
	let others = json!({ "offers": 1, "ready": 1, "free_slots": 3, "lowest": cheaper, "median": cheaper });
	assert_eq!(found["others"], others);
}
