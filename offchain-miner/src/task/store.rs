//! All workspaces: what is kept, for how long, and what has to go.

#[cfg(test)]
mod tests;

use std::{
	collections::BTreeMap,
	fs::{self, File},
	io::{self, Write},
	os::unix::fs::{chown, MetadataExt, PermissionsExt},
	path::{Path, PathBuf},
	sync::{Mutex, MutexGuard, PoisonError},
	time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use super::{
	broken, denied, outputs,
	sandbox::Identity,
	workspace::{self, Taken},
	Digest, Made, Manifest, TaskSettings, MEGABYTE,
};
use crate::engines::EngineError;

/// The file in a workspace that says what became of its task.
const RECORD: &str = "task.json";

const HOUR: Duration = Duration::from_secs(3_600);

/// Which task: the job and its attempt.
pub(super) type Ticket = (u64, u8);

/// What a task was asked to do: digests of its definition and of its document.
pub(super) type Asked = (Digest, Digest);

/// What became of a task.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum Ending {
	/// It ran to its end.
	Finished {
		manifest: Manifest,
		took_ms: u64,
		/// Of each output, what tells whether it is still the file that was hashed.
		stamps: Vec<Stamp>,
	},
	/// It failed.
	Failed { why: String },
}

/// Length, inode, and the times of a file's last changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
struct Stamp {
	length: u64,
	inode: u64,
	modified: (i64, i64),
	changed: (i64, i64),
}

impl Stamp {
	fn of(file: &File) -> io::Result<Self> {
		let found = file.metadata()?;
		Ok(Self {
			length: found.len(),
			inode: found.ino(),
			modified: (found.mtime(), found.mtime_nsec()),
			changed: (found.ctime(), found.ctime_nsec()),
		})
	}
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
struct Record {
	asked: Asked,
	/// Seconds since 1970.
	ended_at: u64,
	/// Bytes on disk.
	bytes: u64,
	#[serde(flatten)]
	ending: Ending,
}

/// A file that a finished task made.
#[derive(Debug)]
pub struct Artifact {
	/// Where it is.
	pub path: PathBuf,
	/// What was told of it.
	pub made: Made,
}

#[derive(Default)]
struct State {
	/// Bytes that running tasks may come to take.
	reserved: BTreeMap<Ticket, u64>,
	ended: BTreeMap<Ticket, Record>,
}

/// The folder of all workspaces, each of them `JOB-ATTEMPT`.
pub(super) struct Store {
	root: PathBuf,
	quota: u64,
	keep_finished: Duration,
	keep_failed: Duration,
	identity: Option<Identity>,
	state: Mutex<State>,
}

impl Store {
	/// Opens the folder; it is made if it does not exist. Tasks that were running when the miner ended have no record: what
	/// is left of them is removed.
	pub(super) fn open(root: PathBuf, settings: &TaskSettings, identity: Option<Identity>) -> io::Result<Self> {
		fs::create_dir_all(&root)?;
		let root = fs::canonicalize(root)?;
		close(&root, identity)?;
		let mut ended = BTreeMap::new();
		for found in fs::read_dir(&root)? {
			let found = found?;
			let Some(ticket) = found.file_name().to_str().and_then(ticket_of) else { continue };
			let text = fs::read(found.path().join(RECORD)).unwrap_or_default();
			match serde_json::from_slice::<Record>(&text) {
				Ok(record) => drop(ended.insert(ticket, record)),
				Err(_) => {
					tracing::info!(job = ticket.0, attempt = ticket.1, event = %"task_cleaned", "it was cut off");
					workspace::remove(&found.path())?;
				}
			}
		}
		let hours = |hours: u32| HOUR.saturating_mul(hours);
		let store = Self {
			root,
			quota: settings.quota_mb.saturating_mul(MEGABYTE),
			keep_finished: hours(settings.keep_finished_hours),
			keep_failed: hours(settings.keep_failed_hours),
			identity,
			state: Mutex::new(State { reserved: BTreeMap::new(), ended }),
		};
		store.prune(SystemTime::now());
		Ok(store)
	}

	/// The state is whole between any two of its changes, so that a panic leaves nothing half done.
	fn lock(&self) -> MutexGuard<'_, State> {
		self.state.lock().unwrap_or_else(PoisonError::into_inner)
	}

	fn path(&self, (job, attempt): Ticket) -> PathBuf {
		self.root.join(format!("{job}-{attempt}"))
	}

	/// The manifest of this very task, and the milliseconds that it took, if it is finished and all that it made is there.
	pub(super) fn finished(&self, ticket: Ticket, asked: Asked) -> Option<(Manifest, u64)> {
		let record = self.lock().ended.get(&ticket).filter(|record| record.asked == asked).cloned()?;
		let Ending::Finished { manifest, took_ms, stamps } = record.ending else { return None };
		let whole = manifest.outputs.iter().zip(&stamps);
		whole.into_iter().all(|(made, stamp)| self.intact(ticket, made, stamp).is_some()).then_some((manifest, took_ms))
	}

	/// Makes a workspace for a task that may come to take `bytes`; what ended first goes first if there is no room.
	///
	/// # Errors
	///
	/// [`millrace_primitives::FailCode::Denied`] when there is no room under the quota.
	pub(super) fn begin(&self, ticket: Ticket, bytes: u64) -> Result<PathBuf, EngineError> {
		self.prune(SystemTime::now());
		let mut state = self.lock();
		if state.reserved.contains_key(&ticket) {
			return Err(broken("this task is running"));
		}
		let reserved = state.reserved.values().fold(0u64, |sum, bytes| sum.saturating_add(*bytes));
		if reserved.saturating_add(bytes) > self.quota {
			return Err(denied(format!("{bytes} bytes more are over the quota, task.quota_mb")));
		}
		self.forget(&mut state, ticket).map_err(broken)?;
		loop {
			let kept = state.ended.values().fold(0u64, |sum, record| sum.saturating_add(record.bytes));
			if kept.saturating_add(reserved).saturating_add(bytes) <= self.quota {
				break;
			}
			let oldest = state.ended.iter().min_by_key(|(_, record)| record.ended_at).map(|(ticket, _)| *ticket);
			let Some(oldest) = oldest else { break };
			self.forget(&mut state, oldest).map_err(broken)?;
		}
		let path = self.path(ticket);
		workspace::remove(&path).map_err(broken)?;
		workspace::make(&path, self.identity).map_err(broken)?;
		state.reserved.insert(ticket, bytes);
		Ok(path)
	}

	/// Keeps what a task made.
	pub(super) fn finish(&self, ticket: Ticket, asked: Asked, manifest: &Manifest, took: Duration) -> io::Result<()> {
		let path = self.path(ticket);
		for name in [workspace::INPUT, workspace::WORK] {
			workspace::remove(&path.join(name))?;
		}
		let folder = path.join(workspace::OUTPUT);
		let stamp = |made: &Made| Stamp::of(&File::open(folder.join(&made.path))?);
		let stamps = manifest.outputs.iter().map(stamp).collect::<io::Result<_>>()?;
		let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
		self.end(ticket, asked, Ending::Finished { manifest: manifest.clone(), took_ms, stamps })
	}

	/// Keeps what a task left behind, for its owner to look at.
	pub(super) fn fail(&self, ticket: Ticket, asked: Asked, why: &str) -> io::Result<()> {
		self.end(ticket, asked, Ending::Failed { why: why.to_owned() })
	}

	/// Whether a task's record is written.
	pub(super) fn has_ended(&self, ticket: Ticket) -> bool {
		self.lock().ended.contains_key(&ticket)
	}

	/// Removes what an unwanted task left behind.
	pub(super) fn abandon(&self, ticket: Ticket) -> io::Result<()> {
		let mut state = self.lock();
		state.reserved.remove(&ticket);
		self.forget(&mut state, ticket)
	}

	fn end(&self, ticket: Ticket, asked: Asked, ending: Ending) -> io::Result<()> {
		let path = self.path(ticket);
		let all = Taken { bytes: u64::MAX, files: u64::MAX };
		let bytes = Taken::by(std::slice::from_ref(&path), all).map_or(self.quota, |taken| taken.bytes);
		let record = Record { asked, ended_at: seconds(SystemTime::now()), bytes, ending };
		write_whole(&path, RECORD, &serde_json::to_vec_pretty(&record)?)?;
		let mut state = self.lock();
		state.reserved.remove(&ticket);
		state.ended.insert(ticket, record);
		Ok(())
	}

	fn forget(&self, state: &mut State, ticket: Ticket) -> io::Result<()> {
		workspace::remove(&self.path(ticket))?;
		state.ended.remove(&ticket);
		Ok(())
	}

	/// Removes what was kept long enough.
	pub(super) fn prune(&self, now: SystemTime) {
		let now = seconds(now);
		let mut state = self.lock();
		let over = |record: &Record| {
			let keep = match record.ending {
				Ending::Finished { .. } => self.keep_finished,
				Ending::Failed { .. } => self.keep_failed,
			};
			record.ended_at.saturating_add(keep.as_secs()) <= now
		};
		let old: Vec<Ticket> =
			state.ended.iter().filter(|(_, record)| over(record)).map(|(ticket, _)| *ticket).collect();
		for ticket in old {
			if let Err(error) = self.forget(&mut state, ticket) {
				tracing::warn!(job = ticket.0, attempt = ticket.1, event = %"task_stuck", %error, "it can't be removed");
			}
		}
	}

	/// The file with this sha256 that a finished task made, if it is still the one that was hashed.
	pub(super) fn artifact(&self, sha256: Digest) -> Option<Artifact> {
		let mut found = Vec::new();
		for (ticket, record) in &self.lock().ended {
			if let Ending::Finished { manifest, stamps, .. } = &record.ending {
				let outputs = manifest.outputs.iter().zip(stamps);
				found.extend(
					outputs
						.filter(|(made, _)| made.sha256 == sha256)
						.map(|(made, stamp)| (*ticket, made.clone(), *stamp)),
				);
			}
		}
		found.into_iter().find_map(|(ticket, made, stamp)| {
			let path = self.intact(ticket, &made, &stamp)?;
			Some(Artifact { path, made })
		})
	}

	/// The path of an output; it is hashed again if anything about the file has changed.
	fn intact(&self, ticket: Ticket, made: &Made, stamp: &Stamp) -> Option<PathBuf> {
		let path = self.path(ticket).join(workspace::OUTPUT).join(&made.path);
		let mut file = File::open(&path).ok()?;
		let same = Stamp::of(&file).ok()? == *stamp || outputs::digest_of(&mut file).ok()? == made.sha256;
		same.then_some(path)
	}
}

/// Closes the folder to all but the miner and whom its tasks run as.
fn close(root: &Path, identity: Option<Identity>) -> io::Result<()> {
	let mode = match identity {
		None => 0o700,
		Some(identity) => {
			for above in root.ancestors().skip(1) {
				if fs::metadata(above)?.permissions().mode() & 0o001 == 0 {
					return Err(io::Error::other(format!(
						"a miner that is root runs tasks as user {}, who can't enter {}; run chmod o+x on it, or take another \
						 work_dir",
						identity.user,
						above.display()
					)));
				}
			}
			chown(root, None, Some(identity.group))?;
			0o710
		}
	};
	fs::set_permissions(root, fs::Permissions::from_mode(mode))
}

fn seconds(time: SystemTime) -> u64 {
	time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn ticket_of(name: &str) -> Option<Ticket> {
	let (job, attempt) = name.split_once('-')?;
	Some((job.parse().ok()?, attempt.parse().ok()?))
}

/// Writes a file that is either there as a whole or not at all.
fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
	let part = folder.join(format!("{name}.part"));
	let mut file = File::create(&part)?;
	file.write_all(bytes)?;
	file.sync_all()?;
	fs::rename(&part, folder.join(name))
}
