//! The miner killed in each state of its journal.

use millrace_client::JobUpdate;
use millrace_primitives::job::payload_hash;
use millrace_tests::{link::as_hex, miner::Engine, Link, Say, World};

use super::{fake, named, settled_once, submitted, SHORT, SUM};

#[tokio::test(flavor = "multi_thread")]
async fn job_should_be_answered_once_when_the_miner_is_killed_after_assignment() {
	let world = World::with_offer(1).await;
	let before = world.money("//Bob").await.free;
	// The job is the first that names its input's hash; the input itself never comes.
	let link = Link::silent_after(&world.node, as_hex(payload_hash(SHORT.as_bytes()).as_bytes())).await;
	let mut miner = world.miner_behind(&link, &Engine::Llama);
	let (job, _, block) = world.submit(world.request(SHORT, 32)).await;
	miner.wait_for_job(job, "assigned");
	miner.kill();
	assert!(!miner.said(job, "finished"), "there was no input to work on");
	let _again = world.miner(&Engine::Llama);
	settled_once(&world, job, block, before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_be_answered_once_when_the_miner_is_killed_while_it_waits_for_a_slot() {
	let world = World::with_offer(2).await;
	let engine = fake(&world, Say::Nothing).await;
	let mut miner = world.miner(&Engine::Ollama(engine.url()));
	let (first, _, from) = world.submit(world.request(SHORT, 32)).await;
	engine.asked(1).await;
	let (job, block, before) = submitted(&world, world.request("What is 1 plus 2?", 32)).await;
	miner.wait_for_job(job, "assigned");
	miner.kill();
	assert!(!miner.said(job, "running"), "the only slot is taken");
	let _again = world.miner(&Engine::Llama);
	let JobUpdate::Settled { fee, .. } = world.last_update(first, from).await else {
		panic!("{first} was not settled")
	};
	settled_once(&world, job, block, before.owner + fee).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_be_answered_once_when_the_miner_is_killed_during_inference() {
	let world = World::with_offer(1).await;
	let engine = fake(&world, Say::Nothing).await;
	let mut miner = world.miner(&Engine::Ollama(engine.url()));
	let (job, block, before) = submitted(&world, world.request(SHORT, 32)).await;
	engine.asked(1).await;
	miner.kill();
	assert!(miner.said(job, "running") && !miner.said(job, "finished"));
	let _again = world.miner(&Engine::Llama);
	settled_once(&world, job, block, before.owner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_be_answered_once_when_the_miner_is_killed_before_the_proof_is_sent() {
	let world = World::with_offer(1).await;
	let before = world.money("//Bob").await.free;
	// With the input, all that the inference needs has come; the proof does not get through.
	let link = Link::silent_after(&world.node, as_hex(SHORT.as_bytes())).await;
	let mut miner = world.miner_behind(&link, &Engine::Llama);
	let (job, _, block) = world.submit(world.request(SHORT, 32)).await;
	miner.wait_for_job(job, "finished");
	miner.kill();
	let again = world.miner(&Engine::Llama);
	settled_once(&world, job, block, before).await;
	assert!(!again.said(job, "running"), "the journal had the answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_be_answered_once_when_the_miner_is_killed_after_the_proof_is_sent() {
	let world = World::with_offer(1).await;
	let before = world.money("//Bob").await.free;
	// The node gets the proof, and the miner never hears what became of it.
	let link = Link::silent_after(&world.node, as_hex(SUM.as_bytes())).await;
	let mut miner = world.miner_behind(&link, &Engine::Llama);
	let (job, _, block) = world.submit(world.request(SHORT, 32)).await;
	settled_once(&world, job, block, before).await;
	miner.kill();
	assert!(!miner.said(job, "included"), "the miner was told");
	nothing_is_sent_again(&world, job).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_should_be_sent_again_when_the_miner_is_killed_after_its_job_is_final() {
	let world = World::with_offer(1).await;
	let mut miner = world.miner(&Engine::Llama);
	let (job, block, before) = submitted(&world, world.request(SHORT, 32)).await;
	settled_once(&world, job, block, before.owner).await;
	miner.wait_for_job(job, "paid");
	miner.kill();
	nothing_is_sent_again(&world, job).await;
}

/// A new process leaves a job alone that is over.
async fn nothing_is_sent_again(world: &World, job: u64) {
	let again = world.miner(&Engine::Llama);
	// What the miner would have doubled comes before what it does next.
	let (next, block, before) = submitted(world, world.request("What is 1 plus 2?", 32)).await;
	settled_once(world, next, block, before.owner).await;
	assert!(!again.said(job, "submitted"), "the job was over");
}

#[tokio::test(flavor = "multi_thread")]
async fn failure_should_stay_one_when_the_miner_is_killed_before_it_is_sent() {
	let world = World::with_offer(1).await;
	let engine = fake(&world, Say::Nothing).await;
	let mut miner = world.miner(&Engine::Ollama(engine.url()));
	let (job, block, before) = submitted(&world, named(&world, SHORT, 32)).await;
	engine.asked(1).await;
	// The node takes nothing more, so that the failure is in the journal and nowhere else.
	world.node.pause();
	engine.say(Say::Garbage);
	let line = miner.wait_for_job(job, "failed");
	assert!(line.contains("code=EngineError"), "{line}");
	miner.wait_for_job(job, "submitted");
	miner.kill();
	world.node.resume();
	// This engine could answer.
	let again = world.miner(&Engine::Llama);
	super::failed_unpaid(&world, job, block, before).await;
	assert!(!again.said(job, "running"), "the journal had the failure");
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_be_answered_when_the_miner_starts_after_the_assignment() {
	let world = World::with_offer(1).await;
	let (job, block, before) = submitted(&world, world.request(SHORT, 32)).await;
	let _miner = world.miner(&Engine::Llama);
	settled_once(&world, job, block, before.owner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_expire_refunded_when_there_is_no_miner() {
	let world = World::empty().await;
	let before = world.money("//Charlie").await;
	let (job, tx_fee, block) = world.submit(world.request(SHORT, 32)).await;
	assert!(matches!(world.last_update(job, block).await, JobUpdate::Expired));
	let snapshot = world.client.at_best().await.unwrap();
	let row = snapshot.escrow(job).await.unwrap().unwrap();
	let after = world.money("//Charlie").await;
	assert_eq!(after.free + row.deposit, before.free - tx_fee);
	let receipt = snapshot.receipt(job).await.unwrap().unwrap();
	assert_eq!(receipt.ended_at - receipt.submitted_at, 60);
}
