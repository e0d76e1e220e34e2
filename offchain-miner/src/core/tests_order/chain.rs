//! A chain that gives jobs to one miner, takes what it sends, and changes its mind.

use std::collections::BTreeMap;

use crate::core::{fixtures, Assignment, Ticket};
use millrace_primitives::{Attempt, BlockNumber, JobId, Sampling, Workload, H256};

/// Height of the first block.
pub const FIRST: BlockNumber = 20;

/// Blocks from an assignment to its deadline.
pub const TERM: BlockNumber = 6;

/// A job has at most so many attempts.
const ATTEMPTS: usize = 3;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
	Proof,
	Fail,
	Deadline,
}

/// What the chain holds after a block.
#[derive(Clone, Default)]
struct State {
	/// Which of several possible jobs has this number on this fork.
	jobs: BTreeMap<JobId, u8>,
	standing: BTreeMap<Ticket, Assignment>,
	ended: BTreeMap<Ticket, End>,
}

/// A transaction of the miner's.
#[derive(Clone, Debug)]
pub struct Tx {
	pub ticket: Ticket,
	pub end: End,
	/// Whether its sender still waits to hear of it.
	pub awaited: bool,
}

/// What became of a transaction in a block.
pub struct Told {
	pub tx: Tx,
	/// Whether its call succeeded.
	pub taken: bool,
}

/// The chain, its newest fork only.
pub struct Chain {
	/// With the transactions that each block took.
	blocks: Vec<(State, Vec<Tx>)>,
	/// Blocks that no reorganisation removes.
	finals: usize,
	/// The highest that the chain ever was.
	pub highest: BlockNumber,
	/// Sent, and in no block.
	pub pool: Vec<Tx>,
}

impl Chain {
	pub fn new() -> Self {
		Self { blocks: vec![(State::default(), Vec::new())], finals: 1, highest: FIRST, pool: Vec::new() }
	}

	pub fn number(&self) -> BlockNumber {
		self.number_of(self.blocks.len() - 1)
	}

	fn number_of(&self, index: usize) -> BlockNumber {
		FIRST + BlockNumber::try_from(index).unwrap()
	}

	fn best(&self) -> &State {
		&self.blocks.last().unwrap().0
	}

	/// The height of the last final block.
	pub fn finalized(&self) -> BlockNumber {
		self.number_of(self.finals - 1)
	}

	/// The assignments at the block so far behind the best one, and its height.
	pub fn seen(&self, back: usize) -> (BlockNumber, Vec<Assignment>) {
		let index = (self.blocks.len() - 1).saturating_sub(back);
		(self.number_of(index), self.blocks[index].0.standing.values().cloned().collect())
	}

	/// How an attempt ended on the newest fork.
	pub fn ended(&self, ticket: Ticket) -> Option<End> {
		self.best().ended.get(&ticket).copied()
	}

	/// Whether nothing is assigned.
	pub fn is_idle(&self) -> bool {
		self.best().standing.is_empty()
	}

	/// Builds a block: with the pool's transactions if `takes`, and with these jobs assigned. A job that is new on this
	/// fork is the given one of several; each fork has its own seed.
	pub fn build(&mut self, takes: bool, jobs: &[(JobId, u8)], seed: u64) -> Vec<Told> {
		let mut state = self.best().clone();
		let number = self.number() + 1;
		let over: Vec<_> = state.standing.values().filter(|one| one.deadline < number).map(|one| one.ticket).collect();
		for ticket in over {
			state.standing.remove(&ticket);
			state.ended.insert(ticket, End::Deadline);
		}
		let taken = if takes { std::mem::take(&mut self.pool) } else { Vec::new() };
		let mut told = Vec::new();
		for tx in &taken {
			let good = state.standing.remove(&tx.ticket).is_some();
			if good {
				state.ended.insert(tx.ticket, tx.end);
			}
			told.push(Told { tx: tx.clone(), taken: good });
		}
		for (job, variant) in jobs {
			let ended: Vec<_> =
				state.ended.iter().filter(|(ticket, _)| ticket.job == *job).map(|(_, end)| *end).collect();
			let standing = state.standing.keys().any(|ticket| ticket.job == *job);
			if standing || ended.len() >= ATTEMPTS || ended.contains(&End::Proof) {
				continue;
			}
			let variant = *state.jobs.entry(*job).or_insert(*variant);
			let attempt = Attempt::try_from(ended.len() + 1).unwrap();
			let ticket = Ticket { job: *job, attempt };
			state.standing.insert(ticket, assignment(ticket, variant, number, seed));
		}
		self.blocks.push((state, taken));
		self.highest = self.highest.max(number);
		told
	}

	/// Goes back by `depth` blocks at most, not beyond what is final. With `kept`, the node puts the transactions of the
	/// lost blocks into its pool again; who sent them was told and hears nothing more.
	pub fn leave(&mut self, depth: usize, kept: bool) {
		let lost = self.blocks.split_off(self.blocks.len().saturating_sub(depth).max(self.finals));
		if kept {
			let again = lost.into_iter().flat_map(|(_, taken)| taken).map(|tx| Tx { awaited: false, ..tx });
			self.pool.extend(again);
		}
	}

	/// Finalises all but the newest `behind` blocks.
	pub fn finalize(&mut self, behind: usize) {
		self.finals = self.finals.max(self.blocks.len().saturating_sub(behind));
	}
}

/// An assignment in block `number`. Odd variants draw at random, so that a fork's seed makes other work of them.
fn assignment(ticket: Ticket, variant: u8, number: BlockNumber, seed: u64) -> Assignment {
	let mut assignment = fixtures::assignment(ticket.job);
	assignment.ticket = ticket;
	assignment.input_hash = H256::repeat_byte(variant);
	assignment.seed = seed;
	if variant % 2 == 1 {
		let warm = Sampling { temperature_milli: 800, ..Sampling::greedy(8) };
		assignment.params.workload = Workload::Chat(warm);
	}
	assignment.assigned_at = number;
	assignment.deadline = number + TERM;
	assignment
}
