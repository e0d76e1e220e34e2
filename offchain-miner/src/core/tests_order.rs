//! Whatever the order of events: one answer per attempt at most, and nothing is left open.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{
	fixtures::{assignment, generated, TestSigner},
	*,
};

const JOBS: u64 = 3;

#[derive(Clone, Debug)]
enum Input {
	/// A best block with the jobs of the bit mask; the second mask: those that are other jobs of the same number.
	Block {
		step: i32,
		jobs: u8,
		other: u8,
	},
	Finish {
		job: u64,
		text: u8,
	},
	Fail {
		job: u64,
	},
	Included {
		job: u64,
	},
	Failed {
		job: u64,
	},
	Dropped {
		job: u64,
	},
	Finalized {
		behind: u32,
	},
	/// Killed and started again from what the journal holds.
	Restart,
	Drain,
	DrainTimeout,
}

fn input() -> impl Strategy<Value = Input> {
	let job = 0..JOBS;
	prop_oneof![
		6 => (-1..4i32, 0..8u8, prop_oneof![4 => Just(0u8), 1 => 0..8u8])
			.prop_map(|(step, jobs, other)| Input::Block { step, jobs, other }),
		4 => (job.clone(), 0..4u8).prop_map(|(job, text)| Input::Finish { job, text }),
		1 => job.clone().prop_map(|job| Input::Fail { job }),
		2 => job.clone().prop_map(|job| Input::Included { job }),
		1 => job.clone().prop_map(|job| Input::Failed { job }),
		2 => job.prop_map(|job| Input::Dropped { job }),
		1 => (0..9u32).prop_map(|behind| Input::Finalized { behind }),
		1 => Just(Input::Restart),
		1 => prop_oneof![Just(Input::Drain), Just(Input::DrainTimeout)],
	]
}

/// A journal and an executor that only remember.
struct World {
	core: Core,
	rows: BTreeMap<Ticket, Row>,
	running: BTreeMap<u64, Ticket>,
	number: BlockNumber,
	/// Proofs sent since the number was last certain to be free.
	sent: BTreeMap<Ticket, BTreeSet<Vec<u8>>>,
}

impl World {
	fn new() -> Self {
		Self { core: Self::core(), rows: BTreeMap::new(), running: BTreeMap::new(), number: 20, sent: BTreeMap::new() }
	}

	fn core() -> Core {
		Core::new(H256::repeat_byte(1), 2, Box::new(TestSigner))
	}

	fn carry_out(&mut self, actions: Vec<Action>) {
		for action in actions {
			match action {
				Action::Persist(row) => {
					self.rows.insert(row.assignment.ticket, row);
				}
				Action::Forget(ticket) => {
					self.rows.remove(&ticket);
					// Only after finality, or when nothing was ever sent.
					self.sent.remove(&ticket);
				}
				Action::Start { run, assignment } => {
					self.running.insert(run, assignment.ticket);
				}
				Action::Cancel { run } => {
					self.running.remove(&run);
				}
				Action::SubmitProof { ticket, answer } => {
					let row = &self.rows[&ticket];
					assert!(
						matches!(&row.state, RowState::Finished(kept) | RowState::Submitted(kept) if *kept == answer),
						"sent what the journal does not hold"
					);
					let sent = self.sent.entry(ticket).or_default();
					sent.insert(answer.encode());
					assert_eq!(sent.len(), 1, "two answers for one attempt");
				}
				Action::SubmitFail { ticket, code } => {
					assert!(matches!(self.rows[&ticket].state, RowState::Failing { code: kept, .. } if kept == code));
				}
				Action::Log { .. } => {}
			}
			assert!(self.running.len() <= 2);
		}
	}

	fn run_of(&self, job: u64) -> u64 {
		self.running.iter().find(|(_, ticket)| ticket.job == job).map_or(u64::MAX, |(run, _)| *run)
	}

	fn feed(&mut self, input: Input) {
		let ticket = |job| assignment(job).ticket;
		let event = match input {
			Input::Block { step, jobs, other } => {
				self.number = self.number.saturating_add_signed(step);
				let assignments = (0..JOBS)
					.filter(|job| jobs & (1 << job) != 0)
					.map(|job| {
						let mut assignment = assignment(job);
						assignment.deadline = 100_000;
						if other & (1 << job) != 0 {
							assignment.input_hash = H256::repeat_byte(9);
						}
						assignment
					})
					.collect();
				Event::Snapshot { number: self.number, assignments }
			}
			Input::Finish { job, text } => {
				let run = self.run_of(job);
				self.running.remove(&run);
				Event::EngineFinished { ticket: ticket(job), run, generated: generated(&"x".repeat(text.into())) }
			}
			Input::Fail { job } => {
				let run = self.run_of(job);
				self.running.remove(&run);
				let code = FailCode::EngineError;
				Event::EngineFailed { ticket: ticket(job), run, code, message: String::new() }
			}
			Input::Included { job } => Event::TxIncluded { ticket: ticket(job), number: self.number },
			Input::Failed { job } => Event::TxFailed { ticket: ticket(job), error: String::new() },
			Input::Dropped { job } => Event::TxDropped { ticket: ticket(job), error: String::new() },
			Input::Finalized { behind } => Event::Finalized(self.number.saturating_sub(behind)),
			Input::Drain => Event::DrainRequested,
			Input::DrainTimeout => Event::DrainTimeout,
			Input::Restart => {
				self.core = Self::core();
				self.running.clear();
				let actions = self.core.recover(self.rows.values().cloned().collect());
				self.carry_out(actions);
				return;
			}
		};
		let actions = self.core.handle(event);
		self.carry_out(actions);
	}
}

proptest! {
	#[test]
	fn one_answer_should_be_sent_per_attempt_when_events_come_in_any_order(
		inputs in prop::collection::vec(input(), 0..120),
	) {
		let mut world = World::new();
		for input in inputs {
			world.feed(input);
		}
	}

	#[test]
	fn every_attempt_should_end_when_the_engine_and_the_chain_answer_again(
		inputs in prop::collection::vec(input(), 0..80),
	) {
		let mut world = World::new();
		for input in inputs {
			world.feed(input);
		}
		world.feed(Input::Restart);
		// All that the journal holds and all jobs are assigned; everything gets an answer and a block.
		for _ in 0..80 {
			world.feed(Input::Block { step: 1, jobs: 7, other: 0 });
			for job in 0..JOBS {
				world.feed(Input::Finish { job, text: 2 });
				world.feed(Input::Included { job });
			}
			if world.core.is_idle() {
				break;
			}
		}
		prop_assert!(world.core.is_idle());
		world.feed(Input::Block { step: 1, jobs: 0, other: 0 });
		world.feed(Input::Finalized { behind: 0 });
		prop_assert!(world.rows.is_empty());
	}
}
