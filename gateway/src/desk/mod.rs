//! Answers that are jobs on chain: each is noted, signed, noted again, posted, followed to its end and accounted for,
//! whether or not somebody still waits for it, and across restarts.

mod drive;

pub use drive::{rate_json, usage_json};

use std::{
	collections::HashMap,
	sync::{Arc, Mutex, PoisonError},
};

use futures::{future::BoxFuture, stream, StreamExt};
use millrace_client::{Client, JobRequest, Submitter};
use millrace_primitives::{BlockNumber, JobId, H256};
use serde_json::Value;
use tokio::sync::{watch, OwnedSemaphorePermit, Semaphore};

use crate::{
	access::Caller,
	answer::{Answer, Backend, Delta, Deltas, NoAnswer, Order},
	metrics::Metrics,
	rate::Allowance,
	store::{JobRow, NewJob, Store, Stored},
};

/// Posts jobs and sees them through.
pub struct Desk {
	client: Client,
	submitter: Submitter,
	store: Arc<Store>,
	metrics: Arc<Metrics>,
	/// What is under way, by the number in the store.
	live: Mutex<HashMap<i64, watch::Receiver<Progress>>>,
	slots: Arc<Semaphore>,
	log_prompts: bool,
}

/// Where a job stands.
#[derive(Clone, Debug, Default)]
pub struct Progress {
	/// The transaction that posts it, once it is signed.
	pub transaction: Option<H256>,
	/// Its number, and the block of its submission.
	pub posted: Option<(JobId, BlockNumber)>,
	/// What happened, in order.
	pub steps: Vec<Step>,
	/// Its end.
	pub end: Option<Result<Answer, NoAnswer>>,
}

/// Something that happened to a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
	/// What.
	pub name: &'static str,
	/// More of it.
	pub data: Value,
}

/// What a job under way holds on to.
struct Kept {
	/// One of the slots.
	_permit: OwnedSemaphorePermit,
	/// Its key's tokens.
	allowance: Allowance,
}

/// A job that was begun.
pub enum Begun {
	/// It is on its way.
	New(i64, watch::Receiver<Progress>),
	/// It was begun before, under the same name.
	Known(Box<JobRow>),
	/// Another one was begun before, under the same name.
	Other,
}

impl Desk {
	/// A job under way takes one of `slots`; with `log_prompts` the log has their inputs.
	pub fn new(
		client: Client,
		submitter: Submitter,
		store: Arc<Store>,
		metrics: Arc<Metrics>,
		slots: Arc<Semaphore>,
		log_prompts: bool,
	) -> Self {
		Self { client, submitter, store, metrics, live: Mutex::default(), slots, log_prompts }
	}

	/// The account that pays.
	pub fn submitter(&self) -> &Submitter {
		&self.submitter
	}

	/// Where a job stands that is under way.
	pub fn progress(&self, seq: i64) -> Option<watch::Receiver<Progress>> {
		self.live.lock().unwrap_or_else(PoisonError::into_inner).get(&seq).cloned()
	}

	/// Begins a job. With `idempotency`, the client's name for it and the hash of what it asks, at most once.
	///
	/// # Errors
	///
	/// Too much is under way, the key's budget does not reach, or nothing can be noted. Nothing was posted then.
	pub fn begin(
		self: &Arc<Self>,
		caller: &Caller,
		idempotency: Option<(&str, [u8; 32])>,
		order: Order,
	) -> Result<Begun, NoAnswer> {
		let permit = self.slots.clone().try_acquire_owned();
		let Order { model, request, allowance, .. } = order;
		let workload = request.params.workload.name();
		let (key, max_fee) = (caller.key.as_deref(), request.max_fee);
		let new = NewJob { key, idempotency, model: &model, workload, max_fee };
		// A repeated request takes no slot.
		let permit = match (permit, idempotency) {
			(Ok(permit), _) => Some(permit),
			(Err(_), Some(_)) => None,
			(Err(_), None) => return Err(NoAnswer::Busy),
		};
		let stored = self.store.begin_job(&new).map_err(|error| NoAnswer::Store(error.to_string()))?;
		match (stored, permit) {
			(Stored::Known(row), _) => Ok(Begun::Known(row)),
			(Stored::Other, _) => Ok(Begun::Other),
			(Stored::OverBudget(over), _) => Err(NoAnswer::OverBudget(over)),
			(Stored::New(seq), None) => {
				self.give_up(seq, "refused", "too many answers are under way");
				Err(NoAnswer::Busy)
			}
			(Stored::New(seq), Some(permit)) => {
				Ok(Begun::New(seq, self.post_new(seq, request, Kept { _permit: permit, allowance })))
			}
		}
	}

	/// Begins a job for each order, or none at all. They differ in their seeds alone, of which jobs know nothing.
	///
	/// # Errors
	///
	/// As [`Desk::begin`].
	fn begin_all(
		self: &Arc<Self>,
		caller: &Caller,
		orders: Vec<Order>,
	) -> Result<Vec<watch::Receiver<Progress>>, NoAnswer> {
		let Some(first) = orders.first() else { return Ok(Vec::new()) };
		let count = u32::try_from(orders.len()).unwrap_or(u32::MAX);
		let mut permits = self.slots.clone().try_acquire_many_owned(count).map_err(|_| NoAnswer::Busy)?;
		let JobRequest { params, max_fee, .. } = first.request;
		let (key, workload) = (caller.key.as_deref(), params.workload.name());
		let new = NewJob { key, idempotency: None, model: &first.model, workload, max_fee };
		let stored = self.store.begin_jobs(&new, count).map_err(|error| NoAnswer::Store(error.to_string()))?;
		let seqs = stored.map_err(NoAnswer::OverBudget)?;
		let mut begun = Vec::new();
		for (seq, Order { request, allowance, .. }) in seqs.into_iter().zip(orders) {
			let permit = permits.split(1).ok_or(NoAnswer::Busy)?;
			begun.push(self.post_new(seq, request, Kept { _permit: permit, allowance }));
		}
		Ok(begun)
	}

	fn post_new(self: &Arc<Self>, seq: i64, request: JobRequest, kept: Kept) -> watch::Receiver<Progress> {
		if self.log_prompts {
			let input = String::from_utf8_lossy(&request.input);
			tracing::info!(number = seq, %input, event = %"asked", "the input of a job");
		}
		self.drive(seq, drive::Start::Post(request), Some(kept))
	}

	/// Goes on with what an earlier process left. Call it once, before anything is begun.
	///
	/// # Errors
	///
	/// When the records can't be read.
	pub fn recover(self: &Arc<Self>) -> rusqlite::Result<usize> {
		let open = self.store.open_jobs()?;
		let count = open.len();
		for posting in open {
			let seq = posting.row.seq;
			match (posting.row.posted, posting.signed) {
				(Some((job, block)), _) => drop(self.drive(seq, drive::Start::Follow(job, block), None)),
				(None, Some(signed)) => drop(self.drive(seq, drive::Start::Resume(signed), None)),
				(None, None) => self.give_up(seq, "lost", "the gateway ended before it was signed"),
			}
		}
		Ok(count)
	}
}

/// [`Desk`] as a backend: an answer is one piece, at the end of its job.
pub struct JobBackend(pub Arc<Desk>);

impl Backend for JobBackend {
	fn answers<'a>(&'a self, caller: &'a Caller, orders: Vec<Order>) -> BoxFuture<'a, Result<Vec<Deltas>, NoAnswer>> {
		Box::pin(async move {
			if orders.iter().any(|order| order.seed.is_some()) {
				return Err(NoAnswer::Seeded);
			}
			if orders.iter().any(|order| order.logprobs) {
				return Err(NoAnswer::Unrecorded);
			}
			Ok(self.0.begin_all(caller, orders)?.into_iter().map(deltas).collect())
		})
	}
}

fn deltas(progress: watch::Receiver<Progress>) -> Deltas {
	let deltas = stream::once(async move {
		match ended(progress).await {
			Ok(Answer { output, end, .. }) => vec![Ok(Delta::Piece(output)), Ok(Delta::End(end))],
			Err(reason) => vec![Err(reason)],
		}
	});
	deltas.flat_map(stream::iter).boxed()
}

/// Waits for the end of a job.
///
/// # Errors
///
/// Why there is no answer.
pub async fn ended(mut progress: watch::Receiver<Progress>) -> Result<Answer, NoAnswer> {
	let gone = || NoAnswer::Store("the job was let go".into());
	let found = progress.wait_for(|progress| progress.end.is_some()).await.map_err(|_| gone())?;
	found.end.clone().unwrap_or_else(|| Err(gone()))
}
