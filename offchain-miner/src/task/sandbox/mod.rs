//! Where a task runs: away from everything else on the machine.
//!
//! Two processes of this very program stand between the miner and a task, so that nothing has to happen between a fork
//! and an exec. The *supervisor* leaves for new namespaces, watches memory, disk and time, and ends when the miner does.
//! The *keeper* is the first process of the namespace: it takes every right away from itself, starts the program and
//! waits for it. When it ends, the kernel ends all that is left in the namespace, whoever started it.

mod cgroup;
mod keeper;
mod laws;
mod supervisor;
mod system;
mod watch;

use std::{
	ffi::OsStr,
	fs::File,
	io,
	os::fd::AsRawFd,
	path::{Path, PathBuf},
	process::{ExitCode, Stdio},
	time::Duration,
};

use rustix::process::{kill_process_group, Pid, Signal};
use serde::{Deserialize, Serialize};
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	process::{Child, Command},
};
use tokio_util::sync::CancellationToken;

use self::cgroup::{Cgroup, Cgroups};
pub(super) use self::laws::SCRIPT;
use super::broken;
use crate::engines::EngineError;

/// The hidden subcommand of `millrace-miner` that both processes are started with.
pub const SUBCOMMAND: &str = "task-child";

/// A report or a specification has no more bytes.
const MAX_MESSAGE_BYTES: u64 = 1 << 20;

/// So long after its time may a task's supervisor take to say so.
const GRACE: Duration = Duration::from_secs(10);

/// So long may a supervisor take to end a task that nobody wants any more.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Whom tasks run as when the miner runs as root, whom no limit on processes holds: `nobody`.
const NOBODY: Identity = Identity { user: 65_534, group: 65_534 };

/// A user and a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
	/// The user's number.
	pub user: u32,
	/// The group's number.
	pub group: u32,
}

/// What to run, and within which bounds.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Spec {
	/// The program and its arguments; without any, the sandbox is only tried.
	pub command: Vec<String>,
	/// Its whole environment.
	pub env: Vec<(String, String)>,
	/// Whether it may use the network.
	pub network: bool,
	/// How much it steps back.
	pub nice: i32,
	/// Milliseconds that it may run.
	pub run_ms: u64,
	/// Seconds of computing of each process.
	pub cpu_secs: u64,
	/// Bytes of resident memory of all processes.
	pub memory: u64,
	/// Bytes of address space of each process.
	pub address_space: u64,
	/// Processes and threads.
	pub processes: u64,
	/// Open files of each process.
	pub open_files: u64,
	/// Bytes that it may write to disk.
	pub disk: u64,
	/// Files and folders that it may make.
	pub disk_files: u64,
	/// What it may read beside the system's libraries and its inputs.
	pub read: Vec<PathBuf>,
	/// What it may start beside itself.
	pub execute: Vec<PathBuf>,
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
	/// The program ended with a code.
	Exited(i32),
	/// A signal ended the program.
	Signalled(i32),
	/// Its memory was over.
	Memory,
	/// Its time was over.
	Time,
	/// It took too much disk.
	Disk,
	/// It never began.
	Unstarted(String),
}

/// What a supervisor tells.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Report {
	/// How the task ended.
	pub ending: Ending,
	/// Most bytes of resident memory that were seen.
	pub peak: u64,
}

/// Starts tasks.
pub struct Sandbox {
	/// This program, held open: it can be replaced on disk meanwhile.
	program: File,
	cgroups: Option<Cgroups>,
}

impl Sandbox {
	/// One that uses `program` for its own processes, which is `millrace-miner`.
	///
	/// # Errors
	///
	/// When the program can't be opened.
	pub fn new(program: &Path) -> io::Result<Self> {
		Ok(Self { program: File::open(program)?, cgroups: Cgroups::find() })
	}

	/// Whom tasks run as, if not as the miner.
	pub fn identity() -> Option<Identity> {
		rustix::process::geteuid().is_root().then_some(NOBODY)
	}

	/// Whether this machine can hold a task as it must be held.
	///
	/// # Errors
	///
	/// [`millrace_primitives::FailCode::EngineError`], with what is missing.
	pub async fn try_out(&self, folder: &Path, network: bool) -> Result<(), EngineError> {
		let megabytes = 1_000_000;
		let spec = Spec {
			network,
			run_ms: 10_000,
			cpu_secs: 10,
			memory: 500 * megabytes,
			address_space: 1_000 * megabytes,
			processes: 8,
			open_files: 64,
			disk: megabytes,
			disk_files: 10,
			..Spec::default()
		};
		match self.run(folder, &spec, &CancellationToken::new()).await?.ending {
			Ending::Exited(0) => Ok(()),
			other => Err(broken(format!("no sandbox: {other:?}"))),
		}
	}

	/// Runs a task in a workspace, to its end. When this is dropped or cancelled, nothing of the task is left.
	///
	/// # Errors
	///
	/// [`millrace_primitives::FailCode::EngineError`] when the sandbox can't be made, or on cancellation.
	pub async fn run(&self, workspace: &Path, spec: &Spec, cancel: &CancellationToken) -> Result<Report, EngineError> {
		let folder = File::open(workspace).map_err(broken)?;
		let cgroup = self.cgroups.as_ref().and_then(|cgroups| cgroups.make(spec));
		let mut group =
			Group::start(&self.program, &folder, cgroup).map_err(|error| broken(format!("no sandbox: {error}")))?;
		let time = Duration::from_millis(spec.run_ms).saturating_add(GRACE);
		let told = tokio::select! {
			biased;
			() = cancel.cancelled() => Err(broken("cancelled")),
			told = tokio::time::timeout(time, group.told(spec)) => match told {
				Ok(Ok(report)) => Ok(report),
				Ok(Err(error)) => Err(broken(format!("the supervisor broke: {error}"))),
				Err(_) => Ok(Report { ending: Ending::Time, peak: 0 }),
			},
		};
		let out_of_memory = group.end().await;
		match told {
			// The supervisor may have been ended with the rest, and told nothing.
			told if out_of_memory => {
				Ok(Report { ending: Ending::Memory, peak: told.map_or(spec.memory, |told| told.peak) })
			}
			told => told,
		}
	}
}

/// A supervisor, its process group and its cgroup.
struct Group {
	supervisor: Child,
	cgroup: Option<Cgroup>,
}

impl Group {
	fn start(program: &File, folder: &File, cgroup: Option<Cgroup>) -> io::Result<Self> {
		// By descriptor: whom the task runs as may not be able to go there by name.
		let by_descriptor = |file: &File| format!("/proc/self/fd/{}", file.as_raw_fd());
		let mut command = Command::new(by_descriptor(program));
		command.arg(SUBCOMMAND).arg("supervise").env_clear().current_dir(by_descriptor(folder));
		command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0).kill_on_drop(true);
		if let Some(identity) = Sandbox::identity() {
			command.uid(identity.user).gid(identity.group);
		}
		let supervisor = command.spawn()?;
		let mut group = Self { supervisor, cgroup };
		if let (Some(cgroup), Some(pid)) = (&group.cgroup, group.supervisor.id()) {
			if let Err(error) = cgroup.take(pid) {
				tracing::debug!(%error, "the task has no control group");
				group.cgroup = None;
			}
		}
		Ok(group)
	}

	/// Tells the supervisor what to run; what it tells in the end. Its standard input stays open meanwhile: by that it
	/// knows that the miner lives.
	async fn told(&mut self, spec: &Spec) -> io::Result<Report> {
		let gone = || io::Error::other("it is gone");
		let mut line = serde_json::to_vec(spec)?;
		line.push(b'\n');
		let mut input = self.supervisor.stdin.take().ok_or_else(gone)?;
		input.write_all(&line).await?;
		let mut told = Vec::new();
		let output = self.supervisor.stdout.take().ok_or_else(gone)?;
		output.take(MAX_MESSAGE_BYTES).read_to_end(&mut told).await?;
		drop(input);
		if told.is_empty() {
			return Err(gone());
		}
		Ok(serde_json::from_slice(&told)?)
	}

	/// Waits until nothing is left. Whether the kernel ended something for want of memory.
	async fn end(mut self) -> bool {
		// It sees that nobody holds its standard input any more, and goes when all else is gone. Killed, it would go first.
		if tokio::time::timeout(LAST_WORDS, self.supervisor.wait()).await.is_err() {
			self.kill();
		}
		if let Err(error) = self.supervisor.wait().await {
			tracing::warn!(event = %"task_stuck", %error, "its supervisor can't be waited for");
		}
		match self.cgroup.take() {
			Some(cgroup) => cgroup.end().await,
			None => false,
		}
	}

	/// The supervisor and the keeper are in this group, and when the keeper is gone so is all else. After the supervisor
	/// was waited for it has no number any more, which might be another's by then.
	fn kill(&self) {
		if let Some(pid) = self.supervisor.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)) {
			// An error says that nothing is there.
			let _ = kill_process_group(pid, Signal::KILL);
		}
	}
}

impl Drop for Group {
	fn drop(&mut self) {
		self.kill();
	}
}

/// What the hidden subcommand does: `millrace-miner task-child supervise` or `keep`.
pub fn child(part: &OsStr) -> ExitCode {
	match part.to_str() {
		Some("supervise") => supervisor::main(),
		Some("keep") => keeper::main(),
		_ => ExitCode::FAILURE,
	}
}
