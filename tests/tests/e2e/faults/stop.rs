//! The miner is told to stop.

use millrace_client::calls;
use millrace_tests::{miner::Engine, world::account, Miner, Say, World};

use super::{failed_unpaid, fake, named, settled_once, submitted, LONG, SHORT};

#[tokio::test(flavor = "multi_thread")]
async fn running_job_should_be_answered_when_the_miner_is_told_to_stop() {
	let world = World::with_offer(1).await;
	let mut miner = world.miner(&Engine::Llama);
	let (job, block, before) = submitted(&world, world.request(LONG, 300)).await;
	miner.wait_for("running");
	assert_eq!(miner.terminate(), Some(0));
	settled_once(&world, job, block, before.owner).await;
}

/// The number of the line that says so.
fn line_of(miner: &Miner, words: &[&str]) -> usize {
	let lines = miner.process().lines();
	let found = lines.iter().position(|line| words.iter().all(|word| line.contains(word)));
	found.unwrap_or_else(|| panic!("no line with {words:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_should_be_withdrawn_before_any_work_is_refused_when_the_miner_is_told_to_stop() {
	let world = World::with_offer(2).await;
	let engine = fake(&world, Say::Nothing).await;
	let mut miner = world.miner_with(&Engine::Ollama(engine.url()), &[]);
	let (running, from, _) = submitted(&world, named(&world, SHORT, 32)).await;
	engine.asked(1).await;
	let (waiting, block, before) = submitted(&world, named(&world, "What is 1 plus 2?", 32)).await;
	miner.wait_for_job(waiting, "assigned");
	miner.process().signal("TERM");
	miner.wait_for("draining");
	let bob = account("//Bob");
	assert!(!world.client.at_best().await.unwrap().miner(&bob).await.unwrap().unwrap().ready);
	failed_unpaid(&world, waiting, block, before).await;
	assert!(miner.wait_for_job(waiting, "failed").contains("code=Drain"));
	let owner = world.money("//Bob").await.free;
	engine.say(Say::answer("42"));
	settled_once(&world, running, from, owner).await;
	assert_eq!(miner.ended(), Some(0));
	let withdrawn = line_of(&miner, &["event=set_ready", "ready=false", "told the chain"]);
	assert!(withdrawn < line_of(&miner, &["event=draining"]));
	assert!(withdrawn < line_of(&miner, &["event=failed"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn running_job_should_fail_as_drain_when_it_outlasts_the_time_to_stop() {
	let world = World::with_offer(1).await;
	let engine = fake(&world, Say::Nothing).await;
	let mut miner = world.miner_with(&Engine::Ollama(engine.url()), &["--drain-secs", "3"]);
	let (job, block, before) = submitted(&world, named(&world, SHORT, 32)).await;
	engine.asked(1).await;
	assert_eq!(miner.terminate(), Some(0));
	failed_unpaid(&world, job, block, before).await;
	assert!(miner.wait_for_job(job, "failed").contains("code=Drain"));
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_should_be_sent_at_the_next_start_when_the_miner_stops_without_its_node() {
	let world = World::with_offer(1).await;
	let engine = fake(&world, Say::Nothing).await;
	let mut miner = world.miner_with(&Engine::Ollama(engine.url()), &["--drain-secs", "3"]);
	let (job, block, before) = submitted(&world, world.request(SHORT, 32)).await;
	engine.asked(1).await;
	world.node.pause();
	engine.say(Say::answer("42"));
	miner.wait_for_job(job, "finished");
	assert_eq!(miner.terminate(), Some(0));
	miner.wait_for("drain_cut");
	world.node.resume();
	let again = world.miner(&Engine::Llama);
	settled_once(&world, job, block, before.owner).await;
	assert!(!again.said(job, "running"), "the journal had the answer");
}

/// Whether the chain gives Bob's miner jobs.
async fn takes_jobs(world: &World) -> bool {
	world.client.at_best().await.unwrap().miner(&account("//Bob")).await.unwrap().unwrap().ready
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_should_come_back_when_the_miner_is_started_again_and_cost_nothing() {
	let world = World::with_offer(1).await;
	let operator = world.money("//Bob//operator").await;
	let mut miner = world.miner(&Engine::Llama);
	assert_eq!(miner.terminate(), Some(0));
	assert!(!takes_jobs(&world).await);
	let again = world.miner(&Engine::Llama);
	again.process().wait_for("readiness", |line| line.contains("ready=true") && line.contains("told the chain"));
	assert!(takes_jobs(&world).await);
	assert_eq!(world.money("//Bob//operator").await, operator);
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_should_stay_withdrawn_when_the_owner_withdrew_it() {
	let world = World::with_offer(1).await;
	world.bob.send(calls::set_ready(false)).await.unwrap().in_block().await.unwrap();
	let mut miner = world.miner(&Engine::Llama);
	assert_eq!(miner.terminate(), Some(0));
	let mut again = world.miner(&Engine::Llama);
	assert_eq!(again.terminate(), Some(0));
	assert!(!takes_jobs(&world).await);
	let told =
		|miner: &Miner| miner.process().lines().iter().any(|line| line.contains("ready=true") && line.contains("told"));
	assert!(!told(&miner) && !told(&again));
}
