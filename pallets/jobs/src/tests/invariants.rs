//! Random sequences of all calls of all our pallets, and of transfers, by everybody over many blocks.
//!
//! Seeds that once failed stand in `proptest-regressions/tests/invariants.txt` and are tried first.

use super::*;
use frame::deps::sp_runtime::AccountId32;
use pallet_parameters::Parameter;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Who acts is an index into [`everybody`]; a job is counted back from the newest.
#[derive(Clone, Debug)]
enum Action {
	Submit { who: usize, model: u32, max_tokens: u32, workload: usize, max_fee: u128, named: Option<usize> },
	Cancel { who: usize, job: u64 },
	Claim { who: usize, job: u64 },
	Complete { who: usize, job: u64, attempt: u8, output: usize, usage: (u32, u32, u32) },
	Fail { who: usize, job: u64, attempt: u8, code: usize },
	Prune { who: usize, job: u64 },
	Register { who: usize, operator: usize, stake: u128 },
	Offer { who: usize, model: u32, price: u128, slots: u32, by_time: bool },
	WithdrawOffer { who: usize, model: u32 },
	Ready { who: usize, ready: bool },
	Stake { who: usize, amount: u128 },
	Unstake { who: usize, amount: u128 },
	Withdraw { who: usize },
	Deregister { who: usize },
	Slash { owner: usize, amount: u128 },
	SlotPrice { price: u128 },
	RegisterModel { who: usize, name: u8, kind: ModelKind, digest: u8, context: u32 },
	Retire { who: usize, model: u32 },
	Transfer { from: usize, to: usize, amount: u128 },
	Drain { from: usize, to: usize },
	Blocks(u32),
}

const CLIENTS: [&str; 3] = ["alice", "bob", "carol"];
const MINERS: [&str; 4] = ["miner1", "miner2", "miner3", "miner4"];

/// Clients, owners, operators: the secret URI of each.
fn everybody() -> Vec<String> {
	let operators = MINERS.iter().map(|name| format!("{name}//operator"));
	CLIENTS.iter().chain(&MINERS).map(|name| (*name).to_owned()).chain(operators).collect()
}

/// Mostly the accounts from `from` on, sometimes anybody.
fn mostly(from: usize, count: usize) -> impl Strategy<Value = usize> + Clone {
	prop_oneof![9 => from..from + count, 1 => 0..11usize]
}

fn job_action() -> impl Strategy<Value = Action> {
	let (client, operator, model) = (mostly(0, 3), mostly(7, 4), 0..3u32);
	let workload = prop_oneof![4 => Just(0), 3 => 0..WORKLOADS.len()];
	let (job, attempt) = (prop_oneof![4 => 0..4u64, 1 => 0..40u64], 1..4u8);
	prop_oneof![
		6 => (client.clone(), model, 0..600u32, workload, 0..3 * MILL, prop::option::weighted(0.2, mostly(3, 4)))
			.prop_map(|(who, model, max_tokens, workload, max_fee, named)| {
				Action::Submit { who, model: model / 2, max_tokens, workload, max_fee, named }
			}),
		1 => (client.clone(), job.clone()).prop_map(|(who, job)| Action::Cancel { who, job }),
		3 => (operator.clone(), job.clone()).prop_map(|(who, job)| Action::Claim { who, job }),
		8 => (operator.clone(), job.clone(), attempt.clone(), 0..300usize, (0..40u32, 0..80u32, 0..3_000u32))
			.prop_map(|(who, job, attempt, output, usage)| Action::Complete { who, job, attempt, output, usage }),
		4 => (operator, job.clone(), attempt, 0..FailCode::ALL.len())
			.prop_map(|(who, job, attempt, code)| Action::Fail { who, job, attempt, code }),
		1 => (client, job).prop_map(|(who, job)| Action::Prune { who, job }),
	]
}

fn miner_action() -> impl Strategy<Value = Action> {
	let (owner, model) = (mostly(3, 4), 0..3u32);
	prop_oneof![
		4 => (owner.clone(), any::<u8>(), 0..300 * MILL).prop_map(|(who, other, stake)| {
			// Its own operator as a rule, now and then somebody who was not asked.
			let operator = if other < 230 { (who + 4) % 11 } else { usize::from(other) % 11 };
			Action::Register { who, operator, stake }
		}),
		5 => (owner.clone(), model.clone(), 0..10 * MILLI_MILL, 0..5u32, any::<bool>())
			.prop_map(|(who, model, price, slots, by_time)| Action::Offer { who, model: model / 2, price, slots, by_time }),
		1 => (owner.clone(), model).prop_map(|(who, model)| Action::WithdrawOffer { who, model }),
		2 => (0..11usize, any::<bool>()).prop_map(|(who, ready)| Action::Ready { who, ready }),
		1 => (owner.clone(), 0..100 * MILL).prop_map(|(who, amount)| Action::Stake { who, amount }),
		1 => (owner.clone(), 0..300 * MILL).prop_map(|(who, amount)| Action::Unstake { who, amount }),
		1 => owner.clone().prop_map(|who| Action::Withdraw { who }),
		1 => owner.prop_map(|who| Action::Deregister { who }),
	]
}

fn action() -> impl Strategy<Value = Action> {
	let (from, to) = (0..11usize, 0..11usize);
	prop_oneof![
		24 => job_action(),
		16 => miner_action(),
		2 => (mostly(0, 3), 0..4u8, prop::sample::select(&ModelKind::ALL[..]), 0..4u8, 0..600u32)
			.prop_map(|(who, name, kind, digest, context)| Action::RegisterModel { who, name, kind, digest, context }),
		1 => (mostly(0, 3), 0..6u32).prop_map(|(who, model)| Action::Retire { who, model }),
		2 => (mostly(3, 4), 0..250 * MILL).prop_map(|(owner, amount)| Action::Slash { owner, amount }),
		1 => (1..300 * MILL).prop_map(|price| Action::SlotPrice { price }),
		1 => (from.clone(), to.clone(), 0..2 * FUNDS).prop_map(|(from, to, amount)| Action::Transfer { from, to, amount }),
		1 => (from, to).prop_map(|(from, to)| Action::Drain { from, to }),
		7 => prop_oneof![4 => 1..4u32, 1 => 1..70u32].prop_map(Action::Blocks),
	]
}

/// One client, two miners, two jobs: so little that what excludes each other meets all the time.
fn narrow_action() -> impl Strategy<Value = Action> {
	let (operator, job, attempt) = (7..9usize, 0..2u64, 1..3u8);
	let submit = Action::Submit { who: 0, model: MODEL, max_tokens: 16, workload: 0, max_fee: MILL, named: None };
	prop_oneof![
		3 => Just(submit),
		1 => job.clone().prop_map(|job| Action::Cancel { who: 0, job }),
		4 => (operator.clone(), job.clone()).prop_map(|(who, job)| Action::Claim { who, job }),
		2 => (operator.clone(), job.clone(), attempt.clone()).prop_map(|(who, job, attempt)| {
			Action::Complete { who, job, attempt, output: 9, usage: (5, 5, 0) }
		}),
		4 => (operator, job.clone(), attempt, 0..FailCode::ALL.len())
			.prop_map(|(who, job, attempt, code)| Action::Fail { who, job, attempt, code }),
		1 => job.prop_map(|job| Action::Prune { who: 0, job }),
		1 => (3..5usize, any::<bool>()).prop_map(|(who, ready)| Action::Ready { who, ready }),
		1 => (3..5usize, 0..60 * MILL).prop_map(|(owner, amount)| Action::Slash { owner, amount }),
		1 => (40 * MILL..110 * MILL).prop_map(|price| Action::SlotPrice { price }),
		1 => Just(Action::Blocks(1)),
		1 => (1..30u32).prop_map(Action::Blocks),
	]
}

/// Calls may fail; what counts is what is left.
fn act(action: Action) {
	let everybody = everybody();
	let id = |index: usize| account(&everybody[index]);
	let by = |index: usize| signed(id(index));
	let back = |job: u64| crate::NextJobId::<Test>::get().saturating_sub(job + 1);
	let plain = |result: DispatchResultWithPostInfo| result.map(|_| ()).map_err(|error| error.error);
	let _ = match action {
		Action::Submit { who, model, max_tokens, workload, max_fee, named } => Jobs::submit(
			by(who),
			model,
			vec![b'a'; max_tokens as usize % 50],
			JobParams {
				timeout: 2 + max_tokens % 40,
				..match workload {
					0 => JobParams::greedy(max_tokens),
					other => JobParams::of(WORKLOADS[other]),
				}
			},
			max_fee,
			named.map(id),
		),
		Action::Cancel { who, job } => Jobs::cancel(by(who), back(job)),
		Action::Claim { who, job } => Jobs::claim(by(who), back(job)),
		Action::Complete { who, job, attempt, output, usage } => {
			let usage = Usage { input_tokens: usage.0, output_tokens: usage.1, gpu_ms: usage.2 };
			let output = vec![b'x'; output];
			let proof = proof_by(&pair(&everybody[who]), back(job), attempt, &output, usage);
			without_weight(Jobs::complete(by(who), back(job), attempt, output, proof))
		}
		Action::Fail { who, job, attempt, code } => {
			without_weight(Jobs::fail(by(who), back(job), attempt, FailCode::ALL[code]))
		}
		Action::Prune { who, job } => Jobs::prune(by(who), back(job)),
		Action::Register { who, operator, stake } => Miners::register(by(who), id(operator), stake),
		Action::Offer { who, model, price, slots, by_time } => {
			let rate =
				if by_time { Rate::PerGpuSecond(price) } else { Rate::PerToken { input: price / 100, output: price } };
			Miners::offer(by(who), model, rate, slots)
		}
		Action::WithdrawOffer { who, model } => Miners::withdraw_offer(by(who), model),
		Action::Ready { who, ready } => plain(Miners::set_ready(by(who), ready)),
		Action::Stake { who, amount } => Miners::stake(by(who), amount),
		Action::Unstake { who, amount } => Miners::unstake(by(who), amount),
		Action::Withdraw { who } => Miners::withdraw_unbonded(by(who)),
		Action::Deregister { who } => plain(Miners::deregister(by(who))),
		Action::Slash { owner, amount } => plain(Miners::slash(RuntimeOrigin::root(), id(owner), amount)),
		Action::SlotPrice { price } => Settings::set(RuntimeOrigin::root(), Parameter::StakePerSlot(price)),
		Action::RegisterModel { who, name, kind, digest, context } => {
			let name = vec![b'a' + name].try_into().unwrap();
			let (context, template) = if kind.has_tokens() { (context, 8) } else { (0, 0) };
			Models::register(by(who), name, kind, H256::repeat_byte(digest), H256::zero(), context, template)
		}
		Action::Retire { who, model } => Models::retire(by(who), model),
		Action::Transfer { from, to, amount } => Balances::transfer_allow_death(by(from), id(to), amount),
		Action::Drain { from, to } => Balances::transfer_all(by(from), id(to), false),
		Action::Blocks(blocks) => {
			for _ in 0..blocks {
				next_blocks(1);
				check_money();
			}
			Ok(())
		}
	};
}

/// All there is belongs to an account, and all that is held is held for a job, a stake or a model's entry.
fn check_money() {
	let (mut all, mut held) = (0, BTreeMap::<AccountId32, u128>::new());
	for (who, account) in frame_system::Account::<Test>::iter() {
		all += account.data.free + account.data.reserved;
		held.insert(who, account.data.reserved);
	}
	assert_eq!(all, Balances::total_issuance());
	let mut owed = BTreeMap::<AccountId32, u128>::new();
	for row in pallet_escrow::Rows::<Test>::iter_values() {
		*owed.entry(row.payer).or_default() += row.fee + row.deposit;
	}
	for (owner, miner) in pallet_miners::Miners::<Test>::iter() {
		let unbonding: u128 = miner.unbonding.iter().map(|part| part.amount).sum();
		*owed.entry(owner).or_default() += miner.bonded + unbonding;
	}
	for model in pallet_models::Models::<Test>::iter_values() {
		*owed.entry(model.owner).or_default() += model.deposit;
	}
	for (who, held) in held {
		assert_eq!(held, owed.remove(&who).unwrap_or(0), "what is held of {who}");
	}
	assert!(owed.values().all(|owed| *owed == 0), "{owed:?}");
}

fn slots_used() -> BTreeMap<AccountId32, u32> {
	pallet_miners::Miners::<Test>::iter().map(|(owner, miner)| (owner, miner.slots_used)).collect()
}

/// No miner has more jobs than before, beyond what its stake reaches for.
fn check_slots(before: &BTreeMap<AccountId32, u32>) {
	let price = pallet_parameters::StakePerSlot::<Test>::get();
	for (owner, miner) in pallet_miners::Miners::<Test>::iter() {
		let more = miner.slots_used > before.get(&owner).copied().unwrap_or(0);
		assert!(!more || miner.bonded >= price * u128::from(miner.slots_used), "{owner} was given too many jobs");
	}
}

/// What the escrow's events say of each job: escrowed, paid, refunded, and how often it was settled.
#[derive(Default)]
struct Flow {
	escrowed: u128,
	paid: u128,
	refunded: u128,
	settled: u32,
}

/// Takes the events since the last time in.
fn follow(flows: &mut BTreeMap<u64, Flow>) {
	for record in System::events() {
		let RuntimeEvent::Escrow(event) = record.event else { continue };
		match event {
			pallet_escrow::Event::Opened { id: job, fee, .. } => flows.entry(job).or_default().escrowed += fee,
			pallet_escrow::Event::Paid { id: job, amount, refund, .. } => {
				let flow = flows.entry(job).or_default();
				flow.paid += amount;
				flow.refunded += refund;
				flow.settled += 1;
			}
			pallet_escrow::Event::Refunded { id: job, amount, .. } => {
				let flow = flows.entry(job).or_default();
				flow.refunded += amount;
				flow.settled += 1;
			}
			_ => {}
		}
	}
	forget_events();
}

fn take_all(actions: Vec<Action>) {
	let mut flows = BTreeMap::new();
	let issuance = Balances::total_issuance() + burned();
	for action in actions {
		let step = format!("{action:?}");
		let used = slots_used();
		act(action);
		check_slots(&used);
		assert_eq!(Balances::total_issuance() + burned(), issuance, "after {step}");
		check_money();
		check_all();
		follow(&mut flows);
		if let Some((job, flow)) = flows.iter().find(|(_, flow)| flow.settled > 1) {
			panic!("job {job} was settled {} times by {step}", flow.settled);
		}
	}
	// Long enough for every deadline, three attempts each, and the retention.
	for _ in 0..8 {
		next_blocks(100);
		check_money();
	}
	check_all();
	follow(&mut flows);
	assert_eq!(crate::Jobs::<Test>::iter().count(), 0, "a job outlived all its deadlines");
	assert_eq!(pallet_escrow::Rows::<Test>::iter().count(), 0);
	for (job, flow) in flows {
		assert_eq!(flow.settled, 1, "job {job}");
		assert_eq!(flow.paid + flow.refunded, flow.escrowed, "job {job}");
	}
}

proptest! {
	#![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

	#[test]
	fn money_should_be_conserved_when_anybody_calls_anything(actions in prop::collection::vec(action(), 1..160)) {
		run(|| take_all(actions));
	}

	#[test]
	fn money_should_be_conserved_when_few_meet_often(actions in prop::collection::vec(narrow_action(), 1..60)) {
		run(|| {
			for name in ["miner1", "miner2"] {
				miner(name, 1);
			}
			take_all(actions);
		});
	}
}
