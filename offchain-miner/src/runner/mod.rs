//! Carries out what the core decides.

#[cfg(test)]
mod tests;

use std::{
	collections::HashMap,
	sync::{Arc, Mutex},
	time::{Duration, Instant},
};

use anyhow::Context;
use millrace_primitives::{job::payload_hash, FailCode, ModelId, Usage, Workload, H256, MILLISECS_PER_BLOCK};
use tokio::{
	sync::{
		mpsc::{self, Receiver, Sender},
		watch as watch_value,
	},
	time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
	bench,
	chain::{Chain, ChainError, ModelInfo},
	config::Settings,
	core::{Action, Assignment, Bounds, Core, Counts, Event, Generated, Step, Ticket, DEADLINE_MARGIN},
	disk,
	engines::{
		several::{Engines, Remedy},
		sink::Sink,
		Engine, EngineError, Generation, Order,
	},
	journal::{Change, Journal, JournalError},
	metrics::{Ending, Metrics, Track, Vitals},
	pause::Pause,
	task::{self, TaskJob, TaskLimits, TaskOutcome},
	watch,
};

/// Events that are handled, and written to the journal, together.
const BATCH: usize = 64;

/// A transaction that is in no block after this time is sent again.
const INCLUSION: Duration = Duration::from_secs(30);

/// After a drain, so long may the last answers take to get into a block.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

/// How often closed rows of the journal are looked through.
const PRUNE: Duration = Duration::from_secs(60);

/// How often the free disk is looked at: another program can fill it within seconds.
const LOOK: Duration = Duration::from_secs(5);

/// A failed inference is tried again at most this often.
const RETRIES: u32 = 3;

/// What was paid is looked up at most this often, which takes some minutes.
const LOOKUPS: u32 = 30;

/// What others may know of the running miner.
#[derive(Clone, Debug, Default)]
pub struct Status {
	/// The last best block.
	pub best: Option<u32>,
	/// When it was read.
	pub read_at: Option<Instant>,
	/// The work.
	pub counts: Counts,
	/// When it was last another than before.
	pub best_at: Option<Instant>,
	/// Whether the miner is about to stop.
	pub draining: bool,
	/// The state of engines and GPUs.
	pub vitals: Vitals,
}

/// A [`Status`] that the runner keeps up to date.
pub type SharedStatus = Arc<Mutex<Status>>;

/// What work is done with.
pub struct Means {
	/// What runs models.
	pub engines: Vec<Arc<dyn Engine>>,
	/// What runs the owner's programs, where that is allowed.
	pub tasks: Option<Arc<task::Runner>>,
}

impl From<Vec<Arc<dyn Engine>>> for Means {
	/// Without programs.
	fn from(engines: Vec<Arc<dyn Engine>>) -> Self {
		Self { engines, tasks: None }
	}
}

/// Everything that an inference uses.
struct Workshop {
	chain: Arc<dyn Chain>,
	engines: Engines,
	tasks: Option<Arc<task::Runner>>,
	status: SharedStatus,
	metrics: Arc<Metrics>,
	/// A registered model's digest and bounds never change.
	models: Mutex<HashMap<ModelId, ModelInfo>>,
	events: Sender<Event>,
}

/// A miner at work.
pub struct Runner {
	core: Core,
	journal: Arc<Journal>,
	workshop: Arc<Workshop>,
	events: Receiver<Event>,
	runs: HashMap<u64, CancellationToken>,
	status: SharedStatus,
	track: Track,
	settings: watch_value::Receiver<Settings>,
	/// Why nothing new is taken.
	closed: Option<String>,
	stop: CancellationToken,
}

impl Runner {
	/// A miner that has not begun.
	pub fn new(
		core: Core,
		journal: impl Into<Arc<Journal>>,
		chain: Arc<dyn Chain>,
		means: impl Into<Means>,
		status: SharedStatus,
		metrics: Arc<Metrics>,
		settings: watch_value::Receiver<Settings>,
	) -> Self {
		let (sender, events) = mpsc::channel(1024);
		let Means { engines, tasks } = means.into();
		let (engines, models) = (Engines::new(engines), Mutex::default());
		let track = Track::new(metrics.clone());
		let workshop =
			Arc::new(Workshop { chain, engines, tasks, status: status.clone(), metrics, models, events: sender });
		let (runs, stop) = (HashMap::new(), CancellationToken::new());
		Self { core, journal: journal.into(), workshop, events, runs, status, track, settings, closed: None, stop }
	}

	/// Works until `stop` is cancelled and the drain is over, or until something fails for good.
	pub async fn run(mut self, stop: CancellationToken) -> anyhow::Result<()> {
		self.stop = stop;
		let rows = self.journal.open_rows()?;
		for row in &rows {
			let ticket = row.assignment.ticket;
			let state = format!("{:?}", row.state);
			let state = state.split('(').next().unwrap_or_default();
			tracing::info!(job = ticket.job, attempt = ticket.attempt, event = %"recovered", state, "from the journal");
		}
		self.track.recover(&rows, Instant::now());
		let mut actions = self.core.recover(rows);
		let bounds = self.bounds();
		actions.extend(self.core.handle(Event::Bounds(bounds)));
		self.carry_out(actions).await?;

		let mut watcher = tokio::spawn(watch::follow(
			self.workshop.chain.clone(),
			self.workshop.events.clone(),
			self.settings.clone(),
		));
		let result = self.work(&mut watcher).await;
		watcher.abort();
		self.runs.values().for_each(CancellationToken::cancel);
		result
	}

	async fn work(&mut self, watcher: &mut tokio::task::JoinHandle<watch::WatchError>) -> anyhow::Result<()> {
		let (mut prune, mut look) = (tokio::time::interval(PRUNE), tokio::time::interval(LOOK));
		let stop = self.stop.clone();
		let mut settings = self.settings.clone();
		let mut draining: Option<Instant> = None;
		let mut gave_up = false;
		loop {
			let drain = self.settings.borrow().drain;
			let deadline = draining.map(|since| since + drain + if gave_up { LAST_ANSWERS } else { Duration::ZERO });
			let due = async {
				match deadline {
					Some(at) => tokio::time::sleep_until(at.into()).await,
					None => std::future::pending().await,
				}
			};
			let mut actions = Vec::new();
			tokio::select! {
				error = &mut *watcher => return Err(error.context("the watcher of the chain ended")?.into()),
				() = stop.cancelled(), if draining.is_none() => {
					tracing::info!(event = %"draining", "stopping: no new work, running inferences may end");
					draining = Some(Instant::now());
					self.lock_status(|status| status.draining = true);
					actions = self.core.handle(Event::DrainRequested);
				},
				() = due => {
					if gave_up {
						tracing::warn!(event = %"drain_cut", "stopping with answers on their way; the journal has them");
						return Ok(());
					}
					gave_up = true;
					actions = self.core.handle(Event::DrainTimeout);
				},
				_ = prune.tick() => {
					self.write(Journal::prune).await?;
				},
				_ = look.tick() => {
					let bounds = self.bounds();
					actions = self.core.handle(Event::Bounds(bounds));
				},
				Ok(()) = settings.changed() => {
					self.journal.keep(settings.borrow_and_update().keep_secs);
					let bounds = self.bounds();
					actions = self.core.handle(Event::Bounds(bounds));
				},
				Some(event) = self.events.recv() => self.take(event, &mut actions).await?,
			};
			for _ in 1..BATCH {
				match self.events.try_recv() {
					Ok(event) => self.take(event, &mut actions).await?,
					Err(_) => break,
				}
			}
			self.carry_out(actions).await?;
			let counts = self.core.counts();
			self.lock_status(|status| status.counts = counts);
			if draining.is_some() && self.core.is_idle() {
				return Ok(());
			}
		}
	}

	/// The settings' bounds; nothing is taken while the journal's disk is too full.
	fn bounds(&mut self) -> Bounds {
		let limits = self.settings.borrow().limits;
		let closed = disk::too_full(self.journal.directory(), limits.min_free_disk_mb);
		match (&self.closed, &closed) {
			(None, Some(why)) => tracing::warn!(event = %"disk_full", %why, "taking no new work"),
			(Some(_), None) => tracing::info!(event = %"disk_free", "taking work again"),
			_ => {}
		}
		self.closed.clone_from(&closed);
		Bounds { max_input_bytes: limits.max_input_bytes, max_queue: limits.max_queue, closed }
	}

	async fn take(&mut self, event: Event, actions: &mut Vec<Action>) -> anyhow::Result<()> {
		if let Event::Snapshot { assignments, .. } = &event {
			let unknown = self.core.unknown(assignments);
			if !unknown.is_empty() {
				// What the journal is about to be told comes first.
				self.carry_out(std::mem::take(actions)).await?;
				let rows = self.write(move |journal| journal.signed(&unknown)).await?;
				actions.extend(self.core.recover(rows));
			}
		}
		let now = Instant::now();
		self.track.event(&event, now);
		match &event {
			Event::Snapshot { number, .. } => {
				let number = *number;
				self.lock_status(|status| {
					if status.best.replace(number) != Some(number) {
						status.best_at = Some(now);
					}
					status.read_at = Some(now);
				});
			}
			Event::EngineFinished { run, .. } | Event::EngineFailed { run, .. } => {
				self.runs.remove(run);
			}
			_ => {}
		}
		actions.extend(self.core.handle(event));
		Ok(())
	}

	/// Works on the journal, again and again while the disk refuses: what is not written down is not sent. Gives up only
	/// when the miner is told to stop.
	async fn write<T: Send + 'static>(
		&mut self,
		work: impl Fn(&Journal) -> Result<T, JournalError> + Send + Sync + 'static,
	) -> anyhow::Result<T> {
		let (work, mut pause, mut waits) = (Arc::new(work), Pause::default(), false);
		loop {
			let (journal, again) = (self.journal.clone(), work.clone());
			let done = tokio::task::spawn_blocking(move || again(&journal)).await.context("the journal panicked")?;
			let error = match done {
				Err(error) if error.is_of_the_disk() => error,
				done => {
					if waits {
						tracing::info!(event = %"journal_back", "the journal can be written again");
					}
					return Ok(done?);
				}
			};
			if !std::mem::replace(&mut waits, true) {
				tracing::error!(event = %"journal_waits", %error, "nothing is sent until the journal can be written");
			}
			tokio::select! {
				() = self.stop.cancelled() => return Err(error).context("stopping without what it could not write"),
				() = pause.wait() => {}
			}
		}
	}

	fn lock_status(&self, change: impl FnOnce(&mut Status)) {
		if let Ok(mut status) = self.status.lock() {
			change(&mut status);
		}
	}

	/// The journal first, on disk; then the rest.
	async fn carry_out(&mut self, actions: Vec<Action>) -> anyhow::Result<()> {
		for ticket in self.track.actions(&actions, Instant::now()) {
			let workshop = self.workshop.clone();
			tokio::spawn(async move { workshop.look_up_pay(ticket).await });
		}
		let changes: Vec<_> = actions
			.iter()
			.filter_map(|action| match action {
				Action::Persist(row) => Some(Change::Put(row.clone())),
				Action::Forget(ticket) => Some(Change::Close(*ticket)),
				_ => None,
			})
			.collect();
		if !changes.is_empty() {
			self.write(move |journal| journal.apply(&changes)).await?;
		}
		for action in actions {
			match action {
				Action::Persist(_) | Action::Forget(_) => {}
				Action::Log { ticket, step, detail } => {
					let (job, attempt, event) = (ticket.job, ticket.attempt, step.name());
					if matches!(step, Step::Failed | Step::Dropped) {
						tracing::warn!(job, attempt, %event, %detail);
					} else {
						tracing::info!(job, attempt, %event, %detail);
					}
				}
				Action::Start { run, assignment } => {
					let cancel = CancellationToken::new();
					self.runs.insert(run, cancel.clone());
					let workshop = self.workshop.clone();
					tokio::spawn(async move { workshop.infer(run, assignment, cancel).await });
				}
				Action::Cancel { run } => {
					if let Some(cancel) = self.runs.remove(&run) {
						cancel.cancel();
					}
				}
				Action::SubmitProof { ticket, answer } => {
					let workshop = self.workshop.clone();
					tokio::spawn(async move {
						let sent = timeout(INCLUSION, workshop.chain.complete(ticket, &answer)).await;
						workshop.report(ticket, sent).await;
					});
				}
				Action::SubmitFail { ticket, code } => {
					let workshop = self.workshop.clone();
					tokio::spawn(async move {
						let sent = timeout(INCLUSION, workshop.chain.fail(ticket, code)).await;
						workshop.report(ticket, sent).await;
					});
				}
			}
		}
		Ok(())
	}
}

impl Workshop {
	async fn report(&self, ticket: Ticket, sent: Result<Result<u32, ChainError>, tokio::time::error::Elapsed>) {
		let event = match sent {
			Ok(Ok(number)) => Event::TxIncluded { ticket, number },
			Ok(Err(ChainError::Refused(error))) => Event::TxFailed { ticket, error },
			Ok(Err(ChainError::Unavailable(error))) => Event::TxDropped { ticket, error },
			Err(_) => Event::TxDropped { ticket, error: "in no block in time".into() },
		};
		// When the runner has ended, nobody needs to know.
		let _ = self.events.send(event).await;
	}

	async fn infer(&self, run: u64, assignment: Assignment, cancel: CancellationToken) {
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
	async fn look_up_pay(&self, ticket: Ticket) {
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
