//! One answer, from the lane that was found for it to its end.

use std::time::{Duration, Instant};

use millrace_client::session::{store::StoreError, wire::RefusalCode, Fault, Session, SessionError};
use millrace_primitives::{Balance, Fault as AtFault, RunningTotal, Usage};
use rand::RngCore;
use tokio::sync::mpsc::Sender;

use super::{
	group::{Group, Item, Seen},
	lane::{Held, Lane},
	Channels,
};
use crate::{
	access::Caller,
	answer::{Backend, Delta, End, Finish, NoAnswer, Order, Source},
};

use futures::{stream, StreamExt};

/// Lanes that are tried for one answer before it becomes a job.
const TRIES: u32 = 3;

/// So long a channel is left to another gateway that has an answer in it.
const WHILE_BUSY: Duration = Duration::from_secs(1);

/// So long a channel is left to another gateway that has it and the same records.
const WHILE_IN_USE: Duration = Duration::from_secs(60);

/// Where an answer goes.
pub(super) type Pieces = Sender<Result<Delta, NoAnswer>>;

/// What an answer took up to some point.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
	usage: Usage,
	fee: Balance,
}

/// Why a lane gave no whole answer.
enum Broken {
	/// Nothing of it was passed on: another lane may try.
	Before(SessionError),
	/// It breaks off.
	Amid(SessionError, Taken),
	/// Nobody wants it any more.
	Unwanted(Taken),
	/// Nothing was asked: our own records can't be written.
	Unnoted(String),
}

impl Channels {
	/// Answers, in this lane or another one or by a job.
	pub(super) async fn see_through(&self, group: &Group, mut item: Item, mut held: Option<Held>) -> Seen {
		let began = Instant::now();
		let allowance = item.order.allowance.clone();
		let end = |outcome, reason: Option<String>, taken: Taken| {
			self.end(outcome, reason.as_deref(), taken.fee);
			allowance.used(&taken.usage);
		};
		let mut tries = 0;
		while let Some(mut lane) = held.take() {
			tries += 1;
			let error = match self.stream(&group.caller, &mut lane, &item.order, &item.pieces).await {
				Ok(whole) => {
					self.metrics.answered(&whole, began.elapsed());
					end("streamed", None, Taken { usage: whole.usage, fee: whole.fee });
					return Seen::Ended(Some(lane), item.last(Ok(Delta::End(whole))));
				}
				Err(Broken::Unwanted(taken)) => {
					end("stopped", Some("nobody waited for it any more".into()), taken);
					return Seen::Ended(Some(lane), None);
				}
				Err(Broken::Amid(error, taken)) => {
					end("broken", Some(error.to_string()), taken);
					self.blame(&mut lane, &error).await;
					return Seen::Ended(None, item.last(Err(NoAnswer::Broken(error.to_string()))));
				}
				Err(Broken::Unnoted(error)) => {
					end("failed", Some(error.clone()), Taken::default());
					return Seen::Ended(Some(lane), item.last(Err(NoAnswer::Store(error))));
				}
				Err(Broken::Before(error)) => error,
			};
			if let SessionError::Failed { code, .. } = &error {
				if code.fault() == AtFault::Client {
					end("failed", Some(format!("{code:?}")), Taken::default());
					return Seen::Ended(Some(lane), item.last(Err(NoAnswer::BadRequest(*code))));
				}
			}
			if matches!(error, SessionError::Refused { code: RefusalCode::NoSlot, .. }) {
				item = match group.leave(item) {
					Some(item) => item,
					None => return Seen::Left,
				};
			}
			tracing::info!(channel = lane.lane.id, %error, event = %"retry", "no answer from this miner; another one is asked");
			self.blame(&mut lane, &error).await;
			drop(lane);
			if tries < TRIES {
				held = self.hold(&item.order.request).await.unwrap_or_default();
			}
		}
		self.end("moved", Some("no channel answered; it becomes a job"), 0);
		let (order, pieces) = item.into_order();
		match self.jobs.answers(&group.caller, vec![order]).await {
			Ok(all) => {
				let mut deltas = stream::iter(all).flatten();
				while let Some(delta) = deltas.next().await {
					if pieces.send(delta).await.is_err() {
						break;
					}
				}
			}
			Err(error) => {
				let _ = pieces.send(Err(error)).await;
			}
		}
		Seen::Ended(None, None)
	}

	/// Accounts for an answer that nobody waited for before it began.
	pub(super) fn never_begun(&self) {
		self.metrics.ended("stopped");
	}

	/// Answers in this lane, and charges the caller's key whatever is signed for.
	async fn stream(&self, caller: &Caller, held: &mut Held, order: &Order, pieces: &Pieces) -> Result<End, Broken> {
		let (lane, most) = (held.lane.clone(), order.request.max_fee);
		let session = held.session(&self.client, &self.signer, &self.settings.folder).await.map_err(Broken::Before)?;
		let left = session.terms().deposit.saturating_sub(session.total().fee);
		if left < most {
			self.top_up(&lane).await.map_err(|error| Broken::Before(error.into()))?;
			session.refresh(&self.client).await.map_err(Broken::Before)?;
		}
		let noted = self.store.begin_answer(lane.id, caller.id(), session.total().fee, most);
		noted.map_err(|error| Broken::Unnoted(error.to_string()))?;
		let done = self.pass_on(&lane, session, order, pieces).await;
		let total = session.total().fee;
		if let Err(error) = self.store.end_answer(lane.id, caller.id(), total) {
			tracing::error!(key = caller.id(), channel = lane.id, total, %error, "what an answer cost can't be noted yet");
		}
		done
	}

	async fn pass_on(&self, lane: &Lane, session: &mut Session, order: &Order, pieces: &Pieces) -> Result<End, Broken> {
		let (request, before) = (&order.request, session.total());
		let seed = order.seed.unwrap_or_else(|| rand::rngs::OsRng.next_u64());
		let asked = Instant::now();
		let mut answer =
			session.ask(request.params.workload, seed, request.input.clone()).await.map_err(Broken::Before)?;
		let mut taken = Taken::default();
		let mut passed_on = false;
		loop {
			let delta = tokio::select! {
				delta = answer.next() => delta,
				() = pieces.closed() => return Err(Broken::Unwanted(stop(answer, before, taken).await)),
				() = order.enough.cancelled() => {
					let Taken { usage, fee } = stop(answer, before, taken).await;
					return Ok(End { source: Source::Channel(lane.id), usage, fee, finish: Finish::Stop });
				}
			};
			let delta = match delta {
				Ok(Some(delta)) => delta,
				Ok(None) => return Err(Broken::Amid(SessionError::Ended, taken)),
				Err(error) if passed_on => return Err(Broken::Amid(error, taken)),
				Err(error) => return Err(Broken::Before(error)),
			};
			taken = since(&before, &delta.total);
			if order.logprobs && !delta.entries.is_empty() {
				if !passed_on {
					self.standings.began(&lane.miner, asked.elapsed());
				}
				passed_on = true;
				if pieces.send(Ok(Delta::Tokens(delta.entries))).await.is_err() {
					return Err(Broken::Unwanted(stop(answer, before, taken).await));
				}
			}
			if !delta.text.is_empty() {
				if !passed_on {
					self.standings.began(&lane.miner, asked.elapsed());
				}
				passed_on = true;
				if pieces.send(Ok(Delta::Piece(delta.text.into_bytes()))).await.is_err() {
					return Err(Broken::Unwanted(stop(answer, before, taken).await));
				}
			}
			let limit = request.params.workload.max_output_tokens();
			if delta.last {
				let full = limit > 0 && taken.usage.output_tokens >= limit;
				let finish = if full { Finish::Length } else { Finish::Stop };
				return Ok(End { source: Source::Channel(lane.id), usage: taken.usage, fee: taken.fee, finish });
			}
			// A rate per second knows no limit of its own.
			if taken.fee >= request.max_fee {
				let Taken { usage, fee } = stop(answer, before, taken).await;
				return Ok(End { source: Source::Channel(lane.id), usage, fee, finish: Finish::Length });
			}
		}
	}

	/// What follows for the lane and its miner.
	async fn blame(&self, held: &mut Held, error: &SessionError) {
		// After a refusal our number is ahead of the miner's, so that another gateway's answer could come in between unseen.
		if !matches!(error, SessionError::Failed { .. }) {
			held.hang_up();
		}
		match error {
			SessionError::Refused { code: RefusalCode::NoSlot, .. } => self.standings.full(&held.lane.miner),
			// Another gateway of this account uses the channel, or has used it.
			SessionError::Refused { code: RefusalCode::Busy, .. } => held.lane.rest(WHILE_BUSY),
			SessionError::Refused { code: RefusalCode::UsedNumber, .. } => {}
			SessionError::Store(StoreError::InUse { .. }) => held.lane.rest(WHILE_IN_USE),
			SessionError::UnknownChannel(_) | SessionError::NotOpen(_) | SessionError::WrongKey(_) => {
				held.lane.give_up()
			}
			SessionError::Dishonest(fault) => {
				held.lane.give_up();
				self.standings.failed(&held.lane.miner);
				if let Fault::Equivocation { first, second } = fault {
					self.report(&held.lane, (**first).clone(), (**second).clone()).await;
				}
			}
			SessionError::Chain(_) | SessionError::Store(_) => {}
			_ => self.standings.failed(&held.lane.miner),
		}
	}

	fn end(&self, outcome: &'static str, reason: Option<&str>, fee: Balance) {
		self.metrics.ended(outcome);
		if let Some(reason) = reason {
			tracing::info!(outcome, reason, fee, event = %"cut_short", "an answer in a channel has no whole end");
		}
	}
}

/// What was taken from one running total to another.
fn since(before: &RunningTotal, now: &RunningTotal) -> Taken {
	let count = |now: u64, before: u64| u32::try_from(now.saturating_sub(before)).unwrap_or(u32::MAX);
	let usage = Usage {
		input_tokens: count(now.input_tokens, before.input_tokens),
		output_tokens: count(now.output_tokens, before.output_tokens),
		gpu_ms: count(now.gpu_ms, before.gpu_ms),
	};
	Taken { usage, fee: now.fee.saturating_sub(before.fee) }
}

/// Has the miner stop, and pays for what it sent.
async fn stop(answer: millrace_client::session::Answer<'_>, before: RunningTotal, taken: Taken) -> Taken {
	match answer.stop().await {
		Ok(total) => since(&before, &total),
		Err(error) => {
			tracing::info!(%error, event = %"not_stopped", "a miner was not told to stop");
			taken
		}
	}
}
