//! The flow with a real Ollama serving the same file.

use millrace_client::JobUpdate;
use millrace_tests::{miner::Engine, world::account, Ollama, World};

#[tokio::test(flavor = "multi_thread")]
async fn ollama_should_answer_a_job_and_be_paid() {
	let Some(ollama) = Ollama::start() else { return };
	let world = World::with_offer(1).await;
	let before = world.money("//Bob").await.free;
	let _miner = world.miner(&Engine::Ollama(ollama.url()));
	let (job, _, block) = world.submit(world.request("What is 17 plus 25?", 64)).await;
	let JobUpdate::Settled { fee, .. } = world.last_update(job, block).await else { panic!("the job was not settled") };
	let answer = world.answer(job).await;
	assert!(answer.contains("42"), "{answer:?}");
	assert_eq!(world.money("//Bob").await.free, before + fee);
}

/// Its answer has some 255 tokens, so that the engine can die in its midst.
const LONG: &str = "Tell me about Millrace.";

#[tokio::test(flavor = "multi_thread")]
async fn job_should_fail_unpaid_and_refunded_when_the_engine_dies_under_it() {
	let Some(mut ollama) = Ollama::start() else { return };
	let world = World::with_offer(1).await;
	let (client_before, owner_before) = (world.money("//Charlie").await, world.money("//Bob").await);
	let miner = world.miner(&Engine::Ollama(ollama.url()));
	let mut request = world.request(LONG, 300);
	// A named miner: its honest failure ends the job instead of sending it to others.
	request.miner = Some(account("//Bob"));
	let (job, tx_fee, block) = world.submit(request).await;
	ollama.wait_for_inference();
	ollama.kill();
	assert!(matches!(world.last_update(job, block).await, JobUpdate::Failed));
	assert!(miner.wait_for_job(job, "failed").contains("code=EngineError"));
	assert_eq!(world.money("//Bob").await, owner_before);
	let row = world.client.at_best().await.unwrap().escrow(job).await.unwrap().unwrap();
	assert_eq!(world.money("//Charlie").await.free + row.deposit, client_before.free - tx_fee);
}
