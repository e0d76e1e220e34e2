//! Tasks in the real sandbox: the library starts the real `millrace-miner`, which starts real programs.

// Everything here is a test: a failure must stop it with its reason.
#![allow(clippy::unwrap_used)]

mod bounds;
mod escape;
mod life;
mod program;

use std::{
	fs,
	os::unix::fs::PermissionsExt,
	path::{Path, PathBuf},
	time::{Duration, Instant},
};

use millrace_miner::{
	engines::EngineError,
	task::{Manifest, Runner, TaskJob, TaskLimits, TaskOutcome, TaskSettings},
};
use millrace_primitives::{FailCode, H256};
use serde_json::{json, Value};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

const PYTHON: &str = "/usr/bin/python3";
const DEFINITION: H256 = H256([7; 32]);

/// Far longer than anything here takes, and far shorter than what the scripts would sleep.
const PATIENCE: Duration = Duration::from_secs(60);

/// A miner's folder with an allow-list.
struct Bench {
	dir: PathBuf,
	/// Removes the folder in the end.
	_own: Option<tempfile::TempDir>,
}

impl Bench {
	fn new() -> Self {
		let own = tempfile::tempdir().unwrap();
		let dir = fs::canonicalize(own.path()).unwrap();
		// Where the tests run as root, tasks run as somebody else, who has to get there.
		fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
		fs::create_dir(dir.join("allowlist.d")).unwrap();
		Self { dir, _own: Some(own) }
	}

	/// With the entry `task`, a Python script; `keys` replace those of the entry.
	fn python(script: &str, keys: &str) -> Self {
		let bench = Self::new();
		let path = bench.dir.join("script.py");
		fs::write(&path, script).unwrap();
		let sha256 = hex::encode(Sha256::digest(script));
		bench.allow(
			&format!("kind = 'python'\npath = '{PYTHON}'\nscript = '{}'\nsha256 = '{sha256}'", text(&path)),
			keys,
		);
		bench
	}

	/// Writes the entry `task`.
	fn allow(&self, what: &str, keys: &str) {
		let mut entry = format!("{what}\ndefinition = '{}'\n", hex::encode(DEFINITION));
		let defaults = ["run_secs = 30", "memory_mb = 300", "output_mb = 10", "disk_mb = 20"];
		for default in defaults.iter().filter(|line| !keys.contains(line.split(' ').next().unwrap())) {
			entry.push_str(&format!("{default}\n"));
		}
		fs::write(self.dir.join("allowlist.d/task.toml"), entry + keys).unwrap();
	}

	fn settings(&self) -> TaskSettings {
		TaskSettings { enabled: true, allowlist_dir: self.dir.join("allowlist.d"), ..TaskSettings::default() }
	}

	async fn runner(&self) -> Runner {
		let program = Path::new(env!("CARGO_BIN_EXE_millrace-miner"));
		Runner::open(&self.settings(), &self.dir.join("work"), program).await.unwrap()
	}

	/// Job 1, attempt 1, with these arguments, inputs and outputs.
	async fn run(&self, document: Value) -> Result<Manifest, EngineError> {
		let outcome = self.runner().await.run(job(document), CancellationToken::new()).await?;
		Ok(manifest(&outcome))
	}

	/// Without arguments, inputs and outputs.
	async fn plain(&self) -> Result<Manifest, EngineError> {
		self.run(json!({})).await
	}

	fn workspace(&self) -> PathBuf {
		self.dir.join("work/tasks/1-1")
	}

	/// Whether the program of job 1 was ever started: its log is the keeper's first work.
	fn began(&self) -> bool {
		self.workspace().join("logs/stdout").exists()
	}

	/// Processes that are somewhere in the bench's folder.
	fn survivors(&self) -> Vec<String> {
		let inside = |pid: &Path| fs::read_link(pid.join("cwd")).is_ok_and(|cwd| cwd.starts_with(&self.dir));
		let all = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
		let found = all.filter(|pid| inside(pid));
		found.map(|pid| format!("{pid:?}: {:?}", fs::read_to_string(pid.join("cmdline")))).collect()
	}

	/// Waits until the script runs; not for ever.
	async fn until_it_runs(&self) {
		self.wait_for(|found| found.iter().any(|process| process.contains("script.py"))).await;
	}

	/// Waits until nothing of the task is left; not for ever.
	async fn until_all_is_over(&self) {
		self.wait_for(|found| found.is_empty()).await;
	}

	async fn wait_for(&self, is_so: impl Fn(&[String]) -> bool) {
		let began = Instant::now();
		while !is_so(&self.survivors()) {
			assert!(began.elapsed() < PATIENCE, "{:?}", self.survivors());
			tokio::time::sleep(Duration::from_millis(20)).await;
		}
	}
}

fn job(mut document: Value) -> TaskJob {
	document["version"] = json!(1);
	document["entry"] = json!("task");
	TaskJob {
		job: 1,
		attempt: 1,
		definition: DEFINITION,
		document: document.to_string().into_bytes(),
		limits: TaskLimits { time: Duration::from_secs(60), max_output_bytes: 65_536 },
	}
}

fn manifest(outcome: &TaskOutcome) -> Manifest {
	serde_json::from_slice(&outcome.manifest).unwrap()
}

/// What a script printed, after it ended well.
fn printed(manifest: &Manifest) -> &str {
	assert_eq!(manifest.exit_code, Some(0), "{manifest:?}");
	manifest.stdout.tail.trim_end()
}

fn code(result: Result<Manifest, EngineError>) -> FailCode {
	result.unwrap_err().code
}

fn text(path: &Path) -> &str {
	path.to_str().unwrap()
}
