//! What the miner does next, without any input or output of its own.
//!
//! [`Core::handle`] takes an [`Event`] and returns [`Action`]s. Whoever carries them out must make every
//! [`Action::Persist`] and [`Action::Forget`] durable before any other action of the same list: an answer that was
//! sent is then always in the journal, so no second, different one is ever sent for the same attempt.

mod entry;
#[cfg(test)]
pub(crate) mod fixtures;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_order;
mod types;

use std::{collections::BTreeMap, sync::Arc};

use codec::Encode;
use entry::{Entry, Stage, Tx, Verdict};
use millrace_primitives::{
	job::payload_hash, transcript, BlockNumber, FailCode, Proof, ProofPayload, UsageBounds, H256,
};

pub use types::{
	Action, Answer, Assignment, Bounds, Counts, Event, Generated, ProofSigner, Row, RowState, Step, Ticket,
};

/// Blocks before an attempt's deadline at which an unfinished inference is given up, so that the failure gets on
/// chain in time.
pub(crate) const DEADLINE_MARGIN: BlockNumber = 2;

/// Blocks after which a vanished assignment is forgotten even if the chain finalises nothing.
const KEEP_UNFINALIZED: BlockNumber = 512;

/// Longest pause, in blocks, between two submissions of the same answer.
const MAX_BACKOFF: BlockNumber = 16;

/// Refusals of a proof by the chain's own logic after which the attempt is failed instead.
const MAX_REFUSALS: u32 = 4;

/// The state machine.
pub struct Core {
	genesis: H256,
	slots: usize,
	signer: Box<dyn ProofSigner>,
	best: BlockNumber,
	draining: bool,
	bounds: Bounds,
	next_run: u64,
	entries: BTreeMap<Ticket, Entry>,
}

impl Core {
	/// A miner of the chain `genesis` that runs at most `slots` inferences at a time.
	pub fn new(genesis: H256, slots: usize, signer: Box<dyn ProofSigner>) -> Self {
		Self {
			genesis,
			slots,
			signer,
			best: 0,
			draining: false,
			bounds: Bounds::default(),
			next_run: 0,
			entries: BTreeMap::new(),
		}
	}

	/// Those of these assignments that are news. An attempt that was over can come back by a reorganisation, even one
	/// that finality seemed to rule out while the node was changing forks: what the journal still has of them must be
	/// given to [`Core::recover`] before the snapshot that has them.
	pub fn unknown(&self, assignments: &[Assignment]) -> Vec<Ticket> {
		let tickets = assignments.iter().map(|assignment| assignment.ticket);
		tickets.filter(|ticket| !self.entries.contains_key(ticket)).collect()
	}

	/// Takes over rows of the journal: the open ones before the first event, those of [`Core::unknown`] attempts later.
	/// Answers and failures are kept for the case that their assignment still stands; everything else starts anew when
	/// it is seen on chain.
	pub fn recover(&mut self, rows: Vec<Row>) -> Vec<Action> {
		let mut actions = Vec::new();
		for Row { assignment, state } in rows {
			let (ticket, signed) = (assignment.ticket, state.is_signed());
			let verdict = match state {
				RowState::Finished(answer) | RowState::Submitted(answer) => Verdict::Proof(answer),
				RowState::Failing { code, .. } => Verdict::Fail(code),
				RowState::Assigned | RowState::Running => {
					actions.push(Action::Forget(ticket));
					continue;
				}
			};
			self.entries.insert(ticket, Entry::recovered(assignment, verdict, signed));
		}
		actions
	}

	/// Counts for the health report.
	pub fn counts(&self) -> Counts {
		let mut counts = Counts::default();
		for entry in self.entries.values().filter(|entry| entry.gone_at.is_none()) {
			match &entry.stage {
				Stage::Waiting => counts.queued += 1,
				Stage::Running { .. } => counts.running += 1,
				Stage::Decided { tx: Tx::Included { .. }, .. } => {}
				Stage::Decided { .. } => counts.submitting += 1,
			}
		}
		counts
	}

	/// Whether everything that was assigned is answered in a block or gone.
	pub fn is_idle(&self) -> bool {
		self.counts() == Counts::default()
	}

	/// Takes an event in and says what to do.
	pub fn handle(&mut self, event: Event) -> Vec<Action> {
		let mut actions = Vec::new();
		match event {
			Event::Snapshot { number, assignments } => self.snapshot(number, assignments, &mut actions),
			Event::EngineFinished { ticket, run, generated } => {
				if self.is_running(ticket, run) {
					match self.prove(ticket, generated) {
						Ok(answer) => self.decide(ticket, Verdict::Proof(Arc::new(answer)), "", &mut actions),
						Err((code, why)) => self.decide(ticket, Verdict::Fail(code), why, &mut actions),
					}
				}
			}
			Event::EngineFailed { ticket, run, code, message } => {
				if self.is_running(ticket, run) {
					self.decide(ticket, Verdict::Fail(code), &message, &mut actions);
				}
			}
			Event::TxIncluded { ticket, number } => {
				if let Some(tx) = self.entries.get_mut(&ticket).and_then(Entry::in_flight) {
					*tx = Tx::Included { at: number };
					actions.push(log(ticket, Step::Included, format!("block={number}")));
				}
			}
			Event::TxFailed { ticket, error } => self.unsent(ticket, &error, true, &mut actions),
			Event::TxDropped { ticket, error } => self.unsent(ticket, &error, false, &mut actions),
			Event::Finalized(number) => self.prune(number, &mut actions),
			Event::Bounds(bounds) => self.bounds = bounds,
			Event::DrainRequested => {
				self.draining = true;
				self.fail_all(|stage| matches!(stage, Stage::Waiting), FailCode::Drain, &mut actions);
			}
			Event::DrainTimeout => {
				self.fail_all(|stage| !matches!(stage, Stage::Decided { .. }), FailCode::Drain, &mut actions)
			}
		}
		self.fill_slots(&mut actions);
		actions
	}

	fn snapshot(&mut self, number: BlockNumber, assignments: Vec<Assignment>, actions: &mut Vec<Action>) {
		self.best = number;
		for entry in self.entries.values_mut() {
			entry.seen = false;
		}
		for assignment in assignments {
			self.seen(assignment, actions);
		}
		self.mark_gone(actions);
		let margin = number.saturating_add(DEADLINE_MARGIN);
		let late: Vec<_> = self
			.entries
			.iter()
			.filter(|(_, entry)| !matches!(entry.stage, Stage::Decided { .. }))
			.filter(|(_, entry)| number > entry.assignment.assigned_at && margin >= entry.assignment.deadline)
			.map(|(ticket, _)| *ticket)
			.collect();
		for ticket in late {
			self.decide(ticket, Verdict::Fail(FailCode::Timeout), "the deadline is near", actions);
		}
		self.send_due(actions);
		self.prune(number.saturating_sub(KEEP_UNFINALIZED), actions);
	}

	fn seen(&mut self, assignment: Assignment, actions: &mut Vec<Action>) {
		let ticket = assignment.ticket;
		let Some(entry) = self.entries.get_mut(&ticket) else {
			actions.push(log(
				ticket,
				Step::Assigned,
				format!("model={} deadline={}", assignment.model, assignment.deadline),
			));
			self.enqueue(assignment, actions);
			return;
		};
		let same = entry.assignment.work() == assignment.work();
		if same {
			entry.assignment = assignment;
			entry.seen = true;
			entry.gone_at = None;
			if let Stage::Decided { tx, .. } = &mut entry.stage {
				// In a block, and yet assigned in one at least as high: that block is no longer part of the chain.
				if matches!(tx, Tx::Included { at } if *at <= self.best) {
					*tx = Tx::Idle { not_before: self.best, tries: 0 };
				}
			}
			return;
		}
		actions.push(log(ticket, Step::Gone, "another job has its number after a reorganisation".into()));
		if entry.signed {
			// An answer to something else was signed for this number. A second one would be an equivocation.
			entry.assignment = assignment;
			entry.seen = true;
			entry.gone_at = None;
			self.decide(ticket, Verdict::Fail(FailCode::Denied), "already signed for another fork", actions);
			return;
		}
		if let Stage::Running { run } = entry.stage {
			actions.push(Action::Cancel { run });
		}
		self.enqueue(assignment, actions);
	}

	fn enqueue(&mut self, assignment: Assignment, actions: &mut Vec<Action>) {
		let ticket = assignment.ticket;
		self.entries.remove(&ticket);
		let refusal = self.refusal(&assignment);
		self.entries.insert(ticket, Entry::new(assignment.clone()));
		if self.draining {
			self.decide(ticket, Verdict::Fail(FailCode::Drain), "", actions);
		} else if let Some(why) = refusal {
			self.decide(ticket, Verdict::Fail(FailCode::Denied), &why, actions);
		} else {
			actions.push(Action::Persist(Row { assignment, state: RowState::Assigned }));
		}
	}

	/// What of the owner's bounds speaks against new work.
	fn refusal(&self, assignment: &Assignment) -> Option<String> {
		let Bounds { max_input_bytes, max_queue, closed } = &self.bounds;
		if closed.is_some() {
			return closed.clone();
		}
		if assignment.input_len > *max_input_bytes {
			return Some(format!("{} bytes of input; the limit is {max_input_bytes}", assignment.input_len));
		}
		let counts = self.counts();
		let busy = counts.running.saturating_add(counts.queued);
		(busy >= self.slots.saturating_add(*max_queue)).then(|| format!("{} attempts wait; no more may", counts.queued))
	}

	fn mark_gone(&mut self, actions: &mut Vec<Action>) {
		let best = self.best;
		self.entries.retain(|ticket, entry| {
			// A block below its own says nothing of an assignment: the node is behind, or was left for one that is.
			if entry.seen || entry.gone_at.is_some() || best < entry.assignment.assigned_at {
				return true;
			}
			match &entry.stage {
				Stage::Waiting => {}
				Stage::Running { run } => actions.push(Action::Cancel { run: *run }),
				// Kept until that is final: a reorganisation can bring the assignment back.
				Stage::Decided { .. } => {
					entry.gone_at = Some(best);
					return true;
				}
			}
			actions.push(log(*ticket, Step::Gone, String::new()));
			actions.push(Action::Forget(*ticket));
			false
		});
	}

	fn prune(&mut self, final_block: BlockNumber, actions: &mut Vec<Action>) {
		self.entries.retain(|ticket, entry| {
			let over = entry.gone_at.is_some_and(|gone| gone <= final_block);
			if over {
				actions.push(Action::Forget(*ticket));
			}
			!over
		});
	}

	fn fill_slots(&mut self, actions: &mut Vec<Action>) {
		let mut free = self.slots.saturating_sub(self.counts().running);
		// The nearest deadline first; the order of the numbers decides among equals.
		let mut waiting: Vec<_> =
			self.entries.values_mut().filter(|entry| matches!(entry.stage, Stage::Waiting)).collect();
		waiting.sort_by_key(|entry| entry.assignment.deadline);
		for entry in waiting {
			if free == 0 {
				break;
			}
			free -= 1;
			let run = self.next_run;
			self.next_run += 1;
			entry.stage = Stage::Running { run };
			let assignment = entry.assignment.clone();
			actions.push(Action::Persist(Row { assignment: assignment.clone(), state: RowState::Running }));
			actions.push(log(assignment.ticket, Step::Running, String::new()));
			actions.push(Action::Start { run, assignment });
		}
	}

	fn fail_all(&mut self, which: impl Fn(&Stage) -> bool, code: FailCode, actions: &mut Vec<Action>) {
		let tickets: Vec<_> =
			self.entries.iter().filter(|(_, entry)| which(&entry.stage)).map(|(ticket, _)| *ticket).collect();
		for ticket in tickets {
			self.decide(ticket, Verdict::Fail(code), "", actions);
		}
	}

	/// Ends the inference of `ticket`, writes the verdict down and sends it.
	fn decide(&mut self, ticket: Ticket, verdict: Verdict, why: &str, actions: &mut Vec<Action>) {
		let Some(entry) = self.entries.get_mut(&ticket) else { return };
		if let Stage::Running { run } = entry.stage {
			actions.push(Action::Cancel { run });
		}
		entry.signed |= matches!(verdict, Verdict::Proof(_));
		let (state, line) = match &verdict {
			Verdict::Proof(answer) => (
				RowState::Finished(answer.clone()),
				log(ticket, Step::Finished, format!("output_tokens={}", answer.proof.usage.output_tokens)),
			),
			Verdict::Fail(code) => (
				RowState::Failing { code: *code, signed: entry.signed },
				log(ticket, Step::Failed, format!("code={code:?} {why}")),
			),
		};
		actions.push(Action::Persist(Row { assignment: entry.assignment.clone(), state }));
		actions.push(line);
		entry.stage = Stage::Decided { verdict, tx: Tx::Idle { not_before: self.best, tries: 0 }, refusals: 0 };
		self.send_due(actions);
	}

	fn send_due(&mut self, actions: &mut Vec<Action>) {
		for (ticket, entry) in &mut self.entries {
			if entry.gone_at.is_some() || !entry.seen {
				continue;
			}
			let Stage::Decided { verdict, tx, .. } = &mut entry.stage else { continue };
			let Tx::Idle { not_before, tries } = *tx else { continue };
			if not_before > self.best {
				continue;
			}
			*tx = Tx::InFlight { tries };
			let (what, action) = match verdict {
				Verdict::Proof(answer) => {
					let state = RowState::Submitted(answer.clone());
					actions.push(Action::Persist(Row { assignment: entry.assignment.clone(), state }));
					("proof", Action::SubmitProof { ticket: *ticket, answer: answer.clone() })
				}
				Verdict::Fail(code) => ("fail", Action::SubmitFail { ticket: *ticket, code: *code }),
			};
			actions.push(log(*ticket, Step::Submitted, format!("call={what} try={}", tries + 1)));
			actions.push(action);
		}
	}

	fn unsent(&mut self, ticket: Ticket, error: &str, refused: bool, actions: &mut Vec<Action>) {
		let best = self.best;
		let Some(entry) = self.entries.get_mut(&ticket) else { return };
		let standing = entry.gone_at.is_none();
		let Stage::Decided { verdict, tx, refusals } = &mut entry.stage else { return };
		let Tx::InFlight { tries } = *tx else { return };
		let tries = tries.saturating_add(1);
		*tx = Tx::Idle { not_before: best.saturating_add(backoff(ticket, tries)), tries };
		*refusals += u32::from(refused);
		let hopeless = *refusals >= MAX_REFUSALS && matches!(verdict, Verdict::Proof(_));
		// The call that ended the assignment is also the one whose copies are then refused: nothing to report.
		if standing {
			actions.push(log(ticket, Step::Dropped, error.to_owned()));
			if hopeless {
				self.decide(ticket, Verdict::Fail(FailCode::EngineError), "the chain refuses the proof", actions);
			}
		}
	}

	fn is_running(&self, ticket: Ticket, run: u64) -> bool {
		matches!(self.entries.get(&ticket).map(|entry| &entry.stage), Some(Stage::Running { run: own }) if *own == run)
	}

	/// Holds the answer to the chain's bounds and signs it.
	fn prove(&self, ticket: Ticket, generated: Generated) -> Result<Answer, (FailCode, &'static str)> {
		let assignment = match self.entries.get(&ticket) {
			Some(entry) => &entry.assignment,
			None => return Err((FailCode::EngineError, "not assigned")),
		};
		let Generated { output, transcript, usage, template_tokens, .. } = generated;
		// The next block is the first that can carry the proof.
		let elapsed = self.best.saturating_add(1).saturating_sub(assignment.assigned_at);
		let bounds = UsageBounds::new(template_tokens, &assignment.params, assignment.input_len, elapsed);
		if output.is_empty() || (bounds.output_tokens > 0 && usage.output_tokens == 0) {
			return Err((FailCode::EmptyOutput, "the answer is empty"));
		}
		if u32::try_from(output.len()).map_or(true, |len| len > bounds.output_bytes) {
			return Err((FailCode::EngineError, "the answer is longer than the chain takes"));
		}
		let usage = bounds.clamp(&usage);
		let payload = ProofPayload {
			genesis: self.genesis,
			job: ticket.job,
			attempt: ticket.attempt,
			work: assignment.work(),
			output_hash: payload_hash(&output),
			transcript_root: transcript::root(&transcript),
			usage,
		};
		let signature = self.signer.sign(&payload.signing_hash()).into();
		Ok(Answer { output, transcript, proof: Proof { transcript_root: payload.transcript_root, usage, signature } })
	}
}

fn log(ticket: Ticket, step: Step, detail: String) -> Action {
	Action::Log { ticket, step, detail }
}

/// Blocks to wait before try number `tries + 1`: doubling up to a bound, spread by the attempt's own number so that
/// many answers dropped together do not come back together.
fn backoff(ticket: Ticket, tries: u32) -> BlockNumber {
	let base = 1u32.checked_shl(tries.saturating_sub(1)).unwrap_or(MAX_BACKOFF).min(MAX_BACKOFF);
	let spread = payload_hash(&(ticket, tries).encode()).0[0];
	base + u32::from(spread) % base
}
