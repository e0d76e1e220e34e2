//! From a job to its manifest.

use std::{
	fs::{self, File},
	io,
	path::Path,
	sync::Arc,
	time::{Duration, Instant},
};

use millrace_primitives::{FailCode, H256};
use sha2::{Digest as _, Sha256};
use tokio::{task::spawn_blocking, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
	bad, broken, denied,
	inputs::Fetcher,
	outputs,
	sandbox::{Ending, Report, Sandbox, Spec, SCRIPT},
	store::{Asked, Store, Ticket},
	workspace, AllowList, Artifact, Digest, Document, Entry, Kind, Manifest, TaskSettings, MAX_MANIFEST_BYTES,
	MEGABYTE,
};
use crate::engines::EngineError;

/// Bounds that the job sets, beside those of the allow-list.
#[derive(Clone, Copy, Debug)]
pub struct TaskLimits {
	/// Time for all of it: fetching inputs, running, keeping outputs.
	pub time: Duration,
	/// Most bytes of the manifest. Where it is longer, it leaves out what the program printed.
	pub max_output_bytes: u32,
}

/// A task to run.
#[derive(Clone, Debug)]
pub struct TaskJob {
	/// The job's number.
	pub job: u64,
	/// The attempt's number.
	pub attempt: u8,
	/// Digest of the task's definition, as the chain's registry has it.
	pub definition: H256,
	/// The job's input: a JSON document.
	pub document: Vec<u8>,
	/// Bounds of the job.
	pub limits: TaskLimits,
}

/// What a task gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskOutcome {
	/// JSON, at most [`MAX_MANIFEST_BYTES`].
	pub manifest: Vec<u8>,
	/// How long the program ran.
	pub took: Duration,
}

/// Runs what the owner allows.
pub struct Runner {
	list: AllowList,
	store: Arc<Store>,
	fetcher: Fetcher,
	sandbox: Sandbox,
	/// Why no task can be held on this machine, without and with the network.
	obstacles: [Option<String>; 2],
}

impl Runner {
	/// Reads the allow-list, cleans up what an earlier miner left in `work_dir/tasks`, and tries the sandbox. `program` is
	/// `millrace-miner`; a running one is `/proc/self/exe`.
	///
	/// # Errors
	///
	/// [`crate::config::ConfigError`] for a bad allow-list; others when the folder can't be used.
	pub async fn open(settings: &TaskSettings, work_dir: &Path, program: &Path) -> anyhow::Result<Self> {
		let list = AllowList::read(&settings.allowlist_dir)?;
		let store = Store::open(work_dir.join("tasks"), settings, Sandbox::identity())?;
		let sandbox = Sandbox::new(program)?;
		let mut obstacles = [None, None];
		for (network, obstacle) in [false, true].into_iter().zip(&mut obstacles) {
			if list.iter().any(|entry| entry.network == network) {
				*obstacle = store.try_out(&sandbox, network).await.err().map(|error| error.message);
			}
			if let Some(why) = obstacle {
				tracing::warn!(event = %"task_obstacle", network, %why, "such tasks will be denied");
			}
		}
		let fetcher = Fetcher::new(settings.hosts.clone())?;
		Ok(Self { list, store: Arc::new(store), fetcher, sandbox, obstacles })
	}

	/// The definitions that can be carried out.
	pub fn definitions(&self) -> Vec<H256> {
		let mut found: Vec<H256> = self.list.iter().map(|entry| H256(entry.definition.0)).collect();
		found.sort_unstable();
		found.dedup();
		found
	}

	/// The file with this sha256 that a finished task made, while its workspace is kept. Hashes it again if anything about
	/// it has changed, so that it must not be called where waiting hurts.
	pub fn artifact(&self, sha256: H256) -> Option<Artifact> {
		self.store.artifact(Digest(sha256.0))
	}

	/// Runs a task, unless this very one is finished already: then its manifest is given again. When this is dropped or
	/// cancelled, nothing of the task is left.
	///
	/// # Errors
	///
	/// With the code that the chain is told: of a document that can't be used, `BadInput`; of what the owner does not
	/// allow, `Denied`; of bounds, `OutOfMemory`, `Timeout`, and for the disk `Denied`; of this machine, `EngineError`.
	pub async fn run(&self, job: TaskJob, cancel: CancellationToken) -> Result<TaskOutcome, EngineError> {
		let began = Instant::now();
		let document = Document::parse(&job.document)?;
		let entry = self.entry(&document, job.definition)?;
		let ticket = (job.job, job.attempt);
		let asked = (entry.definition, Digest(Sha256::digest(&job.document).into()));
		let (store, finished) = (self.store.clone(), move |store: &Store| store.finished(ticket, asked));
		if let Some((manifest, took_ms)) = blocking(move || finished(&store)).await? {
			return Ok(TaskOutcome { manifest: encode(manifest, job.limits)?, took: Duration::from_millis(took_ms) });
		}
		let lease = Lease::begin(self.store.clone(), ticket, entry.disk_mb.get().saturating_mul(MEGABYTE)).await?;
		let made = self.carry_out(entry, &document, &lease.path, job.limits.time, began, &cancel).await;
		if cancel.is_cancelled() {
			return Err(broken("cancelled"));
		}
		lease.end(asked, made, job.limits).await
	}

	/// The entry that the document names, if it allows all that is asked.
	fn entry(&self, document: &Document, definition: H256) -> Result<&Entry, EngineError> {
		let name = &document.entry;
		let entry = self.list.get(name).ok_or_else(|| denied(format!("{name} is not on the allow-list")))?;
		if entry.definition.0 != definition.0 {
			return Err(denied(format!("{name} carries out another definition, {}", entry.definition)));
		}
		entry.accept(&document.arguments)?;
		if document.input_bytes() > entry.disk_mb.get().saturating_mul(MEGABYTE) {
			return Err(denied(format!("the inputs take more than disk_mb of {name}")));
		}
		if document.output_bytes() > entry.output_mb.get().saturating_mul(MEGABYTE) {
			return Err(denied(format!("the outputs take more than output_mb of {name}")));
		}
		match &self.obstacles[usize::from(entry.network)] {
			Some(why) => Err(denied(format!("this machine can't hold {name}: {why}"))),
			None => Ok(entry),
		}
	}

	async fn carry_out(
		&self,
		entry: &Entry,
		document: &Document,
		path: &Path,
		time: Duration,
		began: Instant,
		cancel: &CancellationToken,
	) -> Result<(Manifest, Duration), EngineError> {
		let own = (entry.clone(), path.to_owned());
		blocking(move || check_program(&own.0, &own.1)).await??;
		let (input, scratch) = (path.join(workspace::INPUT), path.join("archives"));
		workspace::make_folder(&scratch).map_err(broken)?;
		tokio::select! {
			biased;
			() = cancel.cancelled() => return Err(broken("cancelled")),
			brought = timeout(time, self.fetcher.bring(document, &input, &scratch)) => {
				brought.map_err(|_| EngineError::new(FailCode::Timeout, "the inputs took too long"))??;
			}
		}
		workspace::remove(&scratch).map_err(broken)?;
		let spec = spec(entry, document, path, time.saturating_sub(began.elapsed()));
		let started = Instant::now();
		let report = self.sandbox.run(path, &spec, cancel).await?;
		let took = started.elapsed();
		let (exit_code, signal) = ended(&report, entry)?;
		let (own, entry, declared) = (path.to_owned(), entry.name.clone(), document.outputs.clone());
		let manifest = blocking(move || -> Result<Manifest, EngineError> {
			let (stdout, stderr) = (outputs::tail(&own, "stdout")?, outputs::tail(&own, "stderr")?);
			let (outputs, missing) = outputs::keep(&own, &declared)?;
			Ok(Manifest { version: 1, entry, exit_code, signal, outputs, missing, stdout, stderr })
		});
		Ok((manifest.await??, took))
	}
}

impl Store {
	/// Whether the sandbox holds here, in a folder that is removed again.
	async fn try_out(&self, sandbox: &Sandbox, network: bool) -> Result<(), EngineError> {
		// No chain has a job of this number.
		let path = self.begin((u64::MAX, 0), 0)?;
		let tried = sandbox.try_out(&path, network).await;
		self.abandon((u64::MAX, 0)).map_err(broken)?;
		tried
	}
}

/// The workspace of a running task: removed when nobody waits for its end any more.
struct Lease {
	store: Arc<Store>,
	ticket: Ticket,
	path: std::path::PathBuf,
	ended: bool,
}

impl Lease {
	async fn begin(store: Arc<Store>, ticket: Ticket, bytes: u64) -> Result<Self, EngineError> {
		blocking(move || {
			let path = store.begin(ticket, bytes)?;
			Ok(Self { store, ticket, path, ended: false })
		})
		.await?
	}

	async fn end(
		mut self,
		asked: Asked,
		made: Result<(Manifest, Duration), EngineError>,
		limits: TaskLimits,
	) -> Result<TaskOutcome, EngineError> {
		let (store, ticket) = (self.store.clone(), self.ticket);
		let outcome = blocking(move || {
			let encoded = made.and_then(|(made, took)| Ok((encode(made.clone(), limits)?, made, took)));
			match encoded {
				Ok((bytes, manifest, took)) => {
					store.finish(ticket, asked, &manifest, took).map_err(broken)?;
					Ok(TaskOutcome { manifest: bytes, took })
				}
				Err(error) => {
					store.fail(ticket, asked, &error.to_string()).map_err(broken)?;
					Err(error)
				}
			}
		})
		.await?;
		// Else the record could not be written, and the workspace goes.
		self.ended = self.store.has_ended(ticket);
		outcome
	}
}

impl Drop for Lease {
	fn drop(&mut self) {
		if !self.ended {
			if let Err(error) = self.store.abandon(self.ticket) {
				let (job, attempt) = self.ticket;
				tracing::warn!(job, attempt, event = %"task_stuck", %error, "its workspace can't be removed");
			}
		}
	}
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, EngineError> {
	spawn_blocking(work).await.map_err(broken)
}

fn encode(mut manifest: Manifest, limits: TaskLimits) -> Result<Vec<u8>, EngineError> {
	let most = usize::try_from(limits.max_output_bytes).unwrap_or(MAX_MANIFEST_BYTES).min(MAX_MANIFEST_BYTES);
	let bytes = serde_json::to_vec(&manifest).map_err(broken)?;
	if bytes.len() <= most {
		return Ok(bytes);
	}
	manifest.stdout.tail.clear();
	manifest.stderr.tail.clear();
	let bytes = serde_json::to_vec(&manifest).map_err(broken)?;
	if bytes.len() <= most {
		return Ok(bytes);
	}
	Err(bad(format!("the manifest has {} bytes, more than the job takes", bytes.len())))
}

/// Whether the program and the script are those that the owner looked at; the script is copied to the workspace, so that
/// the copy that was hashed is the one that runs.
fn check_program(entry: &Entry, workspace: &Path) -> Result<(), EngineError> {
	let changed = |path: &Path| denied(format!("{} is not the file whose sha256 is in the allow-list", path.display()));
	match (&entry.script, entry.sha256) {
		(Some(script), wanted) => {
			let bytes = fs::read(&script.0).map_err(|error| denied(format!("{}: {error}", script.0.display())))?;
			if wanted != Some(Digest(Sha256::digest(&bytes).into())) {
				return Err(changed(&script.0));
			}
			let copy = workspace.join(SCRIPT);
			fs::write(&copy, bytes).and_then(|()| readable(&copy)).map_err(broken)
		}
		(None, Some(wanted)) => {
			let path = &entry.path.0;
			let found = File::open(path).and_then(|mut file| outputs::digest_of(&mut file));
			match found.map_err(|error| denied(format!("{}: {error}", path.display())))? {
				found if found == wanted => Ok(()),
				_ => Err(changed(path)),
			}
		}
		(None, None) => Ok(()),
	}
}

fn readable(path: &Path) -> io::Result<()> {
	fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o444))
}

fn spec(entry: &Entry, document: &Document, workspace: &Path, time: Duration) -> Spec {
	let run = Duration::from_secs(entry.run_secs.get()).min(time);
	let program = entry.path.0.display().to_string();
	let mut command = vec![program];
	if entry.kind == Kind::Python {
		// Neither the environment nor the user's packages nor the script's folder, and nothing written beside it.
		command.extend(["-I", "-B", SCRIPT].map(String::from));
	}
	command.extend(entry.fixed.iter().chain(&document.arguments).cloned());
	let work = workspace.join(workspace::WORK).display().to_string();
	let mut env: Vec<(String, String)> =
		[("PATH", "/usr/bin:/bin"), ("HOME", &work), ("TMPDIR", &work), ("LANG", "C.UTF-8")]
			.map(|(name, value)| (name.to_owned(), value.to_owned()))
			.into();
	env.extend(entry.env.clone());
	let paths = |paths: &[super::allowlist::Program]| paths.iter().map(|path| path.0.clone()).collect();
	Spec {
		command,
		env,
		network: entry.network,
		nice: i32::try_from(entry.nice.get()).unwrap_or_default(),
		run_ms: u64::try_from(run.as_millis()).unwrap_or(u64::MAX),
		cpu_secs: entry.cpu_secs.map_or(entry.run_secs.get(), |own| own.get()),
		memory: entry.memory_mb.get().saturating_mul(MEGABYTE),
		address_space: entry.address_space(),
		processes: entry.processes.get(),
		open_files: entry.open_files.get(),
		disk: entry.disk_mb.get().saturating_mul(MEGABYTE).saturating_sub(document.input_bytes()),
		disk_files: entry.disk_files.get(),
		read: paths(&entry.read),
		execute: paths(&entry.execute),
	}
}

/// The code or signal of a program that ended by itself.
fn ended(report: &Report, entry: &Entry) -> Result<(Option<i32>, Option<i32>), EngineError> {
	const KILL: i32 = 9;
	let name = &entry.name;
	let peak = report.peak / MEGABYTE;
	match &report.ending {
		Ending::Exited(code) => Ok((Some(*code), None)),
		// Nothing else on the machine kills a program that way.
		Ending::Signalled(KILL) => {
			Err(EngineError::new(FailCode::OutOfMemory, format!("the kernel killed {name}, at {peak} MB or more")))
		}
		Ending::Signalled(signal) => Ok((None, Some(*signal))),
		Ending::Memory => Err(EngineError::new(FailCode::OutOfMemory, format!("{name} took more than its memory_mb"))),
		Ending::Time => Err(EngineError::new(FailCode::Timeout, format!("{name} took too long"))),
		Ending::Disk => Err(denied(format!("{name} took more disk than it may"))),
		Ending::Unstarted(why) => Err(broken(why)),
	}
}
