//! Random sequences of all calls by several accounts over many blocks.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Action {
	Submit { client: usize, max_tokens: u32, max_fee: u128, named: Option<usize> },
	Cancel { client: usize, job: u64 },
	Claim { miner: usize, job: u64 },
	Complete { miner: usize, job: u64, attempt: u8, output: usize, usage: (u32, u32, u32) },
	Fail { miner: usize, job: u64, attempt: u8, code: usize },
	Prune { client: usize, job: u64 },
	Register { miner: usize, stake: u128 },
	Offer { miner: usize, price: u128, slots: u32, by_time: bool },
	WithdrawOffer { miner: usize },
	Ready { miner: usize, ready: bool },
	Stake { miner: usize, amount: u128 },
	Unstake { miner: usize, amount: u128 },
	Withdraw { miner: usize },
	Deregister { miner: usize },
	Slash { miner: usize, amount: u128 },
	Transfer { from: usize, to: usize, amount: u128 },
	Blocks(u32),
}

const CLIENTS: [&str; 3] = ["alice", "bob", "carol"];
const MINERS: [&str; 4] = ["miner1", "miner2", "miner3", "miner4"];

fn action() -> impl Strategy<Value = Action> {
	let client = 0..CLIENTS.len();
	let miner = 0..MINERS.len();
	let job = 0..24u64;
	prop_oneof![
		6 => (client.clone(), 0..600u32, 0..3 * MILL, prop::option::weighted(0.2, miner.clone()))
			.prop_map(|(client, max_tokens, max_fee, named)| Action::Submit { client, max_tokens, max_fee, named }),
		1 => (client.clone(), job.clone()).prop_map(|(client, job)| Action::Cancel { client, job }),
		2 => (miner.clone(), job.clone()).prop_map(|(miner, job)| Action::Claim { miner, job }),
		8 => (miner.clone(), job.clone(), 1..4u8, 0..300usize, (0..40u32, 0..80u32, 0..3_000u32))
			.prop_map(|(miner, job, attempt, output, usage)| Action::Complete { miner, job, attempt, output, usage }),
		3 => (miner.clone(), job.clone(), 1..4u8, 0..FailCode::ALL.len())
			.prop_map(|(miner, job, attempt, code)| Action::Fail { miner, job, attempt, code }),
		1 => (client, job).prop_map(|(client, job)| Action::Prune { client, job }),
		2 => (miner.clone(), 0..300 * MILL).prop_map(|(miner, stake)| Action::Register { miner, stake }),
		3 => (miner.clone(), 0..10 * MILLI_MILL, 0..5u32, any::<bool>())
			.prop_map(|(miner, price, slots, by_time)| Action::Offer { miner, price, slots, by_time }),
		1 => miner.clone().prop_map(|miner| Action::WithdrawOffer { miner }),
		1 => (miner.clone(), any::<bool>()).prop_map(|(miner, ready)| Action::Ready { miner, ready }),
		1 => (miner.clone(), 0..100 * MILL).prop_map(|(miner, amount)| Action::Stake { miner, amount }),
		1 => (miner.clone(), 0..300 * MILL).prop_map(|(miner, amount)| Action::Unstake { miner, amount }),
		1 => miner.clone().prop_map(|miner| Action::Withdraw { miner }),
		1 => miner.clone().prop_map(|miner| Action::Deregister { miner }),
		1 => (miner, 0..200 * MILL).prop_map(|(miner, amount)| Action::Slash { miner, amount }),
		1 => (0..7usize, 0..7usize, 0..2 * FUNDS).prop_map(|(from, to, amount)| Action::Transfer { from, to, amount }),
		5 => (1..40u32).prop_map(Action::Blocks),
	]
}

fn anybody(index: usize) -> &'static str {
	CLIENTS.iter().chain(&MINERS).nth(index).unwrap()
}

/// Calls may fail; what counts is what is left.
fn act(action: Action) {
	let as_client = |index: usize| signed(account(CLIENTS[index]));
	let as_owner = |index: usize| signed(account(MINERS[index]));
	let as_operator = |index: usize| signed(operator_account(MINERS[index]));
	let _ = match action {
		Action::Submit { client, max_tokens, max_fee, named } => Jobs::submit(
			as_client(client),
			MODEL,
			vec![b'a'; max_tokens as usize % 50],
			JobParams { timeout: 2 + max_tokens % 40, ..JobParams::greedy(max_tokens) },
			max_fee,
			named.map(|index| account(MINERS[index])),
		),
		Action::Cancel { client, job } => Jobs::cancel(as_client(client), job),
		Action::Claim { miner, job } => Jobs::claim(as_operator(miner), job),
		Action::Complete { miner, job, attempt, output, usage } => {
			let usage = Usage { input_tokens: usage.0, output_tokens: usage.1, gpu_ms: usage.2 };
			let output = vec![b'x'; output];
			let proof = proof_by(&operator(MINERS[miner]), job, attempt, &output, usage);
			Jobs::complete(as_operator(miner), job, attempt, output, proof)
		}
		Action::Fail { miner, job, attempt, code } => Jobs::fail(as_operator(miner), job, attempt, FailCode::ALL[code]),
		Action::Prune { client, job } => Jobs::prune(as_client(client), job),
		Action::Register { miner, stake } => Miners::register(as_owner(miner), operator_account(MINERS[miner]), stake),
		Action::Offer { miner, price, slots, by_time } => {
			let rate =
				if by_time { Rate::PerGpuSecond(price) } else { Rate::PerToken { input: price / 100, output: price } };
			Miners::offer(as_owner(miner), MODEL, rate, slots)
		}
		Action::WithdrawOffer { miner } => Miners::withdraw_offer(as_owner(miner), MODEL),
		Action::Ready { miner, ready } => {
			Miners::set_ready(as_operator(miner), ready).map(|_| ()).map_err(|error| error.error)
		}
		Action::Stake { miner, amount } => Miners::stake(as_owner(miner), amount),
		Action::Unstake { miner, amount } => Miners::unstake(as_owner(miner), amount),
		Action::Withdraw { miner } => Miners::withdraw_unbonded(as_owner(miner)),
		Action::Deregister { miner } => Miners::deregister(as_owner(miner)).map(|_| ()).map_err(|error| error.error),
		Action::Slash { miner, amount } => Miners::slash(RuntimeOrigin::root(), account(MINERS[miner]), amount)
			.map(|_| ())
			.map_err(|error| error.error),
		Action::Transfer { from, to, amount } => {
			Balances::transfer_allow_death(signed(account(anybody(from))), account(anybody(to)), amount)
		}
		Action::Blocks(blocks) => {
			next_blocks(blocks);
			Ok(())
		}
	};
}

/// What the escrow's events say of each job: escrowed, paid, refunded, and how often it was settled.
#[derive(Default)]
struct Flow {
	escrowed: u128,
	paid: u128,
	refunded: u128,
	settled: u32,
}

fn flows() -> BTreeMap<u64, Flow> {
	let mut flows = BTreeMap::<u64, Flow>::new();
	for record in System::events() {
		let RuntimeEvent::Escrow(event) = record.event else { continue };
		match event {
			pallet_escrow::Event::Opened { job, fee, .. } => flows.entry(job).or_default().escrowed += fee,
			pallet_escrow::Event::Paid { job, amount, refund, .. } => {
				let flow = flows.entry(job).or_default();
				flow.paid += amount;
				flow.refunded += refund;
				flow.settled += 1;
			}
			pallet_escrow::Event::Refunded { job, amount, .. } => {
				let flow = flows.entry(job).or_default();
				flow.refunded += amount;
				flow.settled += 1;
			}
			_ => {}
		}
	}
	flows
}

proptest! {
	#![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

	#[test]
	fn money_should_be_conserved_when_anybody_calls_anything(actions in prop::collection::vec(action(), 1..120)) {
		run(|| {
			for action in actions {
				let step = format!("{action:?}");
				act(action);
				check_all();
				if let Some((job, flow)) = flows().into_iter().find(|(_, flow)| flow.settled > 1) {
					panic!("job {job} was settled {} times by {step}", flow.settled);
				}
			}
			// Long enough for every deadline, three attempts each, and the retention.
			for _ in 0..8 {
				next_blocks(100);
			}
			check_all();
			assert_eq!(crate::Jobs::<Test>::iter().count(), 0, "a job outlived all its deadlines");
			for name in CLIENTS {
				assert_eq!(held(name), 0);
			}
			for (job, flow) in flows() {
				assert_eq!(flow.settled, 1, "job {job}");
				assert_eq!(flow.paid + flow.refunded, flow.escrowed, "job {job}");
			}
		});
	}
}
