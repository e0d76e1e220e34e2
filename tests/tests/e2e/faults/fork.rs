//! A reorganisation takes blocks back in which the miner's jobs were.
//!
//! One validator without finality is stopped, loses its newest blocks, and goes on: the heights are the same, the blocks
//! are others. The miner sees a node that goes away and comes back on another fork.

use millrace_tests::{miner::Engine, world::account, Node, Say, World};

use super::{failed_unpaid, fake, named, settled_once, submitted, SHORT};

/// A chain without finality, with a registered miner.
async fn forkable() -> World {
	let world = World::on(Node::start_without_finality()).await;
	world.offer(1).await;
	world
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_should_be_sent_again_and_paid_once_when_its_block_is_lost() {
	let mut world = forkable().await;
	let miner = world.miner(&Engine::Llama);
	let (job, block, before) = submitted(&world, world.request(SHORT, 32)).await;
	settled_once(&world, job, block, before.owner).await;
	let answer = world.client.at_best().await.unwrap().receipt(job).await.unwrap().unwrap();
	world.node.revert(block);
	world.reconnect().await;
	settled_once(&world, job, block, before.owner).await;
	let again = world.client.at_best().await.unwrap().receipt(job).await.unwrap().unwrap();
	let signed =
		|receipt: &millrace_primitives::Receipt<_>| (receipt.output_hash, receipt.transcript_root, receipt.usage);
	assert_eq!(signed(&again), signed(&answer), "the same answer");
	assert_eq!(miner.count("running"), 1, "one inference was enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn same_answer_should_be_sent_when_a_lost_job_is_posted_again() {
	let mut world = forkable().await;
	let miner = world.miner(&Engine::Llama);
	let (job, block, before) = submitted(&world, world.request(SHORT, 32)).await;
	settled_once(&world, job, block, before.owner).await;
	world.node.revert(block - 1);
	world.reconnect().await;
	let (again, block, before) = submitted(&world, world.request(SHORT, 32)).await;
	assert_eq!(again, job, "the fork gives the same number");
	settled_once(&world, again, block, before.owner).await;
	assert_eq!(miner.count("running"), 1, "one inference was enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn attempt_should_be_refused_when_a_fork_gives_its_number_to_another_job() {
	let mut world = forkable().await;
	let miner = world.miner(&Engine::Llama);
	let (job, block, before) = submitted(&world, world.request(SHORT, 32)).await;
	settled_once(&world, job, block, before.owner).await;
	world.node.revert(block - 1);
	world.reconnect().await;
	let (other, block, before) = submitted(&world, named(&world, "What is 1 plus 2?", 32)).await;
	assert_eq!(other, job, "the fork gives the same number");
	// A second answer would be signed for one attempt of one number.
	failed_unpaid(&world, other, block, before).await;
	assert!(miner.wait_for_job(other, "failed").contains("code=Denied"));
	let (next, block, before) = submitted(&world, named(&world, "What is 1 plus 2?", 32)).await;
	settled_once(&world, next, block, before.owner).await;
	assert_eq!(miner.count("running"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn inference_should_be_cancelled_when_its_assignment_is_lost() {
	let mut world = forkable().await;
	let engine = fake(&world, Say::Nothing).await;
	let miner = world.miner(&Engine::Ollama(engine.url()));
	let (job, block, _) = submitted(&world, world.request(SHORT, 32)).await;
	engine.asked(1).await;
	world.node.revert(block - 1);
	world.reconnect().await;
	miner.wait_for_job(job, "gone");
	engine.say(Say::answer("42"));
	// It takes the next one, and answers nothing that nobody asked for.
	let (next, block, before) = submitted(&world, world.request("What is 1 plus 2?", 32)).await;
	settled_once(&world, next, block, before.owner).await;
	let operator = account("//Bob//operator");
	assert!(world.client.at_best().await.unwrap().assignments_of(&operator).await.unwrap().is_empty());
	assert_eq!(engine.times(), 2);
}
