//! A chain with a registered miner, and the sums that must match.

use std::time::{Duration, Instant};

use futures::StreamExt;
use millrace_client::{calls, ChannelState, Client, JobRequest, JobUpdate, Signer, Submitter};
use millrace_primitives::{AccountId32, Balance, ChannelId, JobId, JobParams, Rate, MILL};
use tempfile::TempDir;

use crate::{miner::Engine, FakeOllama, Link, Miner, Node, Say, PATIENCE};

/// What the registered miner asks: the reference price of a GPU-second.
pub const RATE: Rate = Rate::PerGpuSecond(MILL / 50);

/// A node, and the miner that `//Bob` owns; the client is `//Alice`... who also makes the blocks and earns fees, so
/// jobs are submitted by `//Charlie`.
pub struct World {
	/// The chain.
	pub node: Node,
	/// Reads it.
	pub client: Client,
	/// Signs as `//Charlie`.
	pub charlie: Submitter,
	/// Signs as `//Bob`, the miner's owner.
	pub bob: Submitter,
	/// The miner's journal.
	pub work: TempDir,
}

/// An account's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
	/// Free plancks.
	pub free: Balance,
	/// Held plancks.
	pub held: Balance,
}

/// The account of a secret URI.
pub fn account(uri: &str) -> AccountId32 {
	Signer::from_uri(uri).unwrap().account_id()
}

/// Transactions of an account, in the best block's state and the pool.
pub async fn transactions(world: &World, uri: &str) -> u64 {
	let params = serde_json::json!([account(uri).to_string()]);
	let body = serde_json::json!({ "jsonrpc": "2.0", "id": 1, "method": "system_accountNextIndex", "params": params });
	let answer = reqwest::Client::new().post(world.node.http_url()).json(&body).send().await.unwrap();
	answer.json::<serde_json::Value>().await.unwrap()["result"].as_u64().unwrap()
}

/// Resident memory of a process in KiB.
pub fn resident_kib(process: u32) -> u64 {
	let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
	let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
	line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

impl World {
	/// A chain without a miner.
	pub async fn empty() -> Self {
		Self::on(Node::start()).await
	}

	/// A chain without a miner, on this node.
	pub async fn on(node: Node) -> Self {
		let client = node.client().await;
		let submitter = |uri| client.submitter(Signer::from_uri(uri).unwrap());
		let (charlie, bob) = (submitter("//Charlie"), submitter("//Bob"));
		Self { node, client, charlie, bob, work: TempDir::new().unwrap() }
	}

	/// A chain with a registered miner of `slots` slots, whose process does not run yet.
	pub async fn with_offer(slots: u32) -> Self {
		let world = Self::empty().await;
		world.offer(slots).await;
		world
	}

	/// Registers `//Bob`'s miner with an offer of `slots` slots.
	pub async fn offer(&self, slots: u32) {
		let operator = account("//Bob//operator");
		for call in [calls::register_miner(operator, 1_000 * MILL), calls::offer(0, RATE, slots)] {
			self.bob.send(call).await.unwrap().in_block().await.unwrap();
		}
	}

	/// Connects to the node anew, after it was away.
	pub async fn reconnect(&mut self) {
		self.client = self.node.client().await;
		self.charlie = self.client.submitter(self.charlie.signer().clone());
		self.bob = self.client.submitter(self.bob.signer().clone());
	}

	/// Has `//Bob`'s miner ask so much from now on.
	pub async fn price(&self, rate: Rate) {
		self.bob.send(calls::offer(0, rate, 1)).await.unwrap().in_block().await.unwrap();
	}

	/// An engine that says what it is told to, for the chain's model.
	pub async fn scripted(&self, say: Say) -> FakeOllama {
		FakeOllama::start(self.client.model(0).await.unwrap().unwrap().digest, say).await
	}

	/// Starts the miner's process with more arguments, and waits until the chain knows where it answers sessions.
	pub fn streaming_miner(&self, engine: &Engine, args: &[&str]) -> Miner {
		let args: Vec<_> = ["--session-listen", "/ip4/127.0.0.1/tcp/0"].iter().chain(args).copied().collect();
		let miner = self.miner_with(engine, &args);
		miner.wait_for("endpoint");
		miner
	}

	/// Waits until a channel is settled; what was paid.
	pub async fn settled(&self, channel: ChannelId) -> Balance {
		let end = Instant::now() + PATIENCE;
		loop {
			let found = self.client.channel(channel).await.unwrap();
			if let Some(ChannelState::Settled { paid }) = found.map(|found| found.state) {
				return paid;
			}
			assert!(Instant::now() < end, "channel {channel} is not settled");
			tokio::time::sleep(Duration::from_millis(200)).await;
		}
	}

	/// Starts the miner's process.
	pub fn start_miner(&self, engine: &Engine) -> Miner {
		Miner::start(&self.node, "Bob", self.work.path(), engine)
	}

	/// Starts the miner's process and waits until it is ready.
	pub fn miner(&self, engine: &Engine) -> Miner {
		let miner = self.start_miner(engine);
		miner.wait_for("ready");
		miner
	}

	/// Starts the miner's process with more arguments and waits until it is ready.
	pub fn miner_with(&self, engine: &Engine, args: &[&str]) -> Miner {
		let miner = Miner::start_with(&self.node.url(), "Bob", self.work.path(), engine, args);
		miner.wait_for("ready");
		miner
	}

	/// Starts the miner's process at the end of `link` and waits until it is ready.
	pub fn miner_behind(&self, link: &Link, engine: &Engine) -> Miner {
		let miner = Miner::start_at(link.url(), "Bob", self.work.path(), engine);
		miner.wait_for("ready");
		miner
	}

	/// Waits until what is in the best block now is final.
	pub async fn settle(&self) {
		let (best, _) = self.client.best_block().await.unwrap();
		while self.client.finalized_block().await.unwrap().0 < best {
			tokio::time::sleep(Duration::from_millis(100)).await;
		}
	}

	/// An account's money at the best block.
	pub async fn money(&self, uri: &str) -> Money {
		let balances = self.client.balance(&account(uri)).await.unwrap();
		Money { free: balances.free, held: balances.held }
	}

	/// A request of `//Charlie`'s.
	pub fn request(&self, prompt: &str, max_tokens: u32) -> JobRequest {
		JobRequest {
			model: 0,
			input: prompt.as_bytes().to_vec(),
			params: JobParams::greedy(max_tokens),
			max_fee: MILL / 10,
			miner: None,
		}
	}

	/// Submits as `//Charlie` and returns the job with the fee of the transaction.
	pub async fn submit(&self, request: JobRequest) -> (JobId, Balance, u32) {
		let (job, submitted, _) = self.client.submit_and_follow(&self.charlie, request).await.unwrap();
		(job, submitted.fee(), submitted.number)
	}

	/// Follows a job to its last update.
	pub async fn last_update(&self, job: JobId, from: u32) -> JobUpdate {
		let mut updates = self.client.follow(job, from);
		while let Some(update) = updates.next().await {
			let update = update.unwrap();
			if update.outcome().is_some() {
				return update;
			}
		}
		panic!("job {job} has no last update");
	}

	/// The job's answer, from the chain.
	pub async fn answer(&self, job: JobId) -> String {
		String::from_utf8(self.client.output(job).await.unwrap().expect("the job has an output")).unwrap()
	}
}
