//! The core between a chain, engines and a journal that fail at any moment.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::{Chain, End, Tx};
use crate::core::{
	fixtures::{generated, TestSigner},
	*,
};

/// Inferences at a time.
pub const SLOTS: usize = 2;

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Input {
	/// A block, with these jobs and their variants.
	Block { takes: bool, jobs: Vec<(u64, u8)>, seed: u64, told_first: bool, seen: bool },
	/// The miner reads the chain, as it is or as it was.
	Read { back: usize },
	/// The best fork is left; the miner may notice before the next block.
	Reorganisation { depth: usize, kept: bool, seen: bool },
	/// Finality moves on.
	Finality { behind: usize },
	/// An inference that runs ends: with an answer of that length, or not at all well.
	Engine { nth: usize, text: Option<u8> },
	/// An inference that was cancelled, or has ended, says something.
	Late { nth: usize },
	/// A transaction is lost and its sender told.
	Lost { nth: usize },
	/// A transaction is refused though its attempt stands.
	Refused { nth: usize },
	/// Killed now, or in the midst of the next event.
	Killed(Moment),
	/// Told to stop, and later to stop at once.
	Drain { at_once: bool },
	/// The owner's bounds change.
	Closed(bool),
}

/// When a kill comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
	/// Between two events.
	Now,
	/// When the next event was handled, before the journal has it.
	BeforeJournal,
	/// When the journal has it, before anything else is done.
	AfterJournal,
}

/// A row and whether its attempt is over.
type Kept = BTreeMap<Ticket, (Row, bool)>;

/// The miner, and all that it deals with.
pub struct World {
	pub core: Core,
	pub chain: Chain,
	/// The journal as its process sees it, and as a kill would leave it.
	rows: Kept,
	on_disk: Kept,
	running: BTreeMap<u64, Ticket>,
	past: Vec<(u64, Ticket)>,
	doom: Option<Moment>,
	/// What the miner last read that it has to compute.
	work: BTreeMap<Ticket, H256>,
	/// All that was ever sent as an attempt's answer.
	sent: BTreeMap<Ticket, BTreeSet<Vec<u8>>>,
}

impl World {
	pub fn new() -> Self {
		Self {
			core: new_core(),
			chain: Chain::new(),
			rows: Kept::new(),
			on_disk: Kept::new(),
			running: BTreeMap::new(),
			past: Vec::new(),
			doom: None,
			work: BTreeMap::new(),
			sent: BTreeMap::new(),
		}
	}

	/// Attempts that the journal does not hold for over.
	pub fn open_rows(&self) -> usize {
		self.rows.values().filter(|(_, over)| !over).count()
	}

	/// The inferences that run.
	pub fn runs(&self) -> Vec<(u64, Ticket)> {
		self.running.iter().map(|(run, ticket)| (*run, *ticket)).collect()
	}

	pub fn feed(&mut self, input: Input) {
		match input {
			Input::Block { takes, jobs, seed, told_first, seen } => {
				let told = self.chain.build(takes, &jobs, seed);
				if seen && !told_first {
					self.read(0);
				}
				for told in told {
					self.tell(told.tx, told.taken);
				}
				if seen && told_first {
					self.read(0);
				}
			}
			Input::Read { back } => self.read(back),
			Input::Reorganisation { depth, kept, seen } => {
				self.chain.leave(depth, kept);
				if seen {
					self.read(0);
				}
			}
			Input::Finality { behind } => {
				self.chain.finalize(behind);
				self.event(Event::Finalized(self.chain.finalized()));
			}
			Input::Engine { nth, text } => {
				if let Some((run, ticket)) = pick(&self.runs(), nth) {
					self.end(run, ticket, text);
				}
			}
			Input::Late { nth } => {
				if let Some((run, ticket)) = pick(&self.past, nth) {
					self.event(Event::EngineFinished { ticket, run, generated: generated("late") });
				}
			}
			Input::Lost { nth } => self.lose(nth, |ticket| Event::TxDropped { ticket, error: String::new() }),
			Input::Refused { nth } => self.lose(nth, |ticket| Event::TxFailed { ticket, error: String::new() }),
			Input::Killed(Moment::Now) => self.restart(),
			Input::Killed(moment) => self.doom = Some(moment),
			Input::Drain { at_once: false } => self.event(Event::DrainRequested),
			Input::Drain { at_once: true } => self.event(Event::DrainTimeout),
			Input::Closed(closed) => {
				let closed = closed.then(|| "closed".to_owned());
				self.event(Event::Bounds(Bounds { closed, ..Bounds::default() }));
			}
		}
	}

	/// An inference ends.
	pub fn end(&mut self, run: u64, ticket: Ticket, text: Option<u8>) {
		self.running.remove(&run);
		self.past.push((run, ticket));
		self.event(match text {
			Some(length) => Event::EngineFinished { ticket, run, generated: generated(&"x".repeat(length.into())) },
			None => {
				let (code, message) = (FailCode::EngineError, String::new());
				Event::EngineFailed { ticket, run, code, message }
			}
		});
	}

	/// The miner reads the chain as the runner does: what the journal knows of news comes first.
	fn read(&mut self, back: usize) {
		let (number, assignments) = self.chain.seen(back);
		self.work = assignments.iter().map(|assignment| (assignment.ticket, assignment.work())).collect();
		let unknown = self.core.unknown(&assignments);
		let signed = |ticket: &Ticket| self.rows.get(ticket).filter(|(row, _)| row.state.is_signed());
		let rows: Vec<_> = unknown.iter().filter_map(signed).map(|(row, _)| row.clone()).collect();
		assert!(self.core.recover(rows).is_empty());
		self.event(Event::Snapshot { number, assignments });
	}

	fn tell(&mut self, tx: Tx, taken: bool) {
		if !tx.awaited {
			return;
		}
		let (ticket, number) = (tx.ticket, self.chain.number());
		self.event(match taken {
			true => Event::TxIncluded { ticket, number },
			false => Event::TxFailed { ticket, error: String::new() },
		});
	}

	fn lose(&mut self, nth: usize, event: impl Fn(Ticket) -> Event) {
		if self.chain.pool.is_empty() {
			return;
		}
		let tx = self.chain.pool.swap_remove(nth % self.chain.pool.len());
		if tx.awaited {
			self.event(event(tx.ticket));
		}
	}

	fn event(&mut self, event: Event) {
		let actions = self.core.handle(event);
		self.carry_out(actions);
	}

	/// SIGKILL, and a new process with what is on disk.
	fn restart(&mut self) {
		self.doom = None;
		self.core = new_core();
		// Its inferences are gone with it; the numbers of the new ones begin anew.
		self.running.clear();
		self.past.clear();
		self.chain.pool.iter_mut().for_each(|tx| tx.awaited = false);
		self.rows = self.on_disk.clone();
		let open = self.rows.values().filter(|(_, over)| !over).map(|(row, _)| row.clone()).collect();
		let actions = self.core.recover(open);
		self.carry_out(actions);
	}

	fn carry_out(&mut self, actions: Vec<Action>) {
		let doom = self.doom.take();
		if doom == Some(Moment::BeforeJournal) {
			return self.restart();
		}
		self.write(&actions);
		if doom == Some(Moment::AfterJournal) {
			return self.restart();
		}
		for action in actions {
			match action {
				Action::Start { run, assignment } => {
					let ticket = assignment.ticket;
					assert!(self.running.values().all(|running| *running != ticket), "{ticket:?} runs twice");
					self.running.insert(run, ticket);
					assert!(self.running.len() <= SLOTS);
				}
				Action::Cancel { run } => {
					let cancelled = self.running.remove(&run);
					self.past.extend(cancelled.map(|ticket| (run, ticket)));
				}
				Action::SubmitProof { ticket, answer } => {
					let (row, _) = &self.on_disk[&ticket];
					assert!(
						matches!(&row.state, RowState::Finished(kept) | RowState::Submitted(kept) if *kept == answer),
						"sent what is not on disk"
					);
					assert!(is_for(&answer, ticket, self.work[&ticket]), "an answer to something else");
					let sent = self.sent.entry(ticket).or_default();
					sent.insert(answer.encode());
					assert_eq!(sent.len(), 1, "two answers for {ticket:?}");
					self.chain.pool.push(Tx { ticket, end: End::Proof, awaited: true });
				}
				Action::SubmitFail { ticket, code } => {
					let (row, _) = &self.on_disk[&ticket];
					assert!(matches!(row.state, RowState::Failing { code: kept, .. } if kept == code));
					self.chain.pool.push(Tx { ticket, end: End::Fail, awaited: true });
				}
				Action::Persist(_) | Action::Forget(_) | Action::Log { .. } => {}
			}
		}
	}

	/// As the journal does: only answers and failures go to disk at once, with all that came before them.
	fn write(&mut self, actions: &[Action]) {
		let mut durable = false;
		for action in actions {
			match action {
				Action::Persist(row) => {
					durable |= matches!(row.state, RowState::Finished(_) | RowState::Failing { .. });
					self.rows.insert(row.assignment.ticket, (row.clone(), false));
				}
				Action::Forget(ticket) => {
					if let Some((row, over)) = self.rows.remove(ticket) {
						if !over && row.state.is_signed() {
							self.rows.insert(*ticket, (row, true));
						}
					}
				}
				_ => {}
			}
		}
		if durable {
			self.on_disk = self.rows.clone();
		}
	}
}

fn new_core() -> Core {
	Core::new(H256::repeat_byte(1), SLOTS, Box::new(TestSigner))
}

/// Whether this was signed for that work. The signer of the tests gives the message back.
fn is_for(answer: &Answer, ticket: Ticket, work: H256) -> bool {
	let payload = ProofPayload {
		genesis: H256::repeat_byte(1),
		job: ticket.job,
		attempt: ticket.attempt,
		work,
		output_hash: payload_hash(&answer.output),
		transcript_root: answer.proof.transcript_root,
		usage: answer.proof.usage,
	};
	answer.proof.signature.0[..32] == payload.signing_hash()
}

fn pick<T: Clone>(from: &[T], nth: usize) -> Option<T> {
	from.get(nth.checked_rem(from.len())?).cloned()
}
