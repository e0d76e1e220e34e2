//! A chain of one node, and what its blocks held.

use std::{ops::Range, path::Path, time::Duration};

use codec::{Compact, Decode};
use futures::{stream, StreamExt};
use millrace_client::{calls, Call, Client, Signer};
use millrace_primitives::{AccountId32, Balance, H256};
use millrace_tests::Node;
use subxt::{config::DefaultExtrinsicParamsBuilder, OnlineClient, SubstrateConfig};
use subxt_rpcs::{client::RpcClient, rpc_params};
use subxt_signer::sr25519::Keypair;

/// Requests that are under way at a time.
const PARALLEL: usize = 32;

/// A node with clients.
pub struct Chain {
	node: Node,
	/// Reads it.
	pub client: Client,
	signing: OnlineClient<SubstrateConfig>,
	rpc: RpcClient,
}

/// What a block held.
#[derive(Clone, Debug)]
pub struct Block {
	/// Signed transactions.
	pub transactions: usize,
	/// Declared weight of the ordinary transactions, in picoseconds.
	pub normal: u64,
	/// Whether its author stopped because the weight was used up.
	pub full: bool,
	/// What its author took for it, in ms.
	pub prepared: f64,
	/// Calls that ended with an error.
	pub failed: usize,
}

/// A key that nothing else uses.
pub fn key(name: &str) -> Keypair {
	let uri = format!("//bench//{name}");
	Keypair::from_uri(&uri.parse().expect("a path is a secret")).expect("a path is a secret")
}

/// The account of a key.
pub fn account_of(key: &Keypair) -> AccountId32 {
	AccountId32::new(key.public_key().0)
}

impl Chain {
	/// Starts a development chain; with `runtime`, a wasm file, instead of the node's own.
	pub async fn start(runtime: Option<&Path>) -> Self {
		let node = Node::start_for_load(runtime);
		let (client, url) = (node.client().await, node.url());
		let rpc = RpcClient::from_url(&url).await.expect("the node answers");
		let signing = OnlineClient::from_insecure_url(&url).await.expect("the node answers");
		Self { node, client, signing, rpc }
	}

	/// Signs calls of one account, from this nonce on.
	pub async fn sign(&self, key: &Keypair, nonce: u64, calls: &[Call]) -> Vec<Vec<u8>> {
		let at = self.signing.at_current_block().await.expect("the node answers");
		let transactions = at.transactions();
		let sign = |(nonce, call)| {
			let params = DefaultExtrinsicParamsBuilder::new().nonce(nonce).immortal().build();
			let mut signable = transactions.create_signable_offline(call, params).expect("the call fits the chain");
			signable.sign(key).expect("the key signs").into_encoded()
		};
		(nonce..).zip(calls).map(sign).collect()
	}

	/// Hands transactions to the pool.
	pub async fn send(&self, transactions: Vec<Vec<u8>>) {
		let send = |bytes: Vec<u8>| async move {
			let hex = format!("0x{}", hex::encode(bytes));
			let sent = self.rpc.request::<H256>("author_submitExtrinsic", rpc_params![hex]).await;
			sent.expect("the pool takes it");
		};
		stream::iter(transactions).map(send).buffer_unordered(PARALLEL).collect::<Vec<()>>().await;
	}

	/// Hands the transactions of several accounts, each with its own, to the pool, which can use none of them before all
	/// are there: so that the blocks after that are as full as they can be. Returns the best block before.
	pub async fn flood(&self, accounts: Vec<Vec<Vec<u8>>>) -> u32 {
		let (firsts, rest): (Vec<_>, Vec<_>) = accounts
			.into_iter()
			.filter_map(|mut of_one| {
				let first = (!of_one.is_empty()).then(|| of_one.remove(0))?;
				Some((first, of_one))
			})
			.unzip();
		self.send(rest.into_iter().flatten().collect()).await;
		let best = self.best().await;
		self.send(firsts).await;
		best
	}

	/// The best block's height.
	pub async fn best(&self) -> u32 {
		self.client.best_block().await.expect("the node answers").0
	}

	/// Waits for the next block.
	pub async fn next_block(&self) -> u32 {
		let before = self.best().await;
		loop {
			let now = self.best().await;
			if now > before {
				return now;
			}
			tokio::time::sleep(Duration::from_millis(20)).await;
		}
	}

	/// Gives each account so many plancks, out of the development accounts' pockets.
	pub async fn fund(&self, accounts: &[AccountId32], amount: Balance) {
		let submitter = self.client.submitter(Signer::from_uri("//Dave").expect("a development account"));
		let mut sent = Vec::new();
		for to in accounts {
			sent.push(submitter.send(calls::transfer(to.clone(), amount)).await.expect("Dave is rich"));
		}
		for handle in sent {
			handle.in_block().await.expect("Dave is rich");
		}
	}

	/// Transactions that wait in the pool.
	pub async fn waiting(&self) -> usize {
		let pending: Vec<String> =
			self.rpc.request("author_pendingExtrinsics", rpc_params![]).await.expect("it answers");
		pending.len()
	}

	/// What the blocks of this range held.
	pub async fn blocks(&self, numbers: Range<u32>) -> Vec<Block> {
		let mut blocks = Vec::new();
		for number in numbers {
			blocks.push(self.block(number).await);
		}
		blocks
	}

	async fn block(&self, number: u32) -> Block {
		let hash = self.client.block_hash(number).await.expect("it answers").expect("the block is there");
		let key = [sp_io::hashing::twox_128(b"System"), sp_io::hashing::twox_128(b"BlockWeight")].concat();
		let params = rpc_params![format!("0x{}", hex::encode(key)), hash];
		let stored: String = self.rpc.request("state_getStorage", params).await.expect("a block has a weight");
		let bytes = hex::decode(stored.trim_start_matches("0x")).expect("the node answers in hex");
		// The first class is the ordinary one: the time, in picoseconds, and the size of the proof.
		let normal = <(Compact<u64>, Compact<u64>)>::decode(&mut &bytes[..]).expect("the weight decodes");
		let line = self.node.process().wait_for("the block's proposal", |line| {
			line.contains(&format!("Prepared block for proposing at {number} ("))
		});
		let after = |mark: &str| line.split(mark).nth(1).unwrap_or_default().to_owned();
		let number_after = |mark: &str| {
			let digits: String = after(mark).chars().take_while(char::is_ascii_digit).collect();
			digits.parse::<usize>().expect("the node writes a number there")
		};
		// The timestamp's inherent is the one that nobody signed.
		let transactions = number_after("extrinsics_count: ").saturating_sub(1);
		Block {
			failed: self.failed(hash).await,
			transactions,
			normal: normal.0 .0,
			full: line.contains("HitBlockWeightLimit"),
			prepared: number_after(&format!("proposing at {number} (")) as f64,
		}
	}

	async fn failed(&self, block: H256) -> usize {
		let at = self.signing.at_block(block).await.expect("the node answers");
		let events = at.events().fetch().await.expect("a block has events");
		let failed = |(pallet, event): (&str, &str)| (pallet, event) == ("System", "ExtrinsicFailed");
		events
			.iter()
			.filter(|event| {
				let event = event.as_ref().expect("the event decodes");
				failed((event.pallet_name(), event.event_name()))
			})
			.count()
	}

	/// What the author of a block without transactions takes for it, in ms; the median of five.
	pub async fn empty(&self) -> f64 {
		let first = self.next_block().await;
		while self.best().await < first + 5 {
			self.next_block().await;
		}
		let blocks = self.blocks(first..first + 5).await;
		crate::median(blocks.into_iter().map(|block| block.prepared).collect())
	}

	/// Resident memory of the node in KiB.
	pub fn memory(&self) -> u64 {
		self.node.memory()
	}
}
