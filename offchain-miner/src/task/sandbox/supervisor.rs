//! The process outside of the namespace: it watches.

use std::{
	io::{self, Read, Write},
	path::PathBuf,
	process::{Child, Command, ExitCode, Stdio},
	thread,
	time::{Duration, Instant},
};

use rustix::{
	fs::{fcntl_getfl, fcntl_setfl, OFlags},
	process::Signal,
};

use super::{system, watch, Ending, Report, Spec, MAX_MESSAGE_BYTES, SUBCOMMAND};
use crate::task::workspace::{Taken, LOGS, OUTPUT, WORK};

/// Memory is looked at so often.
const TICK: Duration = Duration::from_millis(20);
/// The first looks, which most short tasks end within.
const FIRST_TICK: Duration = Duration::from_millis(1);
/// Disk is looked at every so many ticks.
const DISK_TICKS: u32 = 10;

pub(super) fn main() -> ExitCode {
	let Ok(spec) = read_spec() else { return ExitCode::FAILURE };
	let report = supervise(&spec).unwrap_or_else(|error| unstarted(error.to_string()));
	let told = serde_json::to_vec(&report).map_err(io::Error::from).and_then(|told| io::stdout().write_all(&told));
	match told {
		Ok(()) => ExitCode::SUCCESS,
		Err(_) => ExitCode::FAILURE,
	}
}

fn unstarted(why: String) -> Report {
	Report { ending: Ending::Unstarted(why), peak: 0 }
}

/// The first line of the standard input, byte by byte: what comes after it must stay there.
fn read_spec() -> io::Result<Spec> {
	let (mut input, mut line) = (io::stdin().lock(), Vec::new());
	loop {
		let mut byte = [0];
		input.read_exact(&mut byte)?;
		if byte == [b'\n'] || line.len() as u64 > MAX_MESSAGE_BYTES {
			return Ok(serde_json::from_slice(&line)?);
		}
		line.push(byte[0]);
	}
}

fn supervise(spec: &Spec) -> io::Result<Report> {
	let named = |what: &str, error: io::Error| io::Error::other(format!("{what}: {error}"));
	system::leave(spec.network).map_err(|error| named("no namespaces", error))?;
	let mut keeper = Command::new("/proc/self/exe");
	keeper.arg(SUBCOMMAND).arg("keep").env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
	let mut keeper = keeper.spawn().map_err(|error| named("no keeper", error))?;
	let handed = serde_json::to_vec(spec).map_err(io::Error::from).and_then(|spec| match keeper.stdin.take() {
		Some(mut input) => input.write_all(&spec),
		None => Err(io::Error::other("no pipe")),
	});
	let watched = handed.and_then(|()| watch_over(&mut keeper, spec));
	// The first process of the namespace: with it all others end, and the wait is over when they are gone.
	let _ = keeper.kill();
	keeper.wait()?;
	watched
}

/// Until the keeper has ended, or has to.
fn watch_over(keeper: &mut Child, spec: &Spec) -> io::Result<Report> {
	let (began, limit) = (Instant::now(), Duration::from_millis(spec.run_ms));
	fcntl_setfl(io::stdin(), fcntl_getfl(io::stdin())? | OFlags::NONBLOCK)?;
	let most = Taken { bytes: spec.disk, files: spec.disk_files };
	let folders: Vec<PathBuf> = [WORK, OUTPUT, LOGS].iter().map(PathBuf::from).collect();
	let tried = spec.command.is_empty();
	// What can't be counted is too much. Where the sandbox is only tried, the folders are none of its own.
	let too_full = || !tried && Taken::by(&folders, most).map_or(true, |taken| taken.exceeds(most));
	let (mut peak, mut ticks, mut pause) = (0, 0u32, FIRST_TICK);
	loop {
		if !miner_lives() {
			return Ok(unstarted("the miner is gone, or wants no more of it".into()));
		}
		if keeper.try_wait()?.is_some() {
			break;
		}
		peak = peak.max(watch::resident(keeper.id()));
		let ending = if peak > spec.memory {
			Some(Ending::Memory)
		} else if began.elapsed() >= limit {
			Some(Ending::Time)
		} else if ticks % DISK_TICKS == 0 && too_full() {
			Some(Ending::Disk)
		} else {
			None
		};
		if let Some(ending) = ending {
			return Ok(Report { ending, peak });
		}
		ticks = ticks.wrapping_add(1);
		thread::sleep(pause);
		pause = (pause * 2).min(TICK);
	}
	let mut told = Vec::new();
	if let Some(output) = keeper.stdout.take() {
		output.take(MAX_MESSAGE_BYTES).read_to_end(&mut told)?;
	}
	if too_full() {
		return Ok(Report { ending: Ending::Disk, peak });
	}
	let ending = match serde_json::from_slice(&told) {
		// The computing time of a process was over.
		Ok(Ending::Signalled(signal)) if signal == Signal::XCPU.as_raw() => Ending::Time,
		// A file was over the disk's bound.
		Ok(Ending::Signalled(signal)) if signal == Signal::XFSZ.as_raw() => Ending::Disk,
		// Nobody in the namespace can have done that to the keeper.
		Err(_) => Ending::Unstarted("its keeper was killed".into()),
		Ok(ending) => ending,
	};
	Ok(Report { ending, peak })
}

/// The miner holds the other end of the standard input, and writes nothing more to it.
fn miner_lives() -> bool {
	match io::stdin().lock().read(&mut [0]) {
		Ok(read) => read > 0,
		Err(error) => error.kind() == io::ErrorKind::WouldBlock || error.kind() == io::ErrorKind::Interrupted,
	}
}
