//! What it costs to be one's own client, and what it gains. Carol owns miner1, and pays herself.

use super::*;
use frame::traits::fungible::Inspect;
use millrace_primitives::{traits::Demand, ModelId, UsageBounds};

const JOBS: u32 = 100;

/// All that Carol has, as client and as miner.
fn carols() -> u128 {
	["carol", "miner1"].map(|name| Balances::total_balance(&account(name))).into_iter().sum()
}

fn submit(model: ModelId, max_rate: Option<Rate>, named: Option<&str>) -> u64 {
	let job = crate::NextJobId::<Test>::get();
	let params = JobParams { max_rate, ..params() };
	let named = named.map(account);
	assert_ok!(Jobs::submit(signed(account("carol")), model, b"What is 17 plus 25?".to_vec(), params, MAX_FEE, named));
	next_blocks(1);
	job
}

/// Whoever has the job answers it for [`USAGE`]. Returns whether that is Carol.
fn answer(job: u64) -> bool {
	let carols = assignment(job).owner == account("miner1");
	assert_ok!(complete(if carols { "miner1" } else { "miner2" }, job, 1));
	carols
}

/// What draws count, faded to now.
fn counted(name: &str) -> u32 {
	let bounds =
		UsageBounds { input_tokens: 1, output_tokens: 1, gpu_ms: 1_000, reference_ms: 1_000, output_bytes: 256 };
	let demand = Demand { model: MODEL, max_rate: None, bounds, excluded: &[] };
	Miners::explain(&account(name), &demand).unwrap().reputation
}

#[test]
fn jobs_for_a_named_miner_should_gain_no_reputation() {
	run(|| {
		miner("miner1", 1);
		let before = carols();
		for _ in 0..JOBS {
			assert!(answer(submit(MODEL, None, Some("miner1"))));
		}
		assert_eq!((carols(), counted("miner1")), (before, 0));
	});
}

#[test]
fn jobs_that_the_miner_claims_should_gain_no_reputation() {
	run(|| {
		HasRandomness::set(false);
		miner("miner1", 1);
		for _ in 0..JOBS {
			let job = submit(MODEL, None, None);
			assert_ok!(Jobs::claim(signed(operator_account("miner1")), job));
			next_blocks(1);
			assert!(answer(job));
		}
		assert_eq!(counted("miner1"), 0);
	});
}

#[test]
fn jobs_whose_limit_shuts_others_out_should_gain_no_reputation() {
	run(|| {
		miner("miner1", 1);
		miner("miner2", 1);
		let before = carols();
		let unit = Rate::PerGpuSecond(MILL);
		assert_ok!(Miners::offer(signed(account("miner1")), MODEL, unit, 1));
		for _ in 0..JOBS {
			assert!(answer(submit(MODEL, Some(unit), None)));
		}
		assert_eq!((carols(), counted("miner1")), (before, 0));
	});
}

#[test]
fn jobs_for_nearly_nothing_should_gain_nearly_no_reputation() {
	run(|| {
		miner("miner1", 1);
		miner("miner2", 1);
		assert_ok!(Miners::offer(signed(account("miner1")), MODEL, Rate::PerToken { input: 0, output: 1 }, 1));
		let before = carols();
		for _ in 0..JOBS {
			assert!(answer(submit(MODEL, None, None)));
		}
		assert_eq!((carols(), counted("miner1")), (before, 0));
	});
}

#[test]
fn jobs_of_a_model_of_ones_own_should_gain_no_reputation_for_another() {
	run(|| {
		miner("miner1", 1);
		assert_ok!(Models::register(
			signed(account("carol")),
			b"carols".to_vec().try_into().unwrap(),
			ModelKind::Text,
			H256::repeat_byte(2),
			H256::zero(),
			CONTEXT,
			8
		));
		assert_ok!(Miners::offer(signed(account("miner1")), MODEL + 1, RATE, 1));
		let before = carols();
		for _ in 0..JOBS {
			assert!(answer(submit(MODEL + 1, None, None)));
		}
		assert_eq!((carols(), counted("miner1")), (before, 0));
		// There she is alone, and what she gained there is worth nothing.
		assert!(pallet_miners::Offers::<Test>::get(MODEL + 1, account("miner1")).unwrap().reputation > 0);
	});
}

#[test]
fn jobs_in_the_open_should_pay_others_and_gain_nothing_that_lasts() {
	run(|| {
		miner("miner1", 1);
		miner("miner2", 1);
		set_reputation("miner2", 1_000);
		let (before, other) = (carols(), free("miner2"));
		let own = (0..JOBS).filter(|_| answer(submit(MODEL, None, None))).count() as u128;
		let lost = (u128::from(JOBS) - own) * FEE;
		let (hers, others) = (counted("miner1"), counted("miner2"));
		println!("{JOBS} jobs: {own} to herself; {lost} plancks for the rest; reputations {hers} and {others}");
		// Each job that she does not win costs a whole fee and speaks for the other miner.
		assert_eq!((before - carols(), free("miner2") - other), (lost, lost));
		assert!(own > 0 && own < u128::from(JOBS) / 2);
		assert!(hers > 0 && hers < others);
		next_blocks(HALF_LIFE);
		assert!((hers * 4 / 10..=hers / 2).contains(&counted("miner1")));
		System::set_block_number(System::block_number() + 10 * HALF_LIFE);
		assert_eq!(counted("miner1"), 0);
	});
}
