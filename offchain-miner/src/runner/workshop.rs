//! What an inference is made with, from the chain's record of a job to its answer.

use std::{
	collections::HashMap,
	sync::{Arc, Mutex},
	time::{Duration, Instant},
};

use millrace_primitives::{job::payload_hash, FailCode, ModelId, Usage, Workload, H256, MILLISECS_PER_BLOCK};
use tokio::{sync::mpsc::Sender, time::error::Elapsed};
use tokio_util::sync::CancellationToken;

use super::SharedStatus;
use crate::{
	bench,
	chain::{Chain, ChainError, ModelInfo},
	core::{Assignment, Event, Generated, Ticket, DEADLINE_MARGIN},
	engines::{
		several::{Engines, Remedy},
		sink::Sink,
		EngineError, Generation, Order,
	},
	metrics::{Ending, Metrics},
	pause::Pause,
	task::{self, TaskJob, TaskLimits, TaskOutcome},
};

/// A failed inference is tried again at most this often.
const RETRIES: u32 = 3;

/// What was paid is looked up at most this often, which takes some minutes.
const LOOKUPS: u32 = 30;

/// Everything that an inference uses.
pub(super) struct Workshop {
	pub chain: Arc<dyn Chain>,
	pub engines: Engines,
	pub tasks: Option<Arc<task::Runner>>,
	pub status: SharedStatus,
	pub metrics: Arc<Metrics>,
	/// A registered model's digest and bounds never change.
	pub models: Mutex<HashMap<ModelId, ModelInfo>>,
	pub events: Sender<Event>,
}

impl Workshop {
	/// Tells the core what became of a transaction.
	pub async fn report(&self, ticket: Ticket, sent: Result<Result<u32, ChainError>, Elapsed>) {
		let event = match sent {
			Ok(Ok(number)) => Event::TxIncluded { ticket, number },
			Ok(Err(ChainError::Refused(error))) => Event::TxFailed { ticket, error },
			Ok(Err(ChainError::Unavailable(error))) => Event::TxDropped { ticket, error },
			Err(_) => Event::TxDropped { ticket, error: "in no block in time".into() },
		};
		// When the runner has ended, nobody needs to know.
		let _ = self.events.send(event).await;
	}

	/// Makes an inference and tells the core how it ended; one that is cancelled tells nothing.
	pub async fn infer(&self, run: u64, assignment: Assignment, cancel: CancellationToken) {
		let ticket = assignment.ticket;
		let event = tokio::select! {
			biased;
			() = cancel.cancelled() => return,
			result = self.work(&assignment, cancel.clone()) => match result {
				Ok(generated) => Event::EngineFinished { ticket, run, generated },
				Err(EngineError { code, message }) => Event::EngineFailed { ticket, run, code, message },
			},
		};
		let _ = self.events.send(event).await;
	}

	async fn work(&self, assignment: &Assignment, cancel: CancellationToken) -> Result<Generated, EngineError> {
		let (model, input) = self.ingredients(assignment).await;
		let (workload, seed) = (&assignment.params.workload, assignment.seed);
		let order = Order::new(workload, model.digest, model.context_length, input.clone(), seed);
		let (generation, took) = match order {
			Some(order) => self.try_engines(assignment, &order, &cancel).await?,
			None => self.own_work(assignment, &model, input, &cancel).await?,
		};
		let Generation { output, transcript, usage, .. } = generation;
		Ok(Generated { output, transcript, usage, template_tokens: model.template_tokens, took })
	}

	/// What needs no engine.
	async fn own_work(
		&self,
		assignment: &Assignment,
		model: &ModelInfo,
		input: Vec<u8>,
		cancel: &CancellationToken,
	) -> Result<(Generation, Duration), EngineError> {
		let (engine, generation) = match assignment.params.workload {
			Workload::Bench { size, rounds } => {
				("bench", bench::answer(model.digest, assignment.input_hash, size, rounds, cancel).await?)
			}
			Workload::Task { max_output_bytes, max_seconds } => {
				let limits = TaskLimits { time: Duration::from_secs(max_seconds.into()), max_output_bytes };
				("task", self.run_task(assignment.ticket, model.digest, input, limits, cancel).await?)
			}
			_ => return Err(EngineError::engine("this work needs an engine")),
		};
		let took = Duration::from_millis(generation.usage.gpu_ms.into());
		self.metrics.work().answered(&generation.usage, took);
		let Ticket { job, attempt } = assignment.ticket;
		tracing::info!(job, attempt, event = %"answered", engine, total_ms = generation.usage.gpu_ms);
		Ok((generation, took))
	}

	/// Runs one of the owner's programs. What it is paid for is how long that ran.
	async fn run_task(
		&self,
		Ticket { job, attempt }: Ticket,
		definition: H256,
		document: Vec<u8>,
		limits: TaskLimits,
		cancel: &CancellationToken,
	) -> Result<Generation, EngineError> {
		let Some(tasks) = &self.tasks else {
			return Err(EngineError::new(FailCode::Denied, "this miner runs no tasks"));
		};
		let most = limits.time;
		let asked = TaskJob { job, attempt, definition, document, limits };
		let TaskOutcome { manifest, took } = tasks.run(asked, cancel.clone()).await?;
		let gpu_ms = u32::try_from(took.min(most).as_millis()).unwrap_or(u32::MAX);
		let usage = Usage { input_tokens: 0, output_tokens: 0, gpu_ms };
		Ok(Generation { output: manifest, transcript: Vec::new(), usage, times: None })
	}

	/// Makes the inference, again if it failed in a way that may pass. Tells how long the try took that succeeded.
	async fn try_engines(
		&self,
		assignment: &Assignment,
		order: &Order,
		cancel: &CancellationToken,
	) -> Result<(Generation, Duration), EngineError> {
		let Ticket { job, attempt } = assignment.ticket;
		let mut pause = Pause::default();
		let mut again = 1;
		loop {
			let began = Instant::now();
			let passed = |engine: &'static str, error: &EngineError| {
				tracing::warn!(job, attempt, event = %"passed_over", engine, %error);
			};
			let error = match self.engines.work(order, &Sink::none(), cancel, passed).await {
				Ok((engine, generation)) => {
					let took = began.elapsed();
					self.metrics.work().answered(&generation.usage, took);
					let times = generation.times.unwrap_or_default();
					let [total_ms, load_ms, prompt_ms, answer_ms] =
						[times.total, times.load, times.prompt, times.answer].map(|time| time.as_millis());
					tracing::info!(
						job, attempt, event = %"answered", engine, total_ms, load_ms, prompt_ms, answer_ms
					);
					return Ok((generation, took));
				}
				Err(error) => error,
			};
			let wait = pause.next_span();
			let hopeful = Remedy::of(error.code) == Remedy::Again && again <= RETRIES;
			if !hopeful || !self.fits(assignment, wait + began.elapsed()) {
				return Err(error);
			}
			let wait_ms = wait.as_millis();
			tracing::warn!(job, attempt, event = %"again", again, wait_ms, %error, "the inference is tried again");
			tokio::time::sleep(wait).await;
			again += 1;
		}
	}

	/// Counts what the chain paid for an answer whose job is over.
	pub async fn look_up_pay(&self, ticket: Ticket) {
		let Ticket { job, attempt } = ticket;
		let (mut pause, mut ending) = (Pause::default(), Ending::Unknown);
		for _ in 0..LOOKUPS {
			match self.chain.paid(ticket).await {
				Ok(Some(fee)) => {
					tracing::info!(job, attempt, event = %"paid", %fee);
					self.metrics.work().earned(fee);
					ending = Ending::Paid;
					break;
				}
				Ok(None) => {
					tracing::warn!(job, attempt, event = %"unpaid", "the chain paid nothing for the answer");
					ending = Ending::Unpaid;
					break;
				}
				Err(error) => tracing::debug!(job, attempt, %error, "what was paid can't be read yet"),
			}
			pause.wait().await;
		}
		self.metrics.work().ended(ending);
	}

	/// Whether something that takes so long is over before the attempt is given up.
	fn fits(&self, assignment: &Assignment, took: Duration) -> bool {
		let best = self.status.lock().ok().and_then(|status| status.best).unwrap_or(assignment.assigned_at);
		let blocks = assignment.deadline.saturating_sub(DEADLINE_MARGIN).saturating_sub(best);
		took < Duration::from_millis(u64::from(blocks).saturating_mul(MILLISECS_PER_BLOCK))
	}

	/// What the chain holds for the job. Asked for until it is there: the node can be away, or on another fork, and
	/// the attempt's deadline ends the wait.
	async fn ingredients(&self, assignment: &Assignment) -> (ModelInfo, Vec<u8>) {
		let Ticket { job, attempt } = assignment.ticket;
		let mut pause = Pause::default();
		loop {
			match self.read(assignment).await {
				Ok(Some(found)) => return found,
				Ok(None) => tracing::debug!(job, attempt, "the input is not there yet"),
				Err(error) => tracing::debug!(job, attempt, %error, "the input can't be read yet"),
			}
			pause.wait().await;
		}
	}

	async fn read(&self, assignment: &Assignment) -> Result<Option<(ModelInfo, Vec<u8>)>, ChainError> {
		let known = self.models.lock().ok().and_then(|models| models.get(&assignment.model).copied());
		let model = match known {
			Some(model) => model,
			None => {
				let Some(model) = self.chain.model(assignment.model).await? else { return Ok(None) };
				if let Ok(mut models) = self.models.lock() {
					models.insert(assignment.model, model);
				}
				model
			}
		};
		let input = self.chain.input(assignment.ticket.job).await?;
		Ok(input.filter(|bytes| payload_hash(bytes) == assignment.input_hash).map(|input| (model, input)))
	}
}
