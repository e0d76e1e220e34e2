//! Thousands of small things against every loop: what one block does is counted, and bounded.

use super::*;

/// Submits `count` of the smallest jobs, that no miner with [`RATE`] takes.
fn tiny_jobs(count: usize) {
	let cheap = JobParams { max_rate: Some(Rate::PerGpuSecond(1)), ..JobParams::greedy(1) };
	let alice = account("alice");
	for _ in 0..count {
		assert_ok!(Jobs::submit(signed(alice.clone()), MODEL, b"a".to_vec(), cheap, MIN_FEE, None));
		// The mock keeps the events of all blocks and copies them in every call.
		System::reset_events();
	}
}

fn ended_jobs() -> usize {
	crate::Jobs::<Test>::iter_values().filter(|job| matches!(job.state, JobState::Ended(_))).count()
}

#[test]
fn agenda_should_do_no_more_in_a_block_than_its_weight_when_a_thousand_jobs_are_due_at_once() {
	run(|| {
		const JOBS: usize = 1_000;
		let before = books();
		tiny_jobs(JOBS);
		next_blocks(QUEUE_TIMEOUT - 1);
		assert_eq!(ended_jobs(), 0);
		let limit = AgendaWeight::get();
		let most = (limit.ref_time() / <() as crate::WeightInfo>::cancel().ref_time()) as usize;
		let mut last = 0;
		for block in 1.. {
			next_blocks(1);
			let now = ended_jobs();
			assert!(now - last <= most, "block {block} ended {}", now - last);
			last = now;
			if now == JOBS {
				break;
			}
			assert!(block <= JOBS / (most / 2), "the agenda does not catch up");
			// What is left over takes the whole of the next block's share and not a bit more.
			with_rollback(|| {
				System::set_block_number(System::block_number() + 1);
				assert!(Jobs::on_initialize(System::block_number()).all_lte(limit));
			});
		}
		assert_gains(&before, &[]);
	});
}

/// Undoes what `test` does.
fn with_rollback(test: impl FnOnce()) {
	use frame::deps::frame_support::storage::{with_transaction, TransactionOutcome};
	with_transaction(|| {
		test();
		TransactionOutcome::Rollback(Ok::<_, DispatchError>(()))
	})
	.unwrap();
}

/// The place of the walk along the model's queue; jobs are numbered in the order of the queue.
fn walked_to() -> Option<u64> {
	crate::Walks::<Test>::get(MODEL).map(|walk| walk.next)
}

#[test]
fn walk_should_look_at_so_many_jobs_a_block_when_a_thousand_wait_that_fit_nobody() {
	run(|| {
		tiny_jobs(1_000);
		next_blocks(1);
		miner("miner1", 1);
		next_blocks(1);
		let step = u64::from(<<Test as crate::Config>::WalkDraws as Get<u32>>::get());
		let first = walked_to().unwrap();
		for blocks in 1..40 {
			next_blocks(1);
			assert_eq!(walked_to(), Some(first + blocks * step));
		}
	});
}

#[test]
fn walk_should_go_no_further_than_the_answers_of_the_block_have_paid_for() {
	run(|| {
		const SLOTS: u32 = 100;
		assert_ok!(Miners::register(signed(account("miner1")), operator_account("miner1"), 9_000 * MILL));
		assert_ok!(Miners::offer(signed(account("miner1")), MODEL, RATE, SLOTS));
		for _ in 0..SLOTS {
			submit_as("bob");
		}
		next_blocks(1);
		assert_eq!(AssignmentsOf::<Test>::iter().count(), SLOTS as usize);
		tiny_jobs(1_000);
		next_blocks(1);
		for job in 0..u64::from(SLOTS) {
			assert_ok!(complete("miner1", job, 1));
		}
		assert_eq!(walked_to(), Some(SLOTS.into()));
		next_blocks(1);
		// One draw for each answer; what the next block pays for by itself comes at its end.
		assert_eq!(walked_to(), Some(2 * u64::from(SLOTS)));
	});
}

/// Jobs that fit nobody, and a miner that announces its free slot in each block, once kept all draws to one queue.
#[test]
fn queue_should_be_served_when_that_of_another_model_is_full_of_jobs_that_fit_nobody() {
	for (crowded, other) in [(0, 1), (1, 0)] {
		run(|| {
			let name = b"other".to_vec().try_into().unwrap();
			let digest = H256::repeat_byte(2);
			assert_ok!(Models::register(
				signed(account("bob")),
				name,
				ModelKind::Text,
				digest,
				H256::zero(),
				CONTEXT,
				8
			));
			let cheap = JobParams { max_rate: Some(Rate::PerGpuSecond(1)), ..JobParams::greedy(1) };
			let submit = |model, params| {
				let job = crate::NextJobId::<Test>::get();
				assert_ok!(Jobs::submit(signed(account("alice")), model, b"a".to_vec(), params, MIN_FEE, None));
				job
			};
			for _ in 0..200 {
				submit(crowded, cheap);
			}
			let job = submit(other, params());
			next_blocks(1);
			for (name, model) in [("miner1", crowded), ("miner2", other)] {
				assert_ok!(Miners::register(signed(account(name)), operator_account(name), 200 * MILL));
				assert_ok!(Miners::offer(signed(account(name)), model, RATE, 1));
			}
			for _ in 0..5 {
				assert_ok!(Miners::set_ready(signed(account("miner1")), true));
				next_blocks(1);
			}
			assert_eq!(assignment(job).owner, account("miner2"));
		});
	}
}

#[test]
fn jobs_of_a_block_should_all_be_drawn_for_at_its_end_when_there_are_thousands() {
	run(|| {
		const JOBS: usize = 2_000;
		let before = books();
		tiny_jobs(JOBS);
		assert_eq!(crate::Fresh::<Test>::get().len(), JOBS);
		next_blocks(1);
		assert!(crate::Fresh::<Test>::get().is_empty());
		assert_eq!(crate::Queue::<Test>::iter().count(), JOBS);
		assert_gains(&before, &[]);
	});
}

#[test]
fn header_should_carry_one_root_when_a_thousand_jobs_end_in_one_block() {
	run(|| {
		const JOBS: u64 = 1_000;
		tiny_jobs(JOBS as usize);
		next_blocks(1);
		let roots = || {
			let own =
				|item: &&_| matches!(item, frame::deps::sp_runtime::DigestItem::Consensus(id, _) if id == b"MILL");
			System::digest().logs().iter().filter(own).count()
		};
		let before = roots();
		let alice = account("alice");
		for job in 0..JOBS {
			assert_ok!(Jobs::cancel(signed(alice.clone()), job));
			System::reset_events();
		}
		Jobs::on_finalize(System::block_number());
		Receipts::on_finalize(System::block_number());
		assert_eq!(roots(), before + 1);
		assert_eq!(pallet_receipts::Receipts::<Test>::iter().count(), JOBS as usize);
	});
}

#[test]
fn draw_should_look_at_few_miners_when_hundreds_are_ready() {
	run(|| {
		const MINERS: usize = 300;
		let funders = ["alice", "bob", "carol", "miner1", "miner2", "miner3", "miner4"];
		for index in 0..MINERS {
			let name = format!("one of many {index}");
			let funder = account(funders[index % funders.len()]);
			assert_ok!(Balances::transfer_keep_alive(signed(funder), account(&name), 201 * MILL));
			miner(&name, 1);
		}
		// One of them is within the limit. Were all looked at, each draw would find it.
		let cheap = Rate::PerToken { input: 1, output: 1 };
		assert_ok!(Miners::offer(signed(account("one of many 7")), MODEL, cheap, 1));
		let params = JobParams { max_rate: Some(cheap), ..params() };
		let mut found = 0;
		for salt in 0..40 {
			Salt::set(salt);
			let job = crate::NextJobId::<Test>::get();
			let submit = Jobs::submit(signed(account("alice")), MODEL, b"hi".to_vec(), params, MIN_FEE, None);
			assert_ok!(submit);
			next_blocks(1);
			match state(job) {
				JobState::Assigned(assignment) => {
					found += 1;
					let code = FailCode::BadInput;
					assert_ok!(Jobs::fail(signed(assignment.operator), job, assignment.attempt, code));
				}
				_ => {
					assert_ok!(Jobs::cancel(signed(account("alice")), job));
				}
			}
		}
		assert!(found < 10, "{found} of 40 draws found one miner in {MINERS}");
	});
}
