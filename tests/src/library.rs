//! Client libraries that are not ours, installed as their users do.

use std::{
	collections::HashSet,
	path::{Path, PathBuf},
	process::Command,
	sync::{Mutex, PoisonError},
};

use crate::{repository, say};

/// The examples whose packages this process has installed. Two installations in one folder would break each other.
static INSTALLED: Mutex<Option<HashSet<PathBuf>>> = Mutex::new(None);

/// The folder of a Node.js example, with its packages. `None` where there is no Node.js: then it says so, past the test
/// harness's capture.
pub fn node_example(name: &str) -> Option<PathBuf> {
	if !["node", "npm"].into_iter().all(is_there) {
		say(&format!("SKIPPED: the example {name} needs Node.js with npm; install Debian's nodejs and npm"));
		return None;
	}
	let folder = repository("docs/examples").join(name);
	once(&folder, || {
		// Not `ci`: a lock file without addresses lacks the packages of other platforms, which `ci` misses.
		run(Command::new("npm").args(["install", "--no-save", "--no-audit", "--no-fund"]).current_dir(&folder));
	});
	Some(folder)
}

/// The interpreter of an environment with the packages of the Python example `name`, and its folder; `None` as of
/// [`python_environment`].
pub fn python_example(name: &str) -> Option<(PathBuf, PathBuf)> {
	python_environment(&format!("{name}-example"), repository("docs/examples").join(name))
}

/// The interpreter of an environment with the packages of a folder's `requirements.txt`, and that folder. `None` where
/// there is no Python that makes such environments: then it says so, past the test harness's capture.
pub fn python_environment(name: &str, folder: PathBuf) -> Option<(PathBuf, PathBuf)> {
	let environment = crate::build_folder().join(name);
	let python = environment.join("bin/python");
	// Without pip it was left over from an installation that broke off.
	let is_made = || Command::new(&python).args(["-m", "pip", "--version"]).output().is_ok_and(|o| o.status.success());
	let mut made = Command::new("python3");
	made.args(["-m", "venv", "--clear"]).arg(&environment);
	if !is_made() && !made.output().is_ok_and(|output| output.status.success()) {
		say(&format!("SKIPPED: {name} needs Python with venv; install Debian's python3-venv"));
		return None;
	}
	once(&folder, || {
		run(Command::new(&python)
			.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"])
			.current_dir(&folder));
	});
	Some((python, folder))
}

/// Whether a program can be run.
pub fn is_there(program: &str) -> bool {
	Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn once(folder: &Path, install: impl FnOnce()) {
	let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
	if installed.get_or_insert_default().insert(folder.to_owned()) {
		install();
	}
}

/// Runs a command that must succeed, and returns what it prints.
pub fn run(command: &mut Command) -> String {
	let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
	let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
	assert!(output.status.success(), "{command:?}: {}\n{out}{err}", output.status);
	out.into_owned()
}
