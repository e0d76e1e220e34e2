//! Every state of a miner x every call of its pallet x every sender: what comes of it. See [`super::table`].

use super::{
	table::{attempt, compare, ROOT},
	*,
};
use pallet_miners::Call as MinersCall;

/// Columns: miner1, whose state it is; its operator; another miner; a stranger with money; root.
const TABLE: &str = include_str!("table_miners.txt");
const SENDERS: [&str; 5] = ["miner1", "miner1//operator", "miner2", "bob", ROOT];

const STATES: [&str; 12] = [
	"unregistered",
	"registered",
	"offering",
	"unready",
	"working",
	"unbonding",
	"unbonded",
	"slashed",
	"slashed-working",
	"slashed-to-nothing",
	"deregistered",
	"gone",
];

fn bring_into(state: &str) {
	miner("miner2", 1);
	assert_ok!(Miners::set_ready(signed(account("miner2")), false));
	let owner = || signed(account("miner1"));
	let register = || {
		assert_ok!(Miners::register(owner(), operator_account("miner1"), 200 * MILL));
	};
	let wait = || next_blocks(<<Test as pallet_miners::Config>::UnbondingPeriod as Get<u32>>::get());
	match state {
		"unregistered" => {}
		"registered" => register(),
		"offering" => miner("miner1", 1),
		"unready" => {
			miner("miner1", 1);
			assert_ok!(Miners::set_ready(owner(), false));
		}
		"working" => drop(assigned()),
		"unbonding" | "unbonded" => {
			miner("miner1", 1);
			assert_ok!(Miners::unstake(owner(), 50 * MILL));
			if state == "unbonded" {
				wait();
			}
		}
		"slashed" | "slashed-to-nothing" => {
			miner("miner1", 1);
			let amount = if state == "slashed" { 150 * MILL } else { u128::MAX };
			assert_ok!(Miners::slash(RuntimeOrigin::root(), account("miner1"), amount));
		}
		"slashed-working" => {
			assigned();
			assert_ok!(Miners::slash(RuntimeOrigin::root(), account("miner1"), u128::MAX));
		}
		"deregistered" | "gone" => {
			miner("miner1", 1);
			assert_ok!(Miners::deregister(owner()));
			if state == "gone" {
				wait();
				assert_ok!(Miners::withdraw_unbonded(owner()));
			}
		}
		other => panic!("no state {other}"),
	}
}

fn calls(sender: &str) -> [(&'static str, MinersCall<Test>); 15] {
	let owner = account("miner1");
	let operator = account(&format!("{sender}//new operator"));
	[
		("register", MinersCall::register { operator, stake: 100 * MILL }),
		("register-taken", MinersCall::register { operator: operator_account("miner1"), stake: 100 * MILL }),
		("stake", MinersCall::stake { amount: 100 * MILL }),
		("stake-little", MinersCall::stake { amount: 1 }),
		("unstake", MinersCall::unstake { amount: 50 * MILL }),
		("unstake-all", MinersCall::unstake { amount: 200 * MILL }),
		("withdraw", MinersCall::withdraw_unbonded {}),
		("offer", MinersCall::offer { model: MODEL, rate: RATE, slots: 2 }),
		("offer-many", MinersCall::offer { model: MODEL, rate: RATE, slots: 5 }),
		("withdraw-offer", MinersCall::withdraw_offer { model: MODEL }),
		("ready", MinersCall::set_ready { ready: true }),
		("unready", MinersCall::set_ready { ready: false }),
		("deregister", MinersCall::deregister {}),
		("slash", MinersCall::slash { owner: owner.clone(), amount: 60 * MILL }),
		("slash-all", MinersCall::slash { owner, amount: u128::MAX }),
	]
}

#[test]
fn every_call_should_do_what_the_table_says_in_every_state_of_a_miner() {
	let mut found = Vec::new();
	for state in STATES {
		run(|| {
			bring_into(state);
			for (index, (name, _)) in calls("nobody").iter().enumerate() {
				let mut row = vec![state.to_owned(), (*name).to_owned()];
				for sender in SENDERS {
					let (_, call) = calls(sender)[index].clone();
					row.push(attempt(call.into(), sender).0);
				}
				found.push(row);
			}
		});
	}
	compare(&found, TABLE);
}
