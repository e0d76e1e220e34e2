//! Every state of a job x every call x every sender: what comes of it. Each cell is tried on the real pallets.
//!
//! A cell is `Ok` or the name of the error. Cells that fail leave the storage root as it was; `complete` and `fail` are
//! free in exactly the cells that succeed. A job for a named miner never waits, so it has no rows for a queue, a second
//! attempt, an expiry or a cancellation.

use super::*;
use frame::deps::{
	frame_support::{
		dispatch::CheckIfFeeless,
		storage::{with_transaction, TransactionOutcome},
	},
	sp_io,
};

/// Columns: the client; the operator of the attempt, or miner1's where there is none; that operator's owner; another
/// miner's operator; a stranger with money. Operators have no money of their own, so that they can't submit.
const TABLE: &str = include_str!("table.txt");

/// Brings a job of alice's, number 0, into a state. miner1 and miner2 offer a slot each, as far as the state lets them.
fn bring_into(state: &str) {
	let alice = || signed(account("alice"));
	let waits = || {
		let job = submit_as("alice");
		next_blocks(1);
		miner("miner1", 1);
		miner("miner2", 1);
		job
	};
	let works = || {
		let job = assigned();
		miner("miner2", 1);
		job
	};
	let named = || {
		miner("miner1", 1);
		miner("miner2", 1);
		submit_to("miner1", params(), MAX_FEE)
	};
	let second = || {
		let job = works();
		assert_ok!(Jobs::fail(signed(operator_account("miner1")), job, 1, FailCode::Timeout));
		next_blocks(1);
		assert_eq!(assignment(job).owner, account("miner2"));
		job
	};
	match state {
		"unknown" => {
			miner("miner1", 1);
			miner("miner2", 1);
		}
		"fresh" => {
			miner("miner1", 1);
			miner("miner2", 1);
			submit_as("alice");
		}
		"queued" => drop(waits()),
		"assigned-1" => drop(works()),
		"assigned-2" => drop(second()),
		"late" => {
			let job = works();
			AgendaWeight::set(Weight::zero());
			System::run_to_block::<AllPalletsWithSystem>(assignment(job).deadline + 1);
			AgendaWeight::set(Weight::from_parts(1_000, 0));
		}
		"named-assigned" => drop(named()),
		"settled" => {
			assert_ok!(complete("miner1", works(), 1));
		}
		"settled-2" => {
			assert_ok!(complete("miner2", second(), 2));
		}
		"named-settled" => {
			let job = named();
			next_blocks(1);
			let proof = proof_by(&operator("miner1"), job, 1, b"42", Usage { input_tokens: 2, ..USAGE });
			assert_ok!(Jobs::complete(signed(operator_account("miner1")), job, 1, b"42".to_vec(), proof));
		}
		"failed" => {
			assert_ok!(Jobs::fail(signed(operator_account("miner1")), works(), 1, FailCode::BadInput));
		}
		"named-failed" => {
			assert_ok!(Jobs::fail(signed(operator_account("miner1")), named(), 1, FailCode::Timeout));
		}
		"expired" => {
			submit_as("alice");
			next_blocks(QUEUE_TIMEOUT);
			miner("miner1", 1);
			miner("miner2", 1);
		}
		"cancelled" => {
			assert_ok!(Jobs::cancel(alice(), waits()));
		}
		"pruned" => {
			let job = works();
			assert_ok!(complete("miner1", job, 1));
			assert_ok!(Jobs::prune(alice(), job));
		}
		"named-pruned" => {
			let job = named();
			assert_ok!(Jobs::fail(signed(operator_account("miner1")), job, 1, FailCode::BadInput));
			assert_ok!(Jobs::prune(alice(), job));
		}
		other => panic!("no state {other}"),
	}
}

const STATES: [&str; 16] = [
	"unknown",
	"fresh",
	"queued",
	"assigned-1",
	"assigned-2",
	"late",
	"named-assigned",
	"settled",
	"settled-2",
	"named-settled",
	"failed",
	"named-failed",
	"expired",
	"cancelled",
	"pruned",
	"named-pruned",
];

const CALLS: [&str; 9] =
	["submit", "submit-to", "cancel", "claim", "complete-1", "complete-2", "fail-1", "fail-2", "prune"];

/// A call for job 0 as `sender` would make it: with a proof of its own.
fn call(name: &str, sender: &str) -> Call<Test> {
	let job = 0;
	let submit = |miner: Option<&str>| Call::submit {
		model: MODEL,
		input: b"hi".to_vec(),
		params: params(),
		max_fee: MAX_FEE,
		miner: miner.map(account),
	};
	let complete = |attempt| {
		let proof = proof_by(&pair(sender), job, attempt, b"42", Usage { input_tokens: 2, gpu_ms: 0, ..USAGE });
		Call::complete { job, attempt, output: b"42".to_vec(), proof }
	};
	match name {
		"submit" => submit(None),
		"submit-to" => submit(Some("miner2")),
		"cancel" => Call::cancel { job },
		"claim" => Call::claim { job },
		"complete-1" => complete(1),
		"complete-2" => complete(2),
		"fail-1" => Call::fail { job, attempt: 1, code: FailCode::Timeout },
		"fail-2" => Call::fail { job, attempt: 2, code: FailCode::Timeout },
		"prune" => Call::prune { job },
		other => panic!("no call {other}"),
	}
}

fn senders(state: &str) -> [&'static str; 5] {
	if matches!(state, "assigned-2" | "settled-2") {
		["alice", "miner2//operator", "miner2", "miner1//operator", "bob"]
	} else {
		["alice", "miner1//operator", "miner1", "miner2//operator", "bob"]
	}
}

/// `Ok`, or the error's name.
pub(super) fn name_of(result: DispatchResult) -> String {
	match result {
		Ok(()) => "Ok".into(),
		Err(DispatchError::Module(error)) => error.message.unwrap().into(),
		Err(other) => format!("{other:?}"),
	}
}

/// The sender that is no account.
pub(super) const ROOT: &str = "root";

/// Tries a call and undoes it. A call that fails must leave everything as it was, one that succeeds everything in
/// order.
pub(super) fn attempt(call: RuntimeCall, sender: &str) -> (String, bool) {
	let origin = if sender == ROOT { RuntimeOrigin::root() } else { signed(account(sender)) };
	let free = call.is_feeless(&origin);
	let result = with_transaction(|| {
		let root = || sp_io::storage::root(StateVersion::V1);
		let before = root();
		let result = call.clone().dispatch(origin).map(|_| ()).map_err(|error| error.error);
		if result.is_err() {
			assert_eq!(root(), before, "{call:?} by {sender} failed and changed something");
		} else {
			assert_ne!(root(), before, "{call:?} by {sender} changed nothing");
			next_blocks(1);
			check_all();
		}
		TransactionOutcome::Rollback(Ok::<_, DispatchError>(result))
	})
	.unwrap();
	(name_of(result), free)
}

/// Compares the rows that were found with the table's, all of them.
pub(super) fn compare(found: &[Vec<String>], table: &str) {
	let lines = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
	let expected: Vec<Vec<String>> = lines.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect();
	if found != expected {
		let text: Vec<_> = found.iter().map(|row| row.join("\t")).collect();
		let wrong = found.iter().zip(&expected).find(|(found, expected)| found != expected);
		panic!("the table differs, first at {wrong:?}; this is what was found:\n{}", text.join("\n"));
	}
}

#[test]
fn every_call_should_do_what_the_table_says_in_every_state_of_a_job() {
	let mut found = Vec::new();
	for state in STATES {
		run(|| {
			bring_into(state);
			for name in CALLS {
				let mut row = vec![state.to_owned(), name.to_owned()];
				for sender in senders(state) {
					let (result, free) = attempt(call(name, sender).into(), sender);
					let answers = name.starts_with("complete") || name.starts_with("fail");
					assert_eq!(free, answers && result == "Ok", "{state} {name} {sender}");
					row.push(result);
				}
				found.push(row);
			}
		});
	}
	compare(&found, TABLE);
}
