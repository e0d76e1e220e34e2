//! What each of our calls takes, against what it declares.

use millrace_client::{calls as client, Call, Signer};
use millrace_primitives::{AccountId32, FailCode, JobId, ModelId, ModelKind, Rate, H256, MILL};
use subxt_signer::sr25519::Keypair;

use crate::{
	chain::{account_of, key, Chain},
	channels,
	jobs::{answer, params},
	MICROSECOND,
};

/// Accounts that make each call; the author's clock shows ms.
pub const ACCOUNTS: usize = 100;
/// Blocks with fewer transactions say nothing about them.
const FEWEST: usize = 10;
/// What every miner asks.
pub const RATE: Rate = Rate::PerToken { input: 1_000, output: 1_000 };

/// Accounts, each with the nonce of its next transaction.
pub struct Callers<'a> {
	/// Where they call.
	pub chain: &'a Chain,
	/// What their keys are named after.
	pub role: String,
	keys: Vec<Keypair>,
	/// In the order of their keys.
	pub accounts: Vec<AccountId32>,
	nonces: Vec<u64>,
	empty: f64,
}

/// An account's name among those of its role.
pub fn name(role: &str, index: usize) -> String {
	format!("{role}{index}")
}

impl<'a> Callers<'a> {
	fn new(chain: &'a Chain, role: &str, empty: f64) -> Self {
		let keys: Vec<_> = (0..ACCOUNTS).map(|index| key(&name(role, index))).collect();
		let role = role.to_owned();
		Self { chain, role, accounts: keys.iter().map(account_of).collect(), nonces: vec![0; ACCOUNTS], keys, empty }
	}

	/// Sends a call of each account and waits until all are in blocks. Returns the block before.
	pub async fn send(&mut self, calls: &[Call]) -> u32 {
		let mut signed = Vec::new();
		for ((key, nonce), call) in self.keys.iter().zip(&mut self.nonces).zip(calls) {
			signed.extend(self.chain.sign(key, *nonce, std::slice::from_ref(call)).await);
			*nonce += 1;
		}
		let before = self.chain.next_block().await;
		self.chain.send(signed).await;
		while self.chain.waiting().await > 0 {
			self.chain.next_block().await;
		}
		before
	}

	/// Sends a call of each account and prints what it took and declared.
	pub async fn measure(&mut self, what: &str, calls: &[Call]) {
		let before = self.send(calls).await;
		let blocks = self.chain.blocks(before + 1..self.chain.best().await + 1).await;
		let (mut took, mut declared, mut count) = (0.0, 0.0, 0);
		for block in blocks.iter().filter(|block| block.transactions >= FEWEST) {
			took += (block.prepared - self.empty).max(0.0) * 1_000.0;
			declared += block.normal as f64 / MICROSECOND;
			count += block.transactions;
			assert_eq!(block.failed, 0, "a call of {what} failed: that says nothing about one that does not");
		}
		assert!(count > 0, "no block had {FEWEST} calls of {what}");
		let each = count as f64;
		println!("{what:<28} {:>10.0} {:>10.0} {:>8.2} {count:>6}", took / each, declared / each, took / declared);
	}

	/// The same call of each account.
	async fn measure_same(&mut self, what: &str, call: Call) {
		self.measure(what, &vec![call; ACCOUNTS]).await;
	}

	/// The latest job of each account.
	async fn last_jobs(&self) -> Vec<JobId> {
		let mut jobs = Vec::new();
		for account in &self.accounts {
			let of_one = self.chain.client.jobs_of(account).await.expect("it answers");
			jobs.push(*of_one.last().expect("it has submitted one"));
		}
		jobs
	}
}

fn submit(bytes: usize) -> Call {
	client::submit(0, vec![b'x'; bytes], params(), MILL / 10, None)
}

fn gifts(accounts: &[AccountId32]) -> Vec<Call> {
	accounts.iter().map(|account| client::transfer(account.clone(), 500 * MILL)).collect()
}

/// Prints a table of what each call took and declared, in µs.
pub async fn report() {
	let chain = Chain::start(None).await;
	let empty = chain.empty().await;
	println!("\n{:<28} {:>10} {:>10} {:>8} {:>6}", "call, µs", "taken", "declared", "share", "calls");
	let mut clients = Callers::new(&chain, "caller", empty);
	chain.fund(&clients.accounts, 4_000 * MILL).await;
	let mut owners = Callers::new(&chain, "owner", empty);
	let operators = Callers::new(&chain, "operator", empty);
	let gifts = gifts(&owners.accounts);
	// The first blocks after the start also warm what all later ones use.
	clients.send(&self::gifts(&Callers::new(&chain, "guest", empty).accounts)).await;
	clients.measure("transfer, new account", &gifts).await;
	clients.measure("transfer", &gifts[..ACCOUNTS / 2]).await;
	models(&chain, &mut clients).await;
	clients.measure_same("submit, nobody there", submit(1)).await;
	let waiting = clients.last_jobs().await;
	clients.measure("cancel", &waiting.iter().map(|job| client::cancel(*job)).collect::<Vec<_>>()).await;
	clients.measure("prune", &waiting.iter().map(|job| client::prune(*job)).collect::<Vec<_>>()).await;
	let registrations: Vec<_> =
		operators.accounts.iter().map(|operator| client::register_miner(operator.clone(), 400 * MILL)).collect();
	owners.measure("register", &registrations).await;
	owners.measure_same("stake", client::stake(MILL)).await;
	owners.measure_same("unstake", client::unstake(MILL)).await;
	owners.measure_same("offer", client::offer(0, RATE, 2)).await;
	owners.measure_same("set_ready", client::set_ready(false)).await;
	owners.send(&vec![client::set_ready(true); ACCOUNTS]).await;
	clients.measure_same("submit, 1 byte, and draw", submit(1)).await;
	clients.measure_same("submit, 16 KiB, and draw", submit(16_384)).await;
	answers(&chain, operators).await;
	leave(&chain, &mut clients, empty).await;
	stream(&chain, &mut clients, empty).await;
}

/// Miners that answer in channels.
async fn stream(chain: &Chain, clients: &mut Callers<'_>, empty: f64) {
	let mut owners = Callers::new(chain, "streamer", empty);
	clients.send(&gifts(&owners.accounts)).await;
	let operators = Callers::new(chain, "voice", empty);
	let register = |operator: &AccountId32| client::register_miner(operator.clone(), 400 * MILL);
	owners.send(&operators.accounts.iter().map(register).collect::<Vec<_>>()).await;
	owners.send(&vec![client::offer(0, RATE, 1); ACCOUNTS]).await;
	channels::measure(clients, &mut owners, operators).await;
}

/// Miners that have no job go.
async fn leave(chain: &Chain, clients: &mut Callers<'_>, empty: f64) {
	let mut leavers = Callers::new(chain, "leaver", empty);
	clients.send(&gifts(&leavers.accounts)).await;
	let register = |index| client::register_miner(account_of(&key(&name("hand", index))), 400 * MILL);
	leavers.send(&(0..ACCOUNTS).map(register).collect::<Vec<_>>()).await;
	leavers.send(&vec![client::offer(0, RATE, 1); ACCOUNTS]).await;
	leavers.measure_same("withdraw_offer", client::withdraw_offer(0)).await;
	leavers.measure_same("deregister", client::deregister()).await;
}

async fn models(chain: &Chain, clients: &mut Callers<'_>) {
	let title = |index: usize| name("bench-", index);
	let registration = |index| {
		let digest = H256::from_low_u64_be(index as u64 + 1);
		client::register_model(&title(index), ModelKind::Text, digest, H256::zero(), 512, 8)
	};
	clients.measure("register model", &(0..ACCOUNTS).map(registration).collect::<Vec<_>>()).await;
	let mut numbers: Vec<ModelId> = Vec::new();
	for index in 0..ACCOUNTS {
		let model = chain.client.model_by_name(&title(index)).await.expect("it answers");
		numbers.push(model.expect("it was registered").id);
	}
	clients.measure("retire model", &numbers.into_iter().map(client::retire_model).collect::<Vec<_>>()).await;
}

/// Each operator answers what it has: one job by an answer, another by a failure.
async fn answers(chain: &Chain, mut operators: Callers<'_>) {
	let genesis = chain.client.genesis_hash();
	let (mut completes, mut fails) = (Vec::new(), Vec::new());
	let mut answering = Vec::new();
	for (index, operator) in operators.accounts.iter().enumerate() {
		let jobs = chain.client.assignments_of(operator).await.expect("it answers");
		let [(first, attempt), (second, again), ..] = jobs[..] else { continue };
		let signer = Signer::from_uri(&format!("//bench//{}", name("operator", index))).expect("a path is a secret");
		let input = chain.client.input(first).await.expect("it answers").expect("the job is open");
		completes.push(answer(genesis, &signer, &input, first, attempt));
		fails.push(client::fail(second, again, FailCode::EngineError));
		answering.push(index);
	}
	operators.keys = answering.iter().map(|index| operators.keys[*index].clone()).collect();
	operators.nonces = vec![0; answering.len()];
	operators.measure("complete", &completes).await;
	operators.measure("fail, and draw", &fails).await;
}
