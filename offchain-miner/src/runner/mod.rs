//! Carries out what the core decides.

#[cfg(test)]
mod tests;
mod workshop;

use std::{
	collections::HashMap,
	sync::{Arc, Mutex},
	time::{Duration, Instant},
};

use anyhow::Context;
use tokio::{
	sync::{
		mpsc::{self, Receiver},
		watch as watch_value,
	},
	time::timeout,
};
use tokio_util::sync::CancellationToken;

use self::workshop::Workshop;
use crate::{
	chain::Chain,
	config::Settings,
	core::{Action, Bounds, Core, Counts, Event, Step},
	disk,
	engines::{several::Engines, Engine},
	journal::{Change, Journal, JournalError},
	metrics::{Metrics, Track, Vitals},
	pause::Pause,
	task, watch,
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
