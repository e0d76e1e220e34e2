//! What can be seen without the chain.

use std::{io, net::TcpListener, path::Path, time::Duration};

use millrace_client::Error;
use millrace_primitives::AccountId32;
use serde_json::Value;

use super::report::Check;
use crate::{
	config::Config,
	disk,
	engines::EngineError,
	hardware::size,
	probe::{EngineReport, Probe},
	shell::quoted,
	task::{sandbox::Sandbox, AllowList},
};

/// The operator's account and what is to be said of its key.
pub(super) fn key(config: &Config) -> (Option<AccountId32>, Check) {
	match config.signer() {
		Ok(signer) if config.dev_operator.is_some() => {
			let operator = signer.account_id();
			let found = format!("{operator}: a well-known key, which everybody can sign with");
			(Some(operator), Check::warn("key", found, "use it on development chains only"))
		}
		Ok(signer) => (Some(signer.account_id()), Check::ok("key", signer.account_id().to_string())),
		Err(error) => {
			let file = config.operator_key_file.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
			let mend = match error.downcast_ref::<Error>() {
				Some(_) => {
					format!("{file} has to hold a mnemonic of 12 words, a 0x seed or a secret URI on its first line")
				}
				None if error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::NotFound) => {
					"`millrace-miner init` makes a key; or copy the operator's from its backup".into()
				}
				None if error.downcast_ref::<io::Error>().is_some() => {
					format!("let this user read it: chown it to {}", user())
				}
				None => format!("chmod 600 {}", quoted(&file)),
			};
			(None, Check::broken("key", format!("{error:#}"), mend))
		}
	}
}

fn user() -> String {
	format!("user {}", rustix::process::geteuid().as_raw())
}

/// Each engine, and each of its models.
pub(super) fn engines(probe: &Probe) -> Vec<Check> {
	let mut checks = Vec::new();
	for EngineReport { kind, problem, models } in &probe.engines {
		if let Some(problem) = problem {
			let mend = match *kind {
				"llama" => "see what accel = \"auto\" would take: `millrace-miner probe`",
				_ => "start the server, or correct its address in the configuration",
			};
			checks.push(Check::broken("engine", format!("{kind}: {problem}"), mend));
			continue;
		}
		if models.is_empty() {
			checks.push(Check::broken("engine", format!("{kind}: it has no model"), "add the models that you offer"));
			continue;
		}
		checks.push(Check::ok("engine", format!("{kind}, {} models", models.len())));
		for model in models {
			let digest = model.digest.as_deref().unwrap_or_default();
			checks.push(match (&model.refusal, &model.warning) {
				(Some(why), _) => Check::broken("model", why.clone(), "correct the path, or offer what fits"),
				(None, Some(why)) => Check::warn("model", why.clone(), "lower slots if such requests are common"),
				(None, None) => Check::ok("model", format!("{} sha256 {digest}", model.name)),
			});
		}
	}
	checks
}

/// What the llama engine computes on.
pub(super) fn gpu(probe: &Probe) -> Vec<Check> {
	if !probe.engines.iter().any(|engine| engine.kind == "llama") {
		return Vec::new();
	}
	let why = probe.accel.why.clone().unwrap_or_default();
	vec![match (probe.accel.chosen, why.is_empty()) {
		(None, _) => Check::broken("gpu", why, "set accel = \"cpu\" or \"auto\", or do as it says"),
		(Some(chosen), true) => Check::ok("gpu", format!("the llama engine runs on the {chosen}")),
		(Some(_), false) if probe.nvidia.gpus.is_empty() => Check::ok("gpu", format!("none; the CPU is used ({why})")),
		(Some(_), false) => Check::warn("gpu", why, "until then the GPU is idle, and offers should be those of a CPU"),
	}]
}

/// Room in the work directory, and whether it can be written.
pub(super) fn work_dir(config: &Config) -> Vec<Check> {
	let path = &config.work_dir;
	let shown = path.display();
	let space = match (disk::too_full(path, config.limits.min_free_disk_mb), disk::of(path)) {
		(Some(why), _) => Check::broken("disk", why, "free space there, or move work_dir to another disk"),
		(None, Ok(disk)) => Check::ok("disk", format!("{} free", size(disk.free))),
		(None, Err(error)) => Check::warn("disk", format!("{shown}: {error}"), "see `df` for the free space"),
	};
	let writable = match writable(config) {
		Ok(()) => Check::ok("work_dir", shown.to_string()),
		Err(error) => {
			let mend = format!("make it, and give it to the miner: chown it to {}", user());
			Check::broken("work_dir", format!("{shown} can't be written: {error}"), mend)
		}
	};
	vec![space, writable]
}

/// Tries it with a file that leaves no trace: in the folder itself or, before the first start, where it will be made.
fn writable(config: &Config) -> io::Result<()> {
	let absolute = std::path::absolute(&config.work_dir)?;
	let existing = absolute.ancestors().find(|path| path.exists()).unwrap_or(&absolute);
	let probe = existing.join(format!(".millrace-doctor-{}", std::process::id()));
	std::fs::File::create_new(&probe)?;
	std::fs::remove_file(&probe)
}

/// Which tasks can be run, and whether this machine can hold them. `program` is this very one.
pub(super) async fn tasks(config: &Config, program: &Path) -> Option<Check> {
	const NAME: &str = "tasks";
	if !config.task.enabled {
		return None;
	}
	let list = match AllowList::read(&config.task.allowlist_dir) {
		Ok(list) => list,
		Err(error) => {
			return Some(Check::broken(NAME, error.to_string(), "correct it: docs/tasks.md explains every key"))
		}
	};
	let names: Vec<&str> = list.iter().map(|entry| entry.name.as_str()).collect();
	if names.is_empty() {
		let found = format!("{} has no *.toml", config.task.allowlist_dir.display());
		return Some(Check::warn(NAME, found, "allow a program there, or set task.enabled = false"));
	}
	let tried = match Sandbox::new(program) {
		// The sandbox alone, without a program, leaves nothing behind anywhere.
		Ok(sandbox) => sandbox.try_out(Path::new("/"), false).await,
		Err(error) => Err(EngineError::engine(error)),
	};
	let entries = if names.len() == 1 { "entry" } else { "entries" };
	Some(match tried {
		Ok(()) => Check::ok(NAME, format!("{} {entries}: {}", names.len(), names.join(", "))),
		Err(error) => {
			let mend =
				"allow user namespaces and landlock: docs/tasks.md says what tasks need; until then they are denied";
			Check::broken(NAME, error.message, mend)
		}
	})
}

/// What is to be said of the health report.
#[derive(Default)]
pub(super) struct Http {
	/// Of its address.
	pub(super) checks: Vec<Check>,
	/// Whether this very miner serves it.
	pub(super) runs: bool,
}

/// Whether the address of the health report is free, or is that of this very miner.
pub(super) async fn http(config: &Config, operator: Option<&AccountId32>) -> Http {
	let Some(bind) = config.http_bind else { return Http::default() };
	let error = match TcpListener::bind(bind) {
		Ok(_) if bind.ip().is_loopback() => {
			return Http { checks: vec![Check::ok("http", format!("{bind} is free"))], runs: false };
		}
		Ok(_) => {
			let found = format!("{bind} is free, and reached by other machines");
			let checks = vec![Check::warn("http", found, "guard it by a firewall or a proxy")];
			return Http { checks, runs: false };
		}
		Err(error) => error,
	};
	let running = health(&format!("http://{bind}/healthz")).await;
	let own = running.as_ref().and_then(|health| health["operator"].as_str());
	let runs = own.is_some() && own == operator.map(ToString::to_string).as_deref();
	let check = match (own, operator) {
		(Some(_), Some(_)) if runs => Check::ok("http", format!("this operator's miner runs at {bind}")),
		(Some(own), _) => Check::broken("http", format!("the miner of {own} is at {bind}"), "take another http_bind"),
		(None, _) => Check::broken("http", format!("{bind} can't be bound: {error}"), "take another http_bind"),
	};
	Http { checks: vec![check], runs }
}

async fn health(url: &str) -> Option<Value> {
	let client = reqwest::Client::builder().timeout(Duration::from_secs(3)).build().ok()?;
	client.get(url).send().await.ok()?.json().await.ok()
}
