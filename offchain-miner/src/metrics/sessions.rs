//! Counters of streaming channels.

use millrace_client::session::wire::{RefusalCode, ToClient};
use millrace_primitives::RunningTotal;
use prometheus_client::{
	metrics::{counter::Counter, family::Family, gauge::Gauge},
	registry::Registry,
};

type One = [(&'static str, String); 1];

/// How an answer in a channel ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streamed {
	/// All of it was sent and paid.
	Whole,
	/// Its client wanted no more of it, and paid for what it got.
	Stopped,
	/// The engine failed, the deposit was used up, or the miner stops or closes the channel.
	Failed,
	/// The client went away or did not pay.
	Broken,
}

impl Streamed {
	const ALL: [Self; 4] = [Self::Whole, Self::Stopped, Self::Failed, Self::Broken];

	fn labels(self) -> One {
		let outcome = match self {
			Self::Whole => "whole",
			Self::Stopped => "stopped",
			Self::Failed => "failed",
			Self::Broken => "broken",
		};
		[("outcome", outcome.into())]
	}
}

fn refusal(code: RefusalCode) -> One {
	[("code", format!("{code:?}"))]
}

/// Counters of streaming channels. Clones count together.
#[derive(Clone, Default)]
pub struct Sessions {
	answers: Family<One, Counter>,
	input_tokens: Counter,
	output_tokens: Counter,
	earnings: Counter,
	late: Counter,
	refused: Family<One, Counter>,
	open: Gauge,
}

/// A session that is open as long as this is there.
pub struct OpenSession(Gauge);

impl Drop for OpenSession {
	fn drop(&mut self) {
		self.0.dec();
	}
}

impl Sessions {
	pub(super) fn register(registry: &mut Registry) -> Self {
		let sessions = Self::default();
		// A series that appears with its first event hides that event from `rate`.
		for streamed in Streamed::ALL {
			drop(sessions.answers.get_or_create(&streamed.labels()));
		}
		for code in RefusalCode::ALL {
			drop(sessions.refused.get_or_create(&refusal(code)));
		}
		registry.register(
			"session_answers",
			"Answers in channels that are over, by how they ended",
			sessions.answers.clone(),
		);
		let tokens = "that vouchers were signed for in channels";
		registry.register("session_input_tokens", format!("Tokens of prompts {tokens}"), sessions.input_tokens.clone());
		registry.register(
			"session_output_tokens",
			format!("Tokens of answers {tokens}"),
			sessions.output_tokens.clone(),
		);
		registry.register(
			"session_earnings_plancks",
			"What vouchers were signed for, in plancks; the chain pays it when a channel is settled",
			sessions.earnings.clone(),
		);
		registry.register("session_vouchers_late", "Vouchers that did not come in time", sessions.late.clone());
		registry.register("session_refusals", "What clients were refused, by code", sessions.refused.clone());
		registry.register("sessions_open", "Clients that are connected to a channel", sessions.open.clone());
		sessions
	}

	/// An answer is over.
	pub fn answered(&self, streamed: Streamed) {
		self.answers.get_or_create(&streamed.labels()).inc();
	}

	/// A voucher was signed for more than before. The counter of plancks stops at `u64::MAX`.
	pub fn paid(&self, before: &RunningTotal, now: &RunningTotal) {
		self.input_tokens.inc_by(now.input_tokens.saturating_sub(before.input_tokens));
		self.output_tokens.inc_by(now.output_tokens.saturating_sub(before.output_tokens));
		let room = u64::MAX - self.earnings.get();
		let fee = now.fee.saturating_sub(before.fee);
		self.earnings.inc_by(u64::try_from(fee).unwrap_or(u64::MAX).min(room));
	}

	/// A voucher did not come in time.
	pub fn late(&self) {
		self.late.inc();
	}

	/// Something was said to a client; refusals count.
	pub fn said(&self, message: &ToClient) {
		if let ToClient::Refused { code, .. } = message {
			self.refused.get_or_create(&refusal(*code)).inc();
		}
	}

	/// A client's session begins.
	pub fn open(&self) -> OpenSession {
		self.open.inc();
		OpenSession(self.open.clone())
	}
}
