//! The node is gone, or another.

use std::time::Duration;

use millrace_tests::{miner::Engine, Say, World};

use super::{fake, settled_once, submitted, SHORT};

/// Longer than all that the miner waits for of a node: an answer (15 s), a block for a transaction (30 s), and the pause
/// between two tries (10 s).
const LONG_ENOUGH: Duration = Duration::from_secs(45);

const TWO_MINUTES: Duration = Duration::from_secs(120);

/// How the node is away.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Away {
	/// Killed, and started again with its database.
	Killed,
	/// It keeps its connections and says nothing.
	Silent,
}

/// The node is away for so long while an inference ends.
async fn job_survives(away: Away, time: Duration) {
	let mut world = World::with_offer(1).await;
	let engine = fake(&world, Say::Nothing).await;
	let miner = world.miner(&Engine::Ollama(engine.url()));
	let (job, block, before) = submitted(&world, world.request(SHORT, 32)).await;
	engine.asked(1).await;
	// What is final survives a kill.
	world.settle().await;
	match away {
		Away::Killed => world.node.kill(),
		Away::Silent => world.node.pause(),
	}
	engine.say(Say::answer("42"));
	miner.wait_for_job(job, "finished");
	// The fault itself.
	tokio::time::sleep(time).await;
	assert!(miner.process().is_alive(), "the miner waits for its node");
	match away {
		Away::Killed => world.node.restart(),
		Away::Silent => world.node.resume(),
	}
	world.reconnect().await;
	settled_once(&world, job, block, before.owner).await;
	assert_eq!(engine.times(), 1, "one inference was enough");
	let (job, block, before) = submitted(&world, world.request(SHORT, 32)).await;
	settled_once(&world, job, block, before.owner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_be_answered_once_when_the_node_is_dead_for_a_while() {
	job_survives(Away::Killed, LONG_ENOUGH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_be_answered_once_when_the_node_is_silent_for_a_while() {
	job_survives(Away::Silent, LONG_ENOUGH).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; `make test-faults` runs it"]
async fn job_should_be_answered_once_when_the_node_is_dead_for_two_minutes() {
	job_survives(Away::Killed, TWO_MINUTES).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; `make test-faults` runs it"]
async fn job_should_be_answered_once_when_the_node_is_silent_for_two_minutes() {
	job_survives(Away::Silent, TWO_MINUTES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn miner_should_go_on_when_the_node_restarts() {
	let mut world = World::with_offer(1).await;
	let miner = world.miner(&Engine::Llama);
	world.settle().await;
	world.node.kill();
	miner.wait_for("node_lost");
	world.node.restart();
	miner.wait_for("node_back");
	world.reconnect().await;
	let (job, block, before) = submitted(&world, world.request(SHORT, 32)).await;
	settled_once(&world, job, block, before.owner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn miner_should_stop_and_keep_its_answer_when_another_chain_takes_the_nodes_place() {
	let mut world = World::with_offer(1).await;
	let engine = fake(&world, Say::Nothing).await;
	let mut miner = world.miner(&Engine::Ollama(engine.url()));
	let (job, block, before) = submitted(&world, world.request(SHORT, 32)).await;
	engine.asked(1).await;
	world.settle().await;
	world.node.kill();
	engine.say(Say::answer("42"));
	miner.wait_for_job(job, "finished");
	let other = world.node.usurp();
	assert_eq!(miner.ended(), Some(3));
	miner.process().wait_for("why", |line| line.contains("another chain"));
	// A new process refuses it too.
	let mut second = world.start_miner(&Engine::Ollama(engine.url()));
	assert_eq!(second.ended(), Some(3));
	drop(other);
	world.node.restart();
	world.reconnect().await;
	let again = world.miner(&Engine::Ollama(engine.url()));
	settled_once(&world, job, block, before.owner).await;
	assert!(!again.said(job, "running"), "the journal had the answer");
}
