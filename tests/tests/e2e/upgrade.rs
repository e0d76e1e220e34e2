//! A running chain goes from the first runtime to this one.

use millrace_client::{
	calls, BlockRef, Client, Error, EscrowRow, Job, JobState, JobUpdate, Miner, Model, Signer, Snapshot, Submitter,
};
use millrace_primitives::{AccountId32, JobId, ModelKind, Outcome, MILL};
use millrace_tests::{
	miner::Engine,
	upgrade::current_runtime,
	world::{account, Money},
	Node, World,
};

const QUESTION: &str = "What is 17 plus 25?";
/// Blocks for which the first runtime kept every ended job.
const FIRST_RETENTION: u32 = 10_800;
/// What governance sets it to after the upgrade.
const NEW_RETENTION: u32 = 600;

/// What must be the same on both sides of the upgrade.
#[derive(Debug, PartialEq)]
struct State {
	jobs: Vec<Option<Job>>,
	rows: Vec<Option<EscrowRow>>,
	models: Vec<Model>,
	miner: Option<Miner>,
	owner: Money,
	client: Money,
	issuance: u128,
}

async fn state(at: &Snapshot, jobs: &[JobId]) -> State {
	let mut state = State {
		jobs: Vec::new(),
		rows: Vec::new(),
		models: at.models().await.unwrap(),
		miner: at.miner(&account("//Bob")).await.unwrap(),
		owner: money(at, "//Bob").await,
		client: money(at, "//Charlie").await,
		issuance: at.total_issuance().await.unwrap(),
	};
	for job in jobs {
		state.jobs.push(at.job(*job).await.unwrap());
		state.rows.push(at.escrow(*job).await.unwrap());
	}
	state
}

async fn money(at: &Snapshot, uri: &str) -> Money {
	let balances = at.balance(&account(uri)).await.unwrap();
	Money { free: balances.free, held: balances.held }
}

/// The view of the block at this height, once the chain is that high.
async fn at_height(client: &Client, number: u32) -> Snapshot {
	while client.best_block().await.unwrap().0 < number {
		tokio::time::sleep(std::time::Duration::from_millis(100)).await;
	}
	let hash = client.block_hash(number).await.unwrap().unwrap();
	client.at(BlockRef { number, hash }).await.unwrap()
}

/// Follows a job to its settlement and returns the fee.
async fn settled(world: &World, job: JobId, from: u32) -> u128 {
	match world.last_update(job, from).await {
		JobUpdate::Settled { fee, .. } => fee,
		other => panic!("job {job} ended with {other:?}"),
	}
}

/// Blocks from a job's end to its pruning.
async fn retention(world: &World, job: JobId) -> u32 {
	let at = world.client.at_best().await.unwrap();
	let receipt = at.receipt(job).await.unwrap().unwrap();
	at.job(job).await.unwrap().unwrap().due - receipt.ended_at
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_and_money_should_live_on_when_a_running_chain_is_upgraded() {
	let world = World::on(Node::start_first_version()).await;
	world.offer(1).await;
	assert!(matches!(world.client.parameters().await, Err(Error::Incompatible(_))), "not the first runtime");
	let miner = world.miner(&Engine::Llama);
	let before = world.money("//Bob").await;
	let (first, _, block) = world.submit(world.request(QUESTION, 32)).await;
	let mut paid = settled(&world, first, block).await;

	// The miner must not answer before the upgrade.
	miner.process().signal("STOP");
	let (assigned, _, assigned_at) = world.submit(world.request(QUESTION, 32)).await;
	let (queued, _, queued_at) = world.submit(world.request(QUESTION, 32)).await;
	let jobs = [first, assigned, queued];
	let at = at_height(&world.client, queued_at).await;
	assert!(matches!(at.job(assigned).await.unwrap().unwrap().state, JobState::Assigned(_)));
	assert_eq!(at.job(queued).await.unwrap().unwrap().state, JobState::Queued);
	let old = state(&at, &jobs).await;
	assert_eq!(old.models.len(), 1);
	assert_eq!(old.models[0].kind, ModelKind::Text);
	let receipt = at.receipt(first).await.unwrap();

	let alice = world.client.submitter(Signer::from_uri("//Alice").unwrap());
	let govern = |call| async { alice.send(calls::sudo(call)).await.unwrap().in_block().await.unwrap() };
	let upgrade = govern(calls::set_code(current_runtime())).await;

	// The block of the upgrade was made by the first runtime, the next one by this.
	let last = world.client.at(upgrade.block()).await.unwrap();
	assert_eq!(state(&last, &jobs).await, old);
	assert!(matches!(last.parameters().await, Err(Error::Incompatible(_))));
	assert!(!last.events().await.unwrap().is_empty());
	let next = at_height(&world.client, upgrade.number + 1).await;
	assert_eq!(state(&next, &jobs).await, old);
	assert_eq!(next.receipt(first).await.unwrap(), receipt);
	let parameters = next.parameters().await.unwrap();
	assert_eq!(parameters.retention_period, FIRST_RETENTION);

	// Governance changes a window; open jobs keep the one that they were submitted under.
	govern(calls::set_parameter("RetentionPeriod", NEW_RETENTION.into())).await;
	govern(calls::set_parameter("MinFee", 0)).await;
	let changed = world.client.parameters().await.unwrap();
	assert_eq!((changed.retention_period, changed.min_fee), (NEW_RETENTION, parameters.min_fee));

	miner.process().signal("CONT");
	for (job, from) in [(assigned, assigned_at), (queued, queued_at)] {
		paid += settled(&world, job, from).await;
		assert_eq!(retention(&world, job).await, FIRST_RETENTION);
	}
	let (last, _, block) = world.submit(world.request(QUESTION, 32)).await;
	paid += settled(&world, last, block).await;
	assert_eq!(retention(&world, last).await, NEW_RETENTION);
	assert_eq!(miner.count("finished"), 4, "one process answered all");

	let after = world.client.at_best().await.unwrap();
	assert_eq!(money(&after, "//Bob").await, Money { free: before.free + paid, ..before });
	assert_eq!(before.held, 1_000 * MILL);
	let mut deposits = 0;
	for job in [first, assigned, queued, last] {
		let row = after.escrow(job).await.unwrap().unwrap();
		assert_eq!((row.fee, row.settled), (0, true));
		assert_eq!(after.receipt(job).await.unwrap().unwrap().outcome, Outcome::Settled);
		deposits += row.deposit;
	}
	assert_eq!(money(&after, "//Charlie").await.held, deposits);
	assert_eq!(after.total_issuance().await.unwrap(), old.issuance);
}

/// Sends a transfer, again when the pool gave it up, until it is in a block; returns how often it was given up.
async fn transfer(submitter: Submitter, to: AccountId32) -> usize {
	for given_up in 0.. {
		let sent = match submitter.send(calls::transfer(to.clone(), MILL)).await {
			Ok(handle) => handle.in_block().await,
			Err(error) => Err(error),
		};
		match sent {
			Ok(_) => return given_up,
			Err(error) => assert!(error.is_refusal() && !matches!(error, Error::Dispatch { .. }), "{error}"),
		}
	}
	unreachable!("the loop has no end")
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_should_each_count_once_when_the_runtime_is_replaced_under_them() {
	let node = Node::start_first_version();
	let client = node.client().await;
	let submitter = |uri| client.submitter(Signer::from_uri(uri).unwrap());
	let (alice, dave, target) = (submitter("//Alice"), submitter("//Dave"), account("//Grace"));
	let upgrade = alice.send(calls::sudo(calls::set_code(current_runtime()))).await.unwrap();
	let upgrade = tokio::spawn(upgrade.in_block());
	let mut sent = Vec::new();
	let mut end = None;
	// Several in each block, up to some blocks after the upgrade.
	while end.is_none_or(|end| sent.len() < end) {
		sent.push(tokio::spawn(transfer(dave.clone(), target.clone())));
		tokio::time::sleep(std::time::Duration::from_millis(100)).await;
		if end.is_none() && upgrade.is_finished() {
			end = Some(sent.len() + 50);
		}
	}
	upgrade.await.unwrap().unwrap();
	let count = sent.len() as u128;
	let mut given_up = 0;
	for transfer in sent {
		given_up += transfer.await.unwrap();
	}
	let balance = client.balance(&target).await.unwrap();
	assert_eq!(balance.free, count * MILL, "each transfer counts once");
	println!("{count} transfers, {given_up} given up by the pool on the way");
}
