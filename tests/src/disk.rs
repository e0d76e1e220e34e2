//! A small disk that only one miner sees, so that a test can fill it.

use std::{
	fs,
	io::Write,
	path::{Path, PathBuf},
	process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::say;

/// Where its work directory is, and how it is mounted.
pub struct SmallDisk {
	folder: TempDir,
	options: String,
}

impl SmallDisk {
	/// A disk of so many megabytes. `None` where this user can mount none, not even in namespaces of its own: then it
	/// says so, past the test harness's capture.
	pub fn of(megabytes: u32) -> Option<Self> {
		Self::mounted(&format!("size={megabytes}m"))
	}

	/// One that nobody can write to.
	pub fn read_only() -> Option<Self> {
		Self::mounted("size=16m,ro")
	}

	fn mounted(options: &str) -> Option<Self> {
		let disk = Self { folder: TempDir::new().unwrap(), options: options.into() };
		let mut probe = disk.wrapper();
		probe.arg("true").stdout(Stdio::null()).stderr(Stdio::null());
		if probe.status().is_ok_and(|status| status.success()) {
			return Some(disk);
		}
		say("SKIPPED: no disk can be mounted here; run as root, or allow user namespaces");
		None
	}

	/// Runs the program that is appended to it with the disk in its place. The disk is gone when that program ends.
	pub fn wrapper(&self) -> Command {
		let mut command = Command::new("unshare");
		command.args(["--mount", "--map-root-user", "sh", "-ec"]);
		command.arg("mount -t tmpfs -o \"$0\" tmpfs \"$1\"; shift; exec \"$@\"").arg(&self.options).arg(self.path());
		command
	}

	/// Where the program finds it.
	pub fn path(&self) -> &Path {
		self.folder.path()
	}

	/// The same as this test finds it, by the process that has it.
	fn inside(&self, process: u32) -> PathBuf {
		PathBuf::from(format!("/proc/{process}/root{}", self.path().display()))
	}

	/// Fills the disk of a process until only so many megabytes are free.
	pub fn fill(&self, process: u32, left: u64) {
		let mut file = fs::File::create(self.inside(process).join("ballast")).unwrap();
		let piece = vec![0; 4096];
		while left == 0 || free(&self.inside(process)) > left * 1_000_000 {
			if file.write_all(&piece).is_err() {
				assert_eq!(left, 0, "the disk is smaller than that");
				return;
			}
		}
	}

	/// Makes room again.
	pub fn clear(&self, process: u32) {
		fs::remove_file(self.inside(process).join("ballast")).unwrap();
	}
}

/// Free bytes of the disk that a folder is on.
fn free(folder: &Path) -> u64 {
	let found = rustix::fs::statvfs(folder).unwrap();
	found.f_bavail * found.f_frsize
}
