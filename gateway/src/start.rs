//! Starting and stopping.

use std::{
	fs::{File, OpenOptions, TryLockError},
	io::{self, IsTerminal, Read, Write},
	path::Path,
	process,
	sync::Arc,
	time::Duration,
};

use anyhow::{bail, Context};
use millrace_client::Client;
use tokio::{
	net::TcpListener,
	signal::unix::{signal, SignalKind},
	sync::Semaphore,
};
use tracing_subscriber::EnvFilter;

use crate::{
	access::Access,
	answer::Backend,
	catalog::Catalog,
	channels::{ChannelBackend, Channels, Means},
	config::{Config, LogFormat},
	desk::{Desk, JobBackend},
	metrics::Metrics,
	serve,
	server::{router, Gateway},
	status::Draining,
	store::Store,
};

/// Time between two looks for what may be forgotten.
const TIDY: Duration = Duration::from_secs(3_600);

/// How often the changes of the records are taken over into their file.
const CHECKPOINT: Duration = Duration::from_secs(5);

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Serves until SIGTERM or Ctrl-C; what is under way then is still answered.
///
/// # Errors
///
/// No account pays, the address can't be had or is open to others without API keys, the records can't be used or another
/// gateway uses them, or no node answers at the start.
pub async fn run(config: Config) -> anyhow::Result<()> {
	log(&config)?;
	let signer = config.signer()?;
	let store = Arc::new(Store::open(&config.database)?);
	let _claim = claim(&config.database)?;
	if !config.bind.ip().is_loopback() && !store.has_keys()? {
		bail!("{} is open to others, who would spend your money: make a key with `key new` first", config.bind);
	}
	let client = Client::connect_any(&config.urls, None).await?;
	let account = signer.account_id();
	let submitter = client.submitter(signer.clone());
	let metrics = Arc::new(Metrics::default());
	let slots = Arc::new(Semaphore::new(config.max_answers.min(Semaphore::MAX_PERMITS)));
	let (payer, log_prompts) = (submitter.clone(), config.log_prompts);
	let desk = Desk::new(client.clone(), payer, store.clone(), metrics.clone(), slots.clone(), log_prompts);
	let desk = Arc::new(desk);
	let recovered = desk.recover()?;
	if recovered > 0 {
		tracing::info!(jobs = recovered, event = %"recovered", "going on with jobs of an earlier run");
	}
	tokio::spawn(tidy(store.clone(), i64::from(config.keep_days).saturating_mul(DAY)));
	tokio::spawn(checkpoint(store.clone()));
	let jobs = JobBackend(desk.clone());
	let (backend, standings): (Arc<dyn Backend>, _) = if config.channels {
		let means = Means {
			client: client.clone(),
			submitter,
			signer,
			store: store.clone(),
			metrics: metrics.clone(),
			slots,
			jobs,
		};
		let channels = Arc::new(Channels::new(means, config.channel_settings()));
		let open = channels.recover().await?;
		if open > 0 {
			tracing::info!(channels = open, event = %"channels", "going on with open channels");
		}
		tokio::spawn(channels.clone().watch_height());
		let standings = channels.standings().clone();
		(Arc::new(ChannelBackend(channels)), Some(standings))
	} else {
		(Arc::new(jobs), None)
	};
	let draining = Draining::default();
	let gateway = Arc::new(Gateway {
		catalog: Catalog::new(client.clone()),
		client,
		store,
		access: Access::new(config.requests_per_minute),
		backend,
		standings,
		desk,
		limits: config.limits(),
		metrics,
		draining: draining.clone(),
	});
	let listener = TcpListener::bind(config.bind).await.with_context(|| format!("can't listen at {}", config.bind))?;
	let address = listener.local_addr()?;
	let router = router(gateway.clone(), &config);
	tracing::info!(event = %"ready", url = %format!("http://{address}/v1"), payer = %account, "serving");
	let mut terminated = signal(SignalKind::terminate())?;
	let stop = async move {
		tokio::select! {
			_ = terminated.recv() => {},
			_ = tokio::signal::ctrl_c() => {},
		}
		tracing::info!(event = %"draining", "stopping: requests under way are answered");
		draining.begin();
	};
	serve::serve(listener, router, &config, gateway.metrics.connections.clone(), stop).await;
	Ok(())
}

/// Keeps other gateways from these records while the file lives: each goes on, at its start, with what the one before it
/// left, and would take what this one has under way for that.
fn claim(database: &Path) -> anyhow::Result<File> {
	let mut name = database.as_os_str().to_owned();
	name.push(".lock");
	let shown = database.display();
	let mut options = OpenOptions::new();
	options.read(true).write(true).create(true).truncate(false);
	#[cfg(unix)]
	std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
	let cannot = || format!("can't use {}", Path::new(&name).display());
	let mut file = options.open(&name).with_context(cannot)?;
	match file.try_lock() {
		Ok(()) => {}
		Err(TryLockError::WouldBlock) => {
			let mut holder = String::new();
			file.read_to_string(&mut holder).with_context(cannot)?;
			bail!(
				"{shown} is in use by another gateway, process {}; give this one a database of its own",
				holder.trim()
			);
		}
		Err(TryLockError::Error(error)) => return Err(error).with_context(cannot),
	}
	file.set_len(0).and_then(|()| writeln!(file, "{}", process::id())).with_context(cannot)?;
	Ok(file)
}

fn log(config: &Config) -> anyhow::Result<()> {
	let filter = EnvFilter::try_from_default_env().or_else(|_| EnvFilter::try_new(&config.log))?;
	let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
	let started = match config.log_format {
		LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).try_init(),
		LogFormat::Json => lines.json().flatten_event(true).try_init(),
	};
	started.map_err(|error| anyhow::anyhow!("can't log: {error}"))
}

/// So that no answer waits for it.
async fn checkpoint(store: Arc<Store>) {
	loop {
		tokio::time::sleep(CHECKPOINT).await;
		let store = store.clone();
		let done = tokio::task::spawn_blocking(move || store.checkpoint()).await;
		if let Ok(Err(error)) = done {
			tracing::warn!(%error, "the records can't be tidied up now");
		}
	}
}

async fn tidy(store: Arc<Store>, keep: i64) {
	loop {
		match store.forget_jobs(keep) {
			Ok(0) => {}
			Ok(count) => tracing::info!(count, event = %"forgot", "ended jobs are forgotten"),
			Err(error) => tracing::error!(%error, "ended jobs can't be forgotten"),
		}
		if let Err(error) = store.forget_requests(keep) {
			tracing::error!(%error, "the names of requests can't be forgotten");
		}
		tokio::time::sleep(TIDY).await;
	}
}
