//! The first process of the namespace: it gives up every right, starts the program, and waits.

use std::{
	fs::File,
	io::{self, Read, Write},
	os::unix::process::{CommandExt, ExitStatusExt},
	process::{Command, ExitCode, ExitStatus, Stdio},
};

use rustix::process::{
	getpriority_process, set_dumpable_behavior, set_parent_process_death_signal, setpriority_process, setrlimit, wait,
	DumpableBehavior, Resource, Rlimit, Signal, WaitOptions,
};

use super::{laws, system, Ending, Spec, MAX_MESSAGE_BYTES};
use crate::task::workspace::LOGS;

pub(super) fn main() -> ExitCode {
	let ending = keep().unwrap_or_else(|error| Ending::Unstarted(error.to_string()));
	let told = serde_json::to_vec(&ending).map_err(io::Error::from).and_then(|told| io::stdout().write_all(&told));
	match told {
		Ok(()) => ExitCode::SUCCESS,
		Err(_) => ExitCode::FAILURE,
	}
}

fn keep() -> io::Result<Ending> {
	set_parent_process_death_signal(Some(Signal::KILL))?;
	// Else the program, which is the same user, could look into this process and write its report.
	set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
	let mut text = Vec::new();
	io::stdin().lock().take(MAX_MESSAGE_BYTES).read_to_end(&mut text)?;
	let spec: Spec = serde_json::from_slice(&text)?;
	let log = |name: &str| File::create(format!("{LOGS}/{name}"));
	let logs = if spec.command.is_empty() { None } else { Some((log("stdout")?, log("stderr")?)) };
	step_back(&spec)?;
	laws::restrict(&spec).map_err(io::Error::other)?;
	limit(&spec)?;
	laws::forbid_calls(spec.network).map_err(io::Error::other)?;
	let (Some((stdout, stderr)), Some((program, arguments))) = (logs, spec.command.split_first()) else {
		return Ok(Ending::Exited(0));
	};
	let mut command = Command::new(program);
	command.args(arguments).env_clear().envs(spec.env.iter().map(|(name, value)| (name, value)));
	// A signal that it sends to its own group must not reach those who watch it.
	command.stdin(Stdio::null()).stdout(stdout).stderr(stderr).process_group(0);
	let child = command.spawn().map_err(|error| io::Error::other(format!("{program} can't be started: {error}")))?;
	await_end(child.id())
}

/// Waits for the program, and meanwhile for every orphan.
fn await_end(program: u32) -> io::Result<Ending> {
	loop {
		match wait(WaitOptions::empty()) {
			Ok(Some((pid, status))) if pid.as_raw_nonzero().get().unsigned_abs() == program => {
				let status = ExitStatus::from_raw(status.as_raw());
				let unknown = || io::Error::other("it ended in no known way");
				let signalled = || status.signal().map(Ending::Signalled);
				return status.code().map(Ending::Exited).or_else(signalled).ok_or_else(unknown);
			}
			Ok(_) | Err(rustix::io::Errno::INTR) => {}
			Err(error) => return Err(error.into()),
		}
	}
}

fn step_back(spec: &Spec) -> io::Result<()> {
	// The miner may have stepped back further itself, and nobody may come forward again.
	setpriority_process(None, spec.nice.max(getpriority_process(None)?))?;
	system::step_back()
}

fn limit(spec: &Spec) -> io::Result<()> {
	// A process that ignores the signal is killed a second later.
	let seconds = Rlimit { current: Some(spec.cpu_secs), maximum: Some(spec.cpu_secs.saturating_add(1)) };
	setrlimit(Resource::Cpu, seconds)?;
	for (resource, most) in [
		(Resource::As, spec.address_space),
		(Resource::Nofile, spec.open_files),
		(Resource::Fsize, spec.disk),
		// The supervisor and the keeper are two of them.
		(Resource::Nproc, spec.processes.saturating_add(2)),
		(Resource::Core, 0),
		(Resource::Memlock, 0),
		(Resource::Msgqueue, 0),
	] {
		setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
	}
	Ok(())
}
