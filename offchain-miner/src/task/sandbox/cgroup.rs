//! Control groups, version 2, where the miner may make some: the kernel itself then holds a task's memory and processes.

use std::{
	fs, io,
	path::{Path, PathBuf},
	sync::atomic::{AtomicU64, Ordering},
	time::Duration,
};

use super::Spec;

/// The name that systemd's `DelegateSubgroup=` gives to the miner's own group; tasks are beside it then.
const OWN: &str = "miner";

/// A group that is not empty yet is tried to be removed so often, every [`PAUSE`].
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

/// Where groups can be made.
pub(super) struct Cgroups {
	base: PathBuf,
	made: AtomicU64,
}

/// The group of one task.
pub(super) struct Cgroup {
	path: PathBuf,
}

impl Cgroups {
	/// None where there is no version 2, or the miner may not make groups.
	pub(super) fn find() -> Option<Self> {
		let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
		let mount = mounts.lines().find_map(|line| {
			let (fields, kind) = line.split_once(" - ")?;
			kind.starts_with("cgroup2 ").then(|| fields.split(' ').nth(4))?
		})?;
		let own = fs::read_to_string("/proc/self/cgroup").ok()?;
		let own = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
		let own = Path::new(mount).join(own);
		let base = if own.file_name().is_some_and(|name| name == OWN) { own.parent()?.to_owned() } else { own };
		// Without them groups still gather processes, so that they can be ended together.
		let _ = fs::write(base.join("cgroup.subtree_control"), "+memory +pids");
		let cgroups = Self { base, made: AtomicU64::new(0) };
		let tried = cgroups.make(&Spec::default())?;
		fs::remove_dir(&tried.path).ok()?;
		Some(cgroups)
	}

	/// A group for a task.
	pub(super) fn make(&self, spec: &Spec) -> Option<Cgroup> {
		let number = self.made.fetch_add(1, Ordering::Relaxed);
		let path = self.base.join(format!("millrace-task-{}-{number}", std::process::id()));
		fs::create_dir(&path).ok()?;
		let cgroup = Cgroup { path };
		// The supervisor and the keeper are in it too.
		let processes = spec.processes.saturating_add(2);
		for (name, value) in [
			("memory.max", spec.memory.to_string()),
			("memory.swap.max", "0".into()),
			("memory.oom.group", "1".into()),
			("pids.max", processes.to_string()),
		] {
			let path = cgroup.path.join(name);
			// Not there without its controller.
			if path.exists() {
				fs::write(path, value).ok()?;
			}
		}
		Some(cgroup)
	}
}

impl Cgroup {
	/// Takes a process in, and with it all that it will start.
	pub(super) fn take(&self, pid: u32) -> io::Result<()> {
		fs::write(self.path.join("cgroup.procs"), pid.to_string())
	}

	/// Ends whatever is in it, and removes it. Whether its memory was over.
	pub(super) async fn end(self) -> bool {
		let events = fs::read_to_string(self.path.join("memory.events")).unwrap_or_default();
		self.kill();
		for _ in 0..TRIES {
			match fs::remove_dir(&self.path) {
				Err(error) if error.raw_os_error() == Some(libc::EBUSY) => tokio::time::sleep(PAUSE).await,
				_ => break,
			}
		}
		let killed = events.lines().find_map(|line| line.strip_prefix("oom_kill "));
		killed.is_some_and(|count| count.trim() != "0")
	}

	fn kill(&self) {
		// Kernels before 5.14 don't have it; the namespace ends them there.
		let _ = fs::write(self.path.join("cgroup.kill"), "1");
	}
}

impl Drop for Cgroup {
	fn drop(&mut self) {
		self.kill();
		// Not empty yet, or gone already.
		let _ = fs::remove_dir(&self.path);
	}
}
