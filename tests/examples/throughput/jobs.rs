//! How many jobs settle in a second, with miners whose engine takes no time.

use std::collections::HashMap;

use millrace_client::{calls, Call, Event, JobEvent, Signer};
use millrace_primitives::{
	job::{payload_hash, work_hash},
	JobId, JobParams, Proof, ProofPayload, Rate, Usage, H256, MILL,
};
use subxt_signer::sr25519::Keypair;

use crate::chain::{account_of, key, Block, Chain};

/// Accounts that submit at the same time.
const CLIENTS: usize = 16;
/// Jobs of each: enough for some twenty blocks.
const EACH: usize = 80;
/// Miners, and the slots of each.
const MINERS: usize = 8;
const SLOTS: u32 = 256;
/// Blocks without a settled job after which nothing more is expected.
const QUIET: usize = 10;
/// What every client asks and every miner answers.
const INPUT: &[u8] = b"What is 17 plus 25?";
const OUTPUT: &[u8] = b"42";
const RATE: Rate = Rate::PerToken { input: 1_000, output: 1_000 };
const USAGE: Usage = Usage { input_tokens: 1, output_tokens: 2, gpu_ms: 0 };

/// What was measured.
pub struct Jobs {
	/// The blocks from the first proofs on to the last one that was full.
	pub blocks: Vec<Block>,
	/// Jobs that settled in those blocks. Blocks of proofs and of submissions take turns, so that one alone says little.
	pub settled: usize,
	/// Bytes of the two transactions of a job, its input and output left out.
	pub bytes: usize,
	/// Jobs that never settled, because the pool lost a submission of their client's or one before it.
	pub lost: usize,
}

struct Miner {
	key: Keypair,
	signer: Signer,
	nonce: u64,
}

/// How every job runs.
pub fn params() -> JobParams {
	JobParams::greedy(8)
}

/// Registers the miners; by their operators.
async fn miners(chain: &Chain) -> HashMap<[u8; 32], Miner> {
	let owners: Vec<_> = (0..MINERS).map(|index| key(&format!("owner{index}"))).collect();
	let stake = 100 * MILL * u128::from(SLOTS);
	let accounts: Vec<_> = owners.iter().map(account_of).collect();
	chain.fund(&accounts, stake + 100 * MILL).await;
	let mut miners = HashMap::new();
	for (index, owner) in owners.iter().enumerate() {
		let name = format!("operator{index}");
		let operator = key(&name);
		let calls = [calls::register_miner(account_of(&operator), stake), calls::offer(0, RATE, SLOTS)];
		chain.send(chain.sign(owner, 0, &calls).await).await;
		let signer = Signer::from_uri(&format!("//bench//{name}")).expect("a path is a secret");
		miners.insert(operator.public_key().0, Miner { key: operator, signer, nonce: 0 });
	}
	while chain.waiting().await > 0 {
		chain.next_block().await;
	}
	miners
}

/// The answer to a job of [`params`], as the miner's operator signs it.
pub fn answer(genesis: H256, operator: &Signer, input: &[u8], job: JobId, attempt: u8) -> Call {
	let payload = ProofPayload {
		genesis,
		job,
		attempt,
		// The seed does not count at temperature 0.
		work: work_hash(0, &params(), &payload_hash(input), 0),
		output_hash: payload_hash(OUTPUT),
		transcript_root: H256::zero(),
		usage: USAGE,
	};
	let signature = operator.sign_proof(&payload).into();
	let proof = Proof { transcript_root: payload.transcript_root, usage: USAGE, signature };
	calls::complete(job, attempt, OUTPUT.to_vec(), proof)
}

/// Submits all jobs at once and answers each as soon as a miner has it.
pub async fn measure(chain: &Chain) -> Jobs {
	let clients: Vec<_> = (0..CLIENTS).map(|index| key(&format!("client{index}"))).collect();
	let mut miners = miners(chain).await;
	chain.fund(&clients.iter().map(account_of).collect::<Vec<_>>(), 1_000 * MILL).await;
	let submissions = vec![calls::submit(0, INPUT.to_vec(), params(), MILL / 100, None); EACH];
	let mut signed = Vec::new();
	for client in &clients {
		signed.push(chain.sign(client, 0, &submissions).await);
	}
	let mut bytes = signed[0][1].len() - INPUT.len();
	let genesis = chain.client.genesis_hash();
	let mut number = chain.flood(signed).await;
	let (mut settled, mut blocks) = (0, Vec::new());
	let mut quiet = 0;
	while settled < CLIENTS * EACH && quiet < QUIET {
		while chain.best().await <= number {
			tokio::time::sleep(std::time::Duration::from_millis(10)).await;
		}
		number += 1;
		let hash = chain.client.block_hash(number).await.expect("it answers").expect("the block is there");
		let at = chain.client.at(millrace_client::BlockRef { number, hash }).await.expect("it answers");
		let (mut answers, mut ended) = (HashMap::<[u8; 32], Vec<(JobId, u8)>>::new(), 0);
		for event in at.events().await.expect("it answers") {
			match event {
				Event::Job { what: JobEvent::Settled { .. }, .. } => ended += 1,
				Event::Job { job, what: JobEvent::Assigned { attempt, operator, .. } } => {
					answers.entry(operator.into()).or_default().push((job, attempt));
				}
				_ => {}
			}
		}
		let mut transactions = Vec::new();
		for (operator, jobs) in answers {
			let miner = miners.get_mut(&operator).expect("no other miners are there");
			let calls: Vec<_> =
				jobs.iter().map(|(job, attempt)| answer(genesis, &miner.signer, INPUT, *job, *attempt)).collect();
			transactions.extend(chain.sign(&miner.key, miner.nonce, &calls).await);
			miner.nonce += calls.len() as u64;
		}
		if let (Some(complete), true) = (transactions.first(), blocks.is_empty()) {
			bytes += complete.len() - OUTPUT.len();
		}
		chain.send(transactions).await;
		settled += ended;
		quiet = if ended > 0 { 0 } else { quiet + 1 };
		blocks.push((number, ended));
	}
	// While submissions compete with proofs for room; before that nothing could be answered yet.
	let mut window = Vec::new();
	for (number, ended) in blocks.into_iter().skip_while(|(_, ended)| *ended == 0) {
		window.push((chain.blocks(number..number + 1).await.remove(0), ended));
	}
	while window.last().is_some_and(|(block, _)| !block.full) {
		window.pop();
	}
	Jobs {
		settled: window.iter().map(|(_, ended)| ended).sum(),
		blocks: window.into_iter().map(|(block, _)| block).collect(),
		bytes,
		lost: CLIENTS * EACH - settled,
	}
}
