//! Two miners with one operator.

use millrace_tests::{miner::Engine, world::account, Miner, World};
use tempfile::TempDir;

use super::{settled_once, submitted};

#[tokio::test(flavor = "multi_thread")]
async fn second_miner_should_refuse_to_start_when_the_journal_is_in_use() {
	let world = World::with_offer(1).await;
	let _first = world.miner(&Engine::Llama);
	let mut second = world.start_miner(&Engine::Llama);
	assert_eq!(second.ended(), Some(1));
	second.process().wait_for("that the journal is in use", |line| line.contains("in use"));
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_should_each_be_paid_once_when_two_miners_share_an_operator() {
	let world = World::with_offer(1).await;
	let elsewhere = TempDir::new().unwrap();
	let mut first = world.miner(&Engine::Llama);
	let second = Miner::start(&world.node, "Bob", elsewhere.path(), &Engine::Llama);
	second.wait_for("ready");
	let operator = world.client.balance(&account("//Bob//operator")).await.unwrap();
	let mut both = 0;
	for number in 0..6 {
		let (job, block, before) = submitted(&world, world.request(&format!("What is {number} plus 25?"), 32)).await;
		settled_once(&world, job, block, before.owner).await;
		// Each ends the attempt for itself, by its own proof or the other's.
		for miner in [&first, &second] {
			miner.wait_for_job(job, "assigned");
		}
		both += usize::from(first.said(job, "finished") && second.said(job, "finished"));
	}
	assert!(both > 0, "the two never answered the same job");
	assert_eq!(world.client.balance(&account("//Bob//operator")).await.unwrap(), operator, "no fee was paid");
	// Neither is worse off for it.
	first.kill();
	let (job, block, before) = submitted(&world, world.request("What is 1 plus 2?", 32)).await;
	settled_once(&world, job, block, before.owner).await;
	second.wait_for_job(job, "paid");
}
