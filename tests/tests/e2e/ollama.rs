//! The flow with a real Ollama serving the same file.

use millrace_client::JobUpdate;
use millrace_tests::{miner::Engine, Ollama, World};

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
