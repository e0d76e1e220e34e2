//! Free calls: only what the current assignee must send is free, and only once.

use super::*;
use frame::deps::frame_support::dispatch::CheckIfFeeless;

fn completion(who: &str, job: u64, attempt: u8, output: &[u8]) -> RuntimeCall {
	let proof = proof_by(&operator(who), job, attempt, output, USAGE);
	Call::complete { job, attempt, output: output.to_vec(), proof }.into()
}

fn failure(job: u64, attempt: u8) -> RuntimeCall {
	Call::fail { job, attempt, code: FailCode::Timeout }.into()
}

/// Sends a call as a block would: first whether it is free, then the call itself.
fn send(call: &RuntimeCall, who: &AccountId32) -> (bool, bool) {
	let free = call.is_feeless(&signed(who.clone()));
	(free, call.clone().dispatch(signed(who.clone())).is_ok())
}

#[test]
fn answers_should_never_be_free_when_the_sender_is_not_the_assignee() {
	run(|| {
		miner("miner2", 1);
		assert_ok!(Miners::set_ready(signed(account("miner2")), false));
		let job = assigned();
		let before = books();
		let senders = ["alice", "bob", "miner1", "miner2"].map(account);
		for who in senders.iter().chain([&operator_account("miner2")]) {
			for call in [completion("miner1", job, 1, b"42"), completion("miner2", job, 1, b"42"), failure(job, 1)] {
				assert_eq!(send(&call, who), (false, false), "{who}");
			}
		}
		assert_eq!(books(), before);
	});
}

#[test]
fn answer_should_be_free_once_when_the_assignee_sends_it_a_hundred_times() {
	run(|| {
		let job = assigned();
		let before = books();
		let (call, who) = (completion("miner1", job, 1, b"42"), operator_account("miner1"));
		let sent: Vec<_> = (0..100).map(|_| send(&call, &who)).collect();
		assert_eq!(sent[0], (true, true));
		assert!(sent[1..].iter().all(|sent| *sent == (false, false)));
		assert_gains(&before, &[(account("miner1"), FEE as i128), (account("alice"), -(FEE as i128))]);
	});
}

#[test]
fn failure_should_be_free_once_when_the_assignee_sends_it_a_hundred_times() {
	run(|| {
		let job = assigned();
		let before = books();
		let (call, who) = (failure(job, 1), operator_account("miner1"));
		let sent: Vec<_> = (0..100).map(|_| send(&call, &who)).collect();
		assert_eq!(sent[0], (true, true));
		assert!(sent[1..].iter().all(|sent| *sent == (false, false)));
		assert_eq!(send(&completion("miner1", job, 1, b"42"), &who), (false, false));
		assert_gains(&before, &[]);
	});
}

#[test]
fn free_calls_should_be_three_a_job_when_all_its_miners_give_up() {
	run(|| {
		for name in ["miner1", "miner2", "miner3", "miner4"] {
			miner(name, 1);
		}
		let job = submit_as("alice");
		let before = books();
		let mut free_calls = 0;
		for _ in 0..8 {
			next_blocks(1);
			for name in ["miner1", "miner2", "miner3", "miner4"] {
				for attempt in 0..=4 {
					free_calls += u32::from(send(&failure(job, attempt), &operator_account(name)).0);
				}
			}
		}
		assert_eq!(free_calls, 3);
		ended(job, Outcome::Failed);
		assert_gains(&before, &[]);
	});
}

#[test]
fn answer_should_cost_its_fee_when_it_would_be_refused() {
	run(|| {
		let job = assigned();
		let who = operator_account("miner1");
		let bad_signature = {
			let proof = proof_by(&operator("miner2"), job, 1, b"42", USAGE);
			Call::complete { job, attempt: 1, output: b"42".to_vec(), proof }.into()
		};
		let inflated = {
			let proof = proof_by(&operator("miner1"), job, 1, b"42", Usage { gpu_ms: u32::MAX, ..USAGE });
			Call::complete { job, attempt: 1, output: b"42".to_vec(), proof }.into()
		};
		for call in [
			completion("miner1", job, 2, b"42"),
			completion("miner1", job, 1, b""),
			completion("miner1", job, 1, &vec![b'a'; 1 << 20]),
			completion("miner1", job + 1, 1, b"42"),
			failure(job, 2),
			failure(job + 1, 1),
			bad_signature,
			inflated,
		] {
			assert_eq!(send(&call, &who), (false, false), "{call:.80?}");
		}
		AgendaWeight::set(Weight::zero());
		next_blocks(params().timeout + 1);
		assert_eq!(send(&completion("miner1", job, 1, b"42"), &who), (false, false));
		assert_eq!(send(&failure(job, 1), &who), (false, false));
		AgendaWeight::set(Weight::from_parts(1_000, 0));
	});
}

#[test]
fn every_other_call_should_cost_its_fee() {
	run(|| {
		let job = assigned();
		let who = signed(account("alice"));
		let submit =
			Call::submit { model: MODEL, input: b"hi".to_vec(), params: params(), max_fee: MAX_FEE, miner: None };
		for call in [submit, Call::cancel { job }, Call::claim { job }, Call::prune { job }] {
			assert!(!RuntimeCall::from(call).is_feeless(&who));
		}
		let calls = [
			pallet_miners::Call::set_ready { ready: true },
			pallet_miners::Call::deregister {},
			pallet_miners::Call::withdraw_unbonded {},
		];
		for call in calls {
			assert!(!RuntimeCall::from(call).is_feeless(&signed(operator_account("miner1"))));
		}
	});
}
