//! Follows attempts through the core's events and actions, and counts what becomes of them.

use std::{
	collections::BTreeMap,
	sync::Arc,
	time::{Duration, Instant},
};

use millrace_primitives::FailCode;

use super::{work::Ending, Metrics};
use crate::core::{Action, Event, Row, RowState, Step, Ticket};

/// What is sent for an attempt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
	Proof,
	Fail(FailCode),
}

struct Attempt {
	seen: Instant,
	started: Option<Instant>,
	/// Of the engine that answered.
	took: Option<Duration>,
	sent: Option<Verdict>,
	included: bool,
}

/// All attempts that are not over.
pub struct Track {
	metrics: Arc<Metrics>,
	attempts: BTreeMap<Ticket, Attempt>,
}

impl Track {
	/// None yet.
	pub fn new(metrics: Arc<Metrics>) -> Self {
		Self { metrics, attempts: BTreeMap::new() }
	}

	/// The journal's rows at the start. How long they took is not known any more.
	pub fn recover(&mut self, rows: &[Row], now: Instant) {
		for row in rows {
			let sent = match &row.state {
				RowState::Finished(_) | RowState::Submitted(_) => Verdict::Proof,
				RowState::Failing { code, .. } => Verdict::Fail(*code),
				RowState::Assigned | RowState::Running => continue,
			};
			self.attempt(row.assignment.ticket, now).sent = Some(sent);
		}
	}

	/// Before the core takes the event.
	pub fn event(&mut self, event: &Event, now: Instant) {
		match event {
			Event::EngineFinished { ticket, generated, .. } => {
				if let Some(attempt) = self.attempts.get_mut(ticket) {
					attempt.took = Some(generated.took);
				}
			}
			Event::TxIncluded { ticket, .. } => self.included(*ticket, now),
			_ => {}
		}
	}

	fn included(&mut self, ticket: Ticket, now: Instant) {
		let Some(attempt) = self.attempts.get_mut(&ticket) else { return };
		// After a reorganisation the same proof is included again.
		if std::mem::replace(&mut attempt.included, true) || attempt.sent != Some(Verdict::Proof) {
			return;
		}
		if let (Some(started), Some(took)) = (attempt.started, attempt.took) {
			self.metrics.work().dead(now.saturating_duration_since(started).saturating_sub(took));
		}
	}

	/// What the core decided. Returns the answered attempts that are over, whose pay is to be looked up.
	pub fn actions(&mut self, actions: &[Action], now: Instant) -> Vec<Ticket> {
		let mut answered = Vec::new();
		for action in actions {
			match action {
				Action::Log { ticket, step: Step::Assigned, .. } => {
					self.attempt(*ticket, now);
				}
				Action::Log { ticket, step: Step::Gone, .. } => self.gone(*ticket),
				Action::Start { assignment, .. } => {
					let attempt = self.attempt(assignment.ticket, now);
					attempt.started = Some(now);
					let waited = now.saturating_duration_since(attempt.seen);
					self.metrics.work().waited(waited);
				}
				Action::SubmitProof { ticket, .. } => self.sent(*ticket, Verdict::Proof, now),
				Action::SubmitFail { ticket, code } => self.sent(*ticket, Verdict::Fail(*code), now),
				Action::Forget(ticket) => match self.attempts.remove(ticket).and_then(|attempt| attempt.sent) {
					Some(Verdict::Proof) => answered.push(*ticket),
					Some(Verdict::Fail(code)) => self.metrics.work().ended(Ending::Failed(code)),
					None => {}
				},
				_ => {}
			}
		}
		answered
	}

	fn gone(&mut self, ticket: Ticket) {
		if self.attempts.remove(&ticket).is_some() {
			self.metrics.work().ended(Ending::Gone);
		}
	}

	fn sent(&mut self, ticket: Ticket, verdict: Verdict, now: Instant) {
		if self.attempt(ticket, now).sent.replace(verdict) == Some(verdict) {
			self.metrics.work().resubmitted();
		}
	}

	fn attempt(&mut self, ticket: Ticket, now: Instant) -> &mut Attempt {
		let new = Attempt { seen: now, started: None, took: None, sent: None, included: false };
		self.attempts.entry(ticket).or_insert(new)
	}
}
