//! What goes wrong on a home machine.

use millrace_client::JobUpdate;
use millrace_primitives::job::payload_hash;
use millrace_tests::{link::as_hex, miner::Engine, Link, World};

/// Its answer has some 255 tokens, so that a kill can come in its midst.
const LONG: &str = "Tell me about Millrace.";

/// The job is answered and paid exactly once, whatever was killed before.
async fn settled_once(world: &World, job: u64, from: u32, owner_before: u128) {
	let JobUpdate::Settled { fee, .. } = world.last_update(job, from).await else {
		panic!("job {job} was not settled")
	};
	let snapshot = world.client.at_best().await.unwrap();
	assert_eq!(snapshot.receipt(job).await.unwrap().unwrap().fee, fee);
	assert_eq!(world.money("//Bob").await.free, owner_before + fee, "paid once");
	assert_eq!(snapshot.receipt(job).await.unwrap().unwrap().attempts, 1);
}

const SHORT: &str = "What is 17 plus 25?";
/// The tiny model's answer to [`SHORT`].
const SUM: &str = "17 + 25 = 42.";

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
async fn job_should_be_answered_once_when_the_miner_is_killed_during_inference() {
	let world = World::with_offer(1).await;
	// The inference starts with the input and takes some 100 ms. Where the machine is so busy that the kill comes after
	// it, another job is tried.
	for _ in 0..4 {
		let before = world.money("//Bob").await.free;
		let link = Link::silent_after(&world.node, as_hex(LONG.as_bytes())).await;
		let mut miner = world.miner_behind(&link, &Engine::Llama);
		let (job, _, block) = world.submit(world.request(LONG, 300)).await;
		link.silence().await;
		miner.kill();
		let in_time = miner.said(job, "running") && !miner.said(job, "finished");
		let _again = world.miner(&Engine::Llama);
		settled_once(&world, job, block, before).await;
		if in_time {
			return;
		}
	}
	panic!("no kill came during the inference");
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
	let paid = world.money("//Bob").await.free;
	let again = world.miner(&Engine::Llama);
	// What the miner would have doubled comes before what it does next.
	let (next, _, block) = world.submit(world.request("What is 1 plus 2?", 32)).await;
	settled_once(&world, next, block, paid).await;
	assert!(!again.said(job, "submitted"), "the job was over");
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_be_answered_when_the_miner_starts_after_the_assignment() {
	let world = World::with_offer(1).await;
	let before = world.money("//Bob").await.free;
	let (job, _, block) = world.submit(world.request("What is 17 plus 25?", 32)).await;
	let _miner = world.miner(&Engine::Llama);
	settled_once(&world, job, block, before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_expire_refunded_when_there_is_no_miner() {
	let world = World::empty().await;
	let before = world.money("//Charlie").await;
	let (job, tx_fee, block) = world.submit(world.request("What is 17 plus 25?", 32)).await;
	assert!(matches!(world.last_update(job, block).await, JobUpdate::Expired));
	let snapshot = world.client.at_best().await.unwrap();
	let row = snapshot.escrow(job).await.unwrap().unwrap();
	let after = world.money("//Charlie").await;
	assert_eq!(after.free + row.deposit, before.free - tx_fee);
	let receipt = snapshot.receipt(job).await.unwrap().unwrap();
	assert_eq!(receipt.ended_at - receipt.submitted_at, 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_fail_unpaid_and_refunded_when_the_engine_is_dead() {
	let world = World::with_offer(1).await;
	let (client_before, owner_before) = (world.money("//Charlie").await, world.money("//Bob").await);
	// Nothing listens there: the port was free a moment ago.
	let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
	let _miner = world.miner(&Engine::Ollama(format!("http://{free}")));
	let mut request = world.request("What is 17 plus 25?", 32);
	// A named miner: its honest failure ends the job at once instead of sending it to others.
	request.miner = Some(millrace_tests::world::account("//Bob"));
	let (job, tx_fee, block) = world.submit(request).await;
	assert!(matches!(world.last_update(job, block).await, JobUpdate::Failed));
	assert_eq!(world.money("//Bob").await, owner_before);
	let row = world.client.at_best().await.unwrap().escrow(job).await.unwrap().unwrap();
	assert_eq!(world.money("//Charlie").await.free + row.deposit, client_before.free - tx_fee);
}

#[tokio::test(flavor = "multi_thread")]
async fn miner_should_go_on_when_the_node_restarts() {
	let mut world = World::with_offer(1).await;
	let miner = world.miner(&Engine::Llama);
	let before = world.money("//Bob").await.free;
	// What is final survives a kill; wait until the offer is.
	world.settle().await;
	world.node.kill();
	miner.wait_for("node_lost");
	world.node.restart();
	miner.wait_for("node_back");
	world.client = world.node.client().await;
	world.charlie = world.client.submitter(world.charlie.signer().clone());
	let (job, _, block) = world.submit(world.request("What is 17 plus 25?", 32)).await;
	settled_once(&world, job, block, before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn miner_should_drain_when_told_to_stop() {
	let world = World::with_offer(1).await;
	let before = world.money("//Bob").await.free;
	let mut miner = world.miner(&Engine::Llama);
	let (job, _, block) = world.submit(world.request(LONG, 300)).await;
	miner.wait_for("running");
	assert_eq!(miner.terminate(), Some(0));
	settled_once(&world, job, block, before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn second_miner_should_refuse_to_start_when_the_journal_is_in_use() {
	let world = World::with_offer(1).await;
	let _first = world.miner(&Engine::Llama);
	let second = millrace_tests::Miner::start(&world.node, "Bob", world.work.path(), &Engine::Llama);
	second.process().wait_for("that the journal is in use", |line| line.contains("in use") || line.contains("locked"));
}
