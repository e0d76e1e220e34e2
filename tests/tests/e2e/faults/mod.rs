//! What goes wrong on a home machine. `docs/faults.md` lists it all.

mod clock;
mod disk;
mod engine;
mod fork;
mod kill;
mod load;
mod node;
mod stop;
mod twins;

use millrace_client::{JobRequest, JobUpdate};
use millrace_primitives::{JobId, H256};
use millrace_tests::{world::account, FakeOllama, Say, World};

const SHORT: &str = "What is 17 plus 25?";

/// The tiny model's answer to [`SHORT`].
const SUM: &str = "17 + 25 = 42.";

/// Its answer has some 255 tokens.
const LONG: &str = "Tell me about Millrace.";

/// The job is answered in its first attempt and paid exactly once, whatever happened before.
async fn settled_once(world: &World, job: JobId, from: u32, owner_before: u128) {
	let update = world.last_update(job, from).await;
	let JobUpdate::Settled { fee, .. } = update else { panic!("job {job} was not settled: {update:?}") };
	let snapshot = world.client.at_best().await.unwrap();
	let receipt = snapshot.receipt(job).await.unwrap().unwrap();
	assert_eq!((receipt.fee, receipt.attempts), (fee, 1));
	assert_eq!(world.money("//Bob").await.free, owner_before + fee, "paid once");
}

/// An engine with the model of the chain.
async fn fake(world: &World, say: Say) -> FakeOllama {
	let digest: H256 = world.client.model(0).await.unwrap().unwrap().digest;
	FakeOllama::start(digest, say).await
}

/// A request to `//Bob`'s miner alone: its honest failure ends the job instead of sending it to others.
fn named(world: &World, prompt: &str, max_tokens: u32) -> JobRequest {
	JobRequest { miner: Some(account("//Bob")), ..world.request(prompt, max_tokens) }
}

/// The job failed; nobody earned anything, and the client has all back but the transaction's fee and the deposit for
/// what lies on chain.
async fn failed_unpaid(world: &World, job: JobId, from: u32, before: Before) {
	let update = world.last_update(job, from).await;
	assert!(matches!(update, JobUpdate::Failed), "{update:?}");
	assert_eq!(world.money("//Bob").await.free, before.owner);
	let row = world.client.at_best().await.unwrap().escrow(job).await.unwrap().unwrap();
	assert_eq!(world.money("//Charlie").await.free + row.deposit, before.client - before.tx_fee);
}

/// Free money before a job, and what its submission cost.
struct Before {
	owner: u128,
	client: u128,
	tx_fee: u128,
}

/// Submits a job and notes the money before.
async fn submitted(world: &World, request: JobRequest) -> (JobId, u32, Before) {
	let (owner, client) = (world.money("//Bob").await.free, world.money("//Charlie").await.free);
	let (job, tx_fee, block) = world.submit(request).await;
	(job, block, Before { owner, client, tx_fee })
}
