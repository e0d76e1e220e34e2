//! Control groups, version 2, where the miner may make some: the kernel itself then holds a task's memory and processes.

use std::{
	fs,
	io::{self, Write},
	path::{Path, PathBuf},
	sync::atomic::{AtomicU64, Ordering},
	time::Duration,
};

use super::Spec;

/// The name that systemd's `DelegateSubgroup=` gives to the miner's own group; tasks are beside it then.
const OWN: &str = "miner";

/// What the names of tasks' groups begin with; the miner's process and a running number follow.
const PREFIX: &str = "millrace-task-";

/// A group that is not empty yet is tried to be removed so often, every [`PAUSE`].
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

/// Where groups can be made.
pub(super) struct Cgroups {
	base: PathBuf,
}

/// The number of the next group of this process.
static NEXT: AtomicU64 = AtomicU64::new(0);

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
		let cgroups = Self { base };
		cgroups.sweep();
		let tried = cgroups.make(&Spec::default())?;
		fs::remove_dir(&tried.path).ok()?;
		Some(cgroups)
	}

	/// Removes the groups of miners that were killed, and so could not.
	fn sweep(&self) {
		for entry in fs::read_dir(&self.base).into_iter().flatten().flatten() {
			let name = entry.file_name();
			let number = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split_once('-'));
			let dead = |(pid, _): (&str, &str)| !Path::new("/proc").join(pid).exists();
			if number.is_some_and(dead) {
				drop(Cgroup { path: entry.path() });
			}
		}
	}

	/// A group for a task.
	pub(super) fn make(&self, spec: &Spec) -> Option<Cgroup> {
		let number = NEXT.fetch_add(1, Ordering::Relaxed);
		let path = self.base.join(format!("{PREFIX}{}-{number}", std::process::id()));
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
		if let Ok(mut file) = fs::OpenOptions::new().write(true).open(self.path.join("cgroup.kill")) {
			let _ = file.write_all(b"1");
		}
	}
}

impl Drop for Cgroup {
	fn drop(&mut self) {
		self.kill();
		// Not empty yet, or gone already.
		let _ = fs::remove_dir(&self.path);
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn group_should_be_swept_when_its_miner_is_dead() {
		let dir = tempfile::tempdir().unwrap();
		let mut dead = std::process::Command::new("/bin/true").spawn().unwrap();
		dead.wait().unwrap();
		let own = format!("{PREFIX}{}-0", std::process::id());
		for name in [format!("{PREFIX}{}-0", dead.id()), own.clone(), "another".into()] {
			fs::create_dir(dir.path().join(name)).unwrap();
		}
		Cgroups { base: dir.path().into() }.sweep();
		let mut left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
		left.sort();
		assert_eq!(left, ["another", own.as_str()]);
	}
}
