//! One job from its transaction to its end.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use millrace_client::{calls, Error, InBlock, JobRequest, JobUpdate, Signed};
use millrace_primitives::{BlockNumber, FailCode, Fault, JobId, Usage};
use serde_json::{json, Value};
use tokio::{
	sync::watch,
	time::{sleep, Instant},
};

use super::{Desk, Kept, Progress, Step};
use crate::{
	answer::{Answer, End, Finish, NoAnswer, Source},
	store::Ended,
};

/// Pause before a job is looked for again when the node was away.
const PAUSE: Duration = Duration::from_secs(5);

/// Where to begin.
pub enum Start {
	/// It is not posted yet.
	Post(JobRequest),
	/// It was signed, and perhaps sent, by an earlier process.
	Resume(Signed),
	/// It has a number.
	Follow(JobId, BlockNumber),
}

type Sender = watch::Sender<Progress>;

fn step(sender: &Sender, name: &'static str, data: Value) {
	sender.send_modify(|progress| progress.steps.push(Step { name, data }));
}

impl Desk {
	/// Sees a job through in a task of its own; what comes of it goes to the store and to the receiver.
	pub(super) fn drive(self: &Arc<Self>, seq: i64, start: Start, kept: Option<Kept>) -> watch::Receiver<Progress> {
		let (sender, receiver) = watch::channel(Progress::default());
		self.live.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(seq, receiver.clone());
		let desk = self.clone();
		tokio::spawn(async move {
			desk.metrics.under_way.inc();
			let began = Instant::now();
			let result = desk.see_through(seq, start, &sender).await;
			desk.settle(seq, &result, began);
			if let (Some(kept), Ok(answer)) = (&kept, &result) {
				kept.allowance.used(&answer.end.usage);
			}
			drop(kept);
			sender.send_modify(|progress| {
				progress.end.get_or_insert(result);
			});
			desk.metrics.under_way.dec();
			desk.live.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&seq);
		});
		receiver
	}

	/// Ends a job that never was one.
	pub(super) fn give_up(&self, seq: i64, outcome: &str, reason: &str) {
		let (outcome, reason) = (outcome.to_owned(), Some(reason.to_owned()));
		self.note_end(seq, &Ended { outcome, reason, usage: Usage::default(), fee: 0 });
	}

	async fn see_through(&self, seq: i64, start: Start, sender: &Sender) -> Result<Answer, NoAnswer> {
		let (job, block, limit) = match start {
			Start::Follow(job, block) => (job, block, None),
			Start::Post(request) => {
				let limit = request.params.workload.max_output_tokens();
				let (job, block) = self.posted(seq, self.post(seq, request, sender).await?)?;
				(job, block, Some(limit))
			}
			Start::Resume(signed) => {
				sender.send_modify(|progress| progress.transaction = Some(signed.hash));
				let (job, block) = self.posted(seq, self.submitter.resume(signed).in_block().await?)?;
				(job, block, None)
			}
		};
		sender.send_modify(|progress| progress.posted = Some((job, block)));
		loop {
			let error = match self.follow(job, block, limit, sender).await {
				Err(NoAnswer::Chain(error)) if !matches!(*error, Error::UnknownJob(_)) => error,
				done => return done,
			};
			// Who waits is told; the job goes on, and so does its account.
			tracing::warn!(job, %error, event = %"lost_sight", "the job can't be followed; it is looked for again");
			sender.send_modify(|progress| {
				progress.end.get_or_insert(Err(NoAnswer::Chain(error)));
			});
			sleep(PAUSE).await;
		}
	}

	async fn post(&self, seq: i64, request: JobRequest, sender: &Sender) -> Result<InBlock, Error> {
		let JobRequest { model, input, params, max_fee, miner } = request;
		let mut noted = None;
		let note = |signed: &Signed| {
			self.store.note_signed(seq, signed).map_err(|error| Error::NotNoted(error.to_string()))?;
			sender.send_modify(|progress| progress.transaction = Some(signed.hash));
			noted = Some(signed.clone());
			Ok(())
		};
		let posted = self.submitter.submit_noted(calls::submit(model, input, params, max_fee, miner), note).await;
		match (posted, noted) {
			// It may have reached the node.
			(Err(error), Some(signed)) if error.is_connection() => self.submitter.resume(signed).in_block().await,
			(posted, _) => posted,
		}
	}

	fn posted(&self, seq: i64, submitted: InBlock) -> Result<(JobId, BlockNumber), Error> {
		let job = submitted
			.submitted_job()
			.ok_or_else(|| Error::Incompatible("a submission without a Submitted event".into()))?;
		if let Err(error) = self.store.note_posted(seq, job, submitted.number) {
			// The transaction is noted, by which the next start finds the job.
			tracing::error!(number = seq, job, %error, "the number of a job can't be noted");
		}
		tracing::info!(job, event = %"submitted", "a job for an answer");
		Ok((job, submitted.number))
	}

	/// `limit`: the most tokens of the answer, if it is still known.
	async fn follow(
		&self,
		job: JobId,
		from: BlockNumber,
		limit: Option<u32>,
		sender: &Sender,
	) -> Result<Answer, NoAnswer> {
		let mut updates = self.client.follow(job, from);
		let (mut usage, mut reason) = (Usage::default(), None);
		while let Some(update) = updates.next().await {
			let update = update?;
			step(sender, name(&update), describe(&update));
			match update {
				JobUpdate::Completed { usage: took, .. } => usage = took,
				JobUpdate::AttemptFailed { code } => reason = code,
				JobUpdate::Settled { fee, output: Some(output), .. } => {
					if usage == Usage::default() {
						// The proof was in a block that nobody read.
						usage = self.client.receipt(job).await?.map(|receipt| receipt.usage).unwrap_or_default();
					}
					let full = limit.is_some_and(|limit| limit > 0 && usage.output_tokens >= limit);
					let finish = if full { Finish::Length } else { Finish::Stop };
					let end = End { source: Source::Job(job), usage, fee, finish };
					return Ok(Answer { output, tokens: Vec::new(), calls: Vec::new(), end });
				}
				JobUpdate::Settled { output: None, fee, .. } => return Err(NoAnswer::Pruned { job, fee }),
				JobUpdate::Failed => {
					return Err(match reason {
						Some(code) if code.fault() == Fault::Client => NoAnswer::BadRequest(code),
						reason => NoAnswer::Failed(reason),
					})
				}
				JobUpdate::Expired => return Err(NoAnswer::Expired),
				JobUpdate::Cancelled => return Err(NoAnswer::Cancelled),
				JobUpdate::Submitted { .. } | JobUpdate::Queued | JobUpdate::Assigned { .. } => {}
			}
		}
		Err(Error::Connection(format!("the updates of job {job} ended; it goes on without us")).into())
	}

	fn settle(&self, seq: i64, result: &Result<Answer, NoAnswer>, began: Instant) {
		let ended = match result {
			Ok(Answer { end, .. }) => {
				self.metrics.answered(end, began.elapsed());
				Ended { outcome: "settled".into(), reason: None, usage: end.usage, fee: end.fee }
			}
			Err(NoAnswer::Pruned { fee, .. }) => {
				let reason = Some("the answer was pruned before it was read".into());
				Ended { fee: *fee, ..unpaid("settled", reason) }
			}
			Err(NoAnswer::BadRequest(code) | NoAnswer::Failed(Some(code))) => unpaid("failed", Some(code_name(*code))),
			Err(NoAnswer::Failed(None)) => unpaid("failed", Some("silence".into())),
			Err(NoAnswer::Expired) => unpaid("expired", None),
			Err(NoAnswer::Cancelled) => unpaid("cancelled", None),
			Err(NoAnswer::Chain(error)) if matches!(**error, Error::Dispatch { .. } | Error::InsufficientFunds) => {
				unpaid("refused", Some(error.to_string()))
			}
			Err(NoAnswer::Chain(error)) => unpaid("lost", Some(error.to_string())),
			Err(NoAnswer::Store(error)) => unpaid("lost", Some(error.clone())),
			Err(
				NoAnswer::OverBudget(_)
				| NoAnswer::Busy
				| NoAnswer::Broken(_)
				| NoAnswer::Seeded
				| NoAnswer::Unrecorded
				| NoAnswer::TooManyTokens { .. }
				| NoAnswer::OneOf { .. },
			) => unpaid("refused", None),
		};
		self.note_end(seq, &ended);
	}

	fn note_end(&self, seq: i64, ended: &Ended) {
		tracing::info!(number = seq, outcome = %ended.outcome, event = %"ended", "a job has ended");
		self.metrics.ended(&ended.outcome);
		if let Err(error) = self.store.end_job(seq, ended) {
			// It is open in the records, so that the next start looks again.
			tracing::error!(number = seq, %error, "the end of a job can't be noted");
		}
	}
}

fn unpaid(outcome: &str, reason: Option<String>) -> Ended {
	Ended { outcome: outcome.into(), reason, usage: Usage::default(), fee: 0 }
}

fn code_name(code: FailCode) -> String {
	format!("{code:?}")
}

fn name(update: &JobUpdate) -> &'static str {
	match update {
		JobUpdate::Submitted { .. } => "submitted",
		JobUpdate::Queued => "queued",
		JobUpdate::Assigned { .. } => "assigned",
		JobUpdate::AttemptFailed { .. } => "attempt_failed",
		JobUpdate::Completed { .. } => "completed",
		JobUpdate::Settled { .. } => "settled",
		JobUpdate::Failed => "failed",
		JobUpdate::Expired => "expired",
		JobUpdate::Cancelled => "cancelled",
	}
}

fn describe(update: &JobUpdate) -> Value {
	match update {
		JobUpdate::Submitted { block } => json!({ "block": block.number }),
		JobUpdate::Assigned { attempt, owner, rate, deadline, block, .. } => json!({
			"block": block.number,
			"attempt": attempt,
			"miner": owner.to_string(),
			"rate": rate_json(*rate),
			"deadline": deadline,
		}),
		JobUpdate::AttemptFailed { code } => json!({ "code": code.map(code_name) }),
		JobUpdate::Completed { usage, output_hash, block, .. } => json!({
			"block": block.number,
			"usage": usage_json(usage),
			"output_hash": format!("{output_hash:?}"),
		}),
		JobUpdate::Settled { fee, refund, block, .. } => json!({
			"block": block.number,
			"fee": fee.to_string(),
			"refund": refund.map(|refund| refund.to_string()),
		}),
		JobUpdate::Queued | JobUpdate::Failed | JobUpdate::Expired | JobUpdate::Cancelled => json!({}),
	}
}

/// What an answer took, as JSON.
pub fn usage_json(usage: &Usage) -> Value {
	json!({ "input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens, "gpu_ms": usage.gpu_ms })
}

/// A price, as JSON: plancks are text.
pub fn rate_json(rate: millrace_primitives::Rate) -> Value {
	match rate {
		millrace_primitives::Rate::PerToken { input, output } => {
			json!({ "per_token": { "input": input.to_string(), "output": output.to_string() } })
		}
		millrace_primitives::Rate::PerGpuSecond(price) => json!({ "per_gpu_second": price.to_string() }),
	}
}
