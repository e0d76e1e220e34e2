//! From a configuration to a running miner.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use millrace_client::Signer;
use tokio::{
	signal::unix::{signal, SignalKind},
	sync::watch,
};
use tokio_util::sync::CancellationToken;

use crate::{
	artifacts::Artifacts,
	chain::{
		node::{Node, OperatorSigner},
		Chain, ChainError,
	},
	config::{Config, EngineConfig, Flags, Settings},
	core::Core,
	disk,
	engines::{
		image::Image,
		llama::{self, Llama},
		ollama::{self, Ollama},
		openai::Openai,
		several::Engines,
		Engine, LocalModel,
	},
	hardware::sensors::{Driver, Sensors},
	health::{self, Facts},
	journal::Journal,
	logging::Logging,
	metrics::{Metrics, Vigil},
	offer,
	pause::Pause,
	plan::{Machine, Plan},
	receipts::Receipts,
	reload::Reload,
	runner::{Means, Runner, SharedStatus},
	session::{ledger::NodeLedger, Server, Setup},
	task,
};

/// A call of `set_ready` may hold a stop up for so long.
const READY: Duration = Duration::from_secs(10);

/// Runs the miner until SIGTERM or SIGINT, or until it can't go on. `flags` are those that `config` was made with.
///
/// # Errors
///
/// What keeps it from working; [`millrace_client::Error::OtherChain`] when the nodes serve another chain.
pub async fn run(config: Config, flags: Flags, logging: Logging) -> anyhow::Result<()> {
	// From here on a signal that comes early waits instead of ending the process.
	let hangup = signal(SignalKind::hangup())?;
	let signer = config.signer()?;
	let receipt_signer = config.receipt_signer()?;
	if let Some(why) = disk::too_full(&config.work_dir, config.limits.min_free_disk_mb) {
		anyhow::bail!("{why}");
	}
	let operator = signer.account_id();
	let stop = stop_signal()?;
	let engines = engines(&config).await?;
	let tasks = tasks(&config).await?;
	let models = models(&engines).await;

	let connected = tokio::select! {
		node = connect(&config, &signer) => node?,
		() = stop.cancelled() => return Ok(()),
	};
	let (client, submitter) = (connected.client().clone(), connected.submitter().clone());
	let chain: Arc<dyn Chain> = Arc::new(connected);
	let genesis = chain.genesis();
	let journal = Arc::new(open_journal(&config.work_dir, genesis, config.keep_secs)?.with_receipts(config.receipts));
	let core = Core::new(genesis, config.slots.get(), Box::new(OperatorSigner(signer.clone())));
	let status = SharedStatus::default();
	let sensors = tokio::task::spawn_blocking(Driver::open).await?.map(|driver| Arc::new(driver) as Arc<dyn Sensors>);
	let metrics = Arc::new(Metrics::new(status.clone(), config.slots.get(), sensors.is_some()));
	if let Some(bind) = config.http_bind {
		let artifacts = Artifacts::new(&config.work_dir);
		let facts = Facts {
			genesis: hex::encode(genesis),
			operator: operator.to_string(),
			models,
			artifacts,
			tasks: tasks.clone(),
		};
		let address = health::serve(bind, facts, metrics.clone()).await.context("can't serve http_bind")?;
		tracing::info!(event = %"http", url = %format!("http://{address}/healthz"), "health report");
	}
	let pruning = tokio::spawn(Artifacts::new(&config.work_dir).keep_pruned());
	let vigil = tokio::spawn(Vigil::new(chain.clone(), engines.clone(), sensors, status.clone()).follow());
	announce(&chain, config.manage_ready).await;
	offer::remind(&config, &client, &operator).await;
	let (sender, live) = watch::channel(Settings::from(&config));
	let sessions = if config.session.listen.is_empty() {
		None
	} else {
		let ledger = Arc::new(NodeLedger::new(client.clone(), submitter));
		let (settings, work_dir, engines) = (&config.session, &*config.work_dir, Engines::new(engines.clone()));
		let (metrics, changes) = (metrics.sessions().clone(), live.clone());
		Some(Server::start(Setup { settings, work_dir, ledger, engines, signer, metrics, changes })?)
	};
	tracing::info!(event = %"ready", %operator, genesis = %hex::encode(genesis), slots = config.slots.get(), "working");

	let receipts = config.receipts.then(|| {
		let folder = config.work_dir.join("receipts");
		tokio::spawn(Receipts::new(chain.clone(), journal.clone(), folder).signed_by(receipt_signer).follow())
	});
	let manage_ready = config.manage_ready;
	let patience = live.clone();
	tokio::spawn(Reload { flags, config, operator, settings: sender, client, logging }.follow(hangup));
	let runner = Runner::new(core, journal, chain.clone(), Means { engines, tasks }, status, metrics, live);
	let drain = CancellationToken::new();
	let begin = drain.clone();
	tokio::spawn(async move {
		stop.cancelled().await;
		// First of all: what the chain assigns until it knows is still taken, what comes after would only fail.
		if manage_ready {
			set_ready(&*chain, false).await;
		}
		begin.cancel();
	});
	let served = async {
		let Some(sessions) = sessions else { return };
		drain.cancelled().await;
		let patience = patience.borrow().drain;
		sessions.finish(patience).await;
	};
	let worked = async {
		let worked = runner.run(drain.clone()).await;
		// Whatever ended it, nothing new is answered either.
		drain.cancel();
		worked
	};
	let (worked, ()) = tokio::join!(worked, served);
	vigil.abort();
	pruning.abort();
	// Whatever it has not written yet is in the journal, for the next start.
	if let Some(receipts) = receipts {
		receipts.abort();
	}
	worked?;
	tracing::info!(event = %"stopped", "stopped");
	Ok(())
}

fn open_journal(directory: &Path, genesis: millrace_primitives::H256, keep_secs: u64) -> anyhow::Result<Journal> {
	Journal::open(directory, genesis, keep_secs).context("the journal can't be opened")
}

/// Cancelled by the first SIGTERM or SIGINT; the second ends the process at once.
fn stop_signal() -> anyhow::Result<CancellationToken> {
	let mut term = signal(SignalKind::terminate())?;
	let mut interrupt = signal(SignalKind::interrupt())?;
	let stop = CancellationToken::new();
	let token = stop.clone();
	tokio::spawn(async move {
		for first in [true, false] {
			tokio::select! {
				_ = term.recv() => {},
				_ = interrupt.recv() => {},
			}
			if first {
				token.cancel();
			} else {
				std::process::exit(1);
			}
		}
	});
	Ok(stop)
}

/// What runs the owner's programs, where the configuration allows any.
async fn tasks(config: &Config) -> anyhow::Result<Option<Arc<task::Runner>>> {
	if !config.task.enabled {
		return Ok(None);
	}
	let runner = task::Runner::open(&config.task, &config.work_dir, Path::new("/proc/self/exe")).await;
	let runner = runner.context("tasks can't be run")?;
	for definition in runner.definitions() {
		tracing::info!(event = %"task", definition = %hex::encode(definition), "allowed");
	}
	Ok(Some(Arc::new(runner)))
}

async fn engines(config: &Config) -> anyhow::Result<Vec<Arc<dyn Engine>>> {
	let probed = config.clone();
	let plan = tokio::task::spawn_blocking(move || Plan::new(&probed, &Machine::probe())).await?;
	plan.warnings().iter().for_each(|why| tracing::warn!(event = %"hardware", "{why}"));
	let obstacles = plan.obstacles();
	anyhow::ensure!(obstacles.is_empty(), "the llama engine can't start: {}", obstacles.join("; "));
	let mut devices = plan.devices();
	let mut engines: Vec<Arc<dyn Engine>> = Vec::new();
	for engine in &config.engines {
		match engine.clone() {
			EngineConfig::Llama { models, threads } => {
				let cores = std::thread::available_parallelism().map_or(1, usize::from);
				let threads = threads.unwrap_or(cores / config.inferences());
				let own: Vec<_> = devices.drain(..models.len().min(devices.len())).collect();
				let options = llama::Options { models, slots: config.inferences(), threads };
				let loaded = tokio::task::spawn_blocking(move || Llama::load_on(&options, &own)).await?;
				engines.push(Arc::new(loaded.context("the llama engine can't start")?));
			}
			other => engines.push(server(other, &config.work_dir).await?),
		}
	}
	Ok(engines)
}

/// An engine that is a server of its own; it has not been asked anything yet.
pub(crate) async fn server(engine: EngineConfig, work_dir: &Path) -> anyhow::Result<Arc<dyn Engine>> {
	Ok(match engine {
		EngineConfig::Llama { .. } => anyhow::bail!("the llama engine is no server"),
		EngineConfig::Ollama { url, threads, keep_alive, timeout_secs } => {
			let timeout = timeout_secs.map(Duration::from_secs);
			Arc::new(Ollama::new(ollama::Options { url, threads, keep_alive, timeout })?)
		}
		EngineConfig::Openai(settings) => {
			let made = tokio::task::spawn_blocking(move || Openai::new(&settings)).await?;
			Arc::new(made.context("the openai engine can't start")?)
		}
		EngineConfig::Image(settings) => {
			let made = Image::new(&settings, Artifacts::new(work_dir));
			Arc::new(made.context("the image engine can't start")?)
		}
	})
}

/// Logs what the engines have. One that is not there yet may come later.
async fn models(engines: &[Arc<dyn Engine>]) -> Vec<LocalModel> {
	let mut all = Vec::new();
	for engine in engines {
		let kind = engine.kind();
		let found = match engine.health().await {
			Ok(()) => engine.models().await,
			Err(error) => Err(error),
		};
		match found {
			Ok(models) => {
				for model in &models {
					let digest = hex::encode(model.digest);
					tracing::info!(event = %"model", engine = %kind, name = %model.name, %digest, "found");
				}
				all.extend(models);
			}
			Err(error) => {
				tracing::warn!(event = %"engine_down", engine = %kind, %error, "the engine is not usable now")
			}
		}
	}
	all
}

/// Waits for a node, but not for another chain to become the right one.
async fn connect(config: &Config, signer: &Signer) -> Result<Node, millrace_client::Error> {
	let (urls, genesis) = (config.addresses(), config.genesis.map(|genesis| genesis.0));
	let mut pause = Pause::default();
	loop {
		match Node::connect(&urls, genesis, signer.clone()).await {
			Ok(node) => return Ok(node),
			Err(error @ millrace_client::Error::OtherChain { .. }) => return Err(error),
			Err(error) => tracing::warn!(event = %"node_away", urls = %urls.join(" "), %error, "waiting for a node"),
		}
		pause.wait().await;
	}
}

/// Tells the owner what the chain knows of this operator.
async fn announce(chain: &Arc<dyn Chain>, manage_ready: bool) {
	match chain.registration().await {
		Ok(Some(registration)) => {
			let owner = registration.owner;
			tracing::info!(event = %"registered", %owner, ready = registration.ready, "the miner's entry on chain");
			// What the owner said stays.
			if manage_ready && registration.drained {
				tokio::spawn(take_jobs_again(chain.clone()));
			}
		}
		Ok(None) => tracing::warn!(
			event = %"unregistered",
			"no miner has this operator; its owner must register it and make an offer before work comes"
		),
		Err(error) => tracing::warn!(%error, "the miner's entry on chain can't be read"),
	}
}

/// Until the chain knows: soon after the stop an operator without money has to wait for it.
async fn take_jobs_again(chain: Arc<dyn Chain>) {
	let mut pause = Pause::default();
	while !set_ready(&*chain, true).await {
		pause.wait().await;
		if chain.registration().await.is_ok_and(|known| known.is_none_or(|known| !known.drained)) {
			return;
		}
	}
}

/// Whether the chain knows now.
async fn set_ready(chain: &dyn Chain, ready: bool) -> bool {
	let sent = tokio::time::timeout(READY, chain.set_ready(ready)).await;
	match sent.unwrap_or_else(|_| Err(ChainError::Unavailable("in no block in time".into()))) {
		Ok(()) => {
			tracing::info!(event = %"set_ready", ready, "told the chain");
			true
		}
		Err(error) => {
			tracing::warn!(event = %"set_ready", ready, %error, "could not tell the chain");
			false
		}
	}
}
