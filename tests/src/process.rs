//! A process whose log can be waited on.

use std::{
	io::{BufRead, BufReader, Read, Write},
	path::PathBuf,
	process::{Child, Command, Stdio},
	sync::{Arc, Condvar, Mutex, PoisonError},
	time::{Duration, Instant},
};

/// Longest wait for a line; long, because the machine may be busy. A test ends as soon as the line comes.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// Lines of a log that a failed test shows.
const LAST_LINES: usize = 40;

#[derive(Default)]
struct Log {
	/// Lines, and how many of the two streams have ended.
	lines: Mutex<(Vec<String>, usize)>,
	more: Condvar,
}

/// A child process; killed when dropped.
pub struct Process {
	name: String,
	child: Child,
	log: Arc<Log>,
	file: PathBuf,
}

impl Process {
	/// Starts `command`; its stdout and stderr go to `NAME.log` in a folder of their own under the system's temporary one.
	pub fn start(name: &str, mut command: Command) -> Self {
		let folder = std::env::temp_dir().join("millrace-tests");
		std::fs::create_dir_all(&folder).unwrap();
		command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
		let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
		let file = folder.join(format!("{name}-{}.log", child.id()));
		let output = Arc::new(Mutex::new(std::fs::File::create(&file).unwrap()));
		let log = Arc::new(Log::default());
		let streams: [Box<dyn Read + Send>; 2] =
			[Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
		for stream in streams {
			let (log, output) = (log.clone(), output.clone());
			std::thread::spawn(move || {
				let mut reader = BufReader::new(stream);
				let mut bytes = Vec::new();
				while reader.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
					let _ = output.lock().unwrap().write_all(&bytes);
					let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
					log.lines.lock().unwrap().0.push(line);
					log.more.notify_all();
					bytes.clear();
				}
				log.lines.lock().unwrap().1 += 1;
				log.more.notify_all();
			});
		}
		Self { name: name.to_owned(), child, log, file }
	}

	/// Lines so far.
	pub fn lines(&self) -> Vec<String> {
		// Poisoned by a wait that ended in a panic, which is when the lines are wanted most.
		self.log.lines.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
	}

	/// The first line for which `wanted` holds; waits for it.
	pub fn wait_for(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
		let end = Instant::now() + PATIENCE;
		let mut seen = 0;
		let mut state = self.log.lines.lock().unwrap();
		loop {
			if let Some(line) = state.0[seen..].iter().find(|line| wanted(line)) {
				return line.clone();
			}
			seen = state.0.len();
			let left = end.saturating_duration_since(Instant::now());
			assert!(
				!left.is_zero() && state.1 < 2,
				"{} never said {what}; its log is {}, and ends with\n{}",
				self.name,
				self.file.display(),
				state.0[seen.saturating_sub(20)..].join("\n")
			);
			state = self.log.more.wait_timeout(state, left).unwrap().0;
		}
	}

	/// Whether it runs.
	pub fn is_alive(&self) -> bool {
		let status = std::fs::read_to_string(format!("/proc/{}/stat", self.id())).unwrap_or_default();
		// The state stands behind the program's name; Z has ended and was not waited for.
		status.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with('Z') && !rest.is_empty())
	}

	/// The process's id.
	pub fn id(&self) -> u32 {
		self.child.id()
	}

	/// The ids of the processes that it has started.
	pub fn children(&self) -> Vec<u32> {
		let tasks = std::fs::read_dir(format!("/proc/{}/task", self.id())).into_iter().flatten().flatten();
		let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
		lists.flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>()).collect()
	}

	/// SIGKILL: no handler runs, nothing is flushed.
	pub fn kill(&mut self) {
		self.child.kill().unwrap();
		self.child.wait().unwrap();
	}

	/// SIGTERM, and the exit code.
	pub fn terminate(&mut self) -> Option<i32> {
		self.signal("TERM");
		self.ended()
	}

	/// Waits until it has ended, and returns the exit code.
	pub fn ended(&mut self) -> Option<i32> {
		let end = Instant::now() + PATIENCE;
		loop {
			if let Some(status) = self.child.try_wait().unwrap() {
				return status.code();
			}
			assert!(Instant::now() < end, "{} does not end; its log is {}", self.name, self.file.display());
			std::thread::sleep(Duration::from_millis(20));
		}
	}

	/// Sends a signal by its name: TERM, STOP, CONT.
	pub fn signal(&self, name: &str) {
		let id = self.child.id().to_string();
		assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
	}
}

impl Drop for Process {
	fn drop(&mut self) {
		let _ = self.child.kill();
		let _ = self.child.wait();
		if std::thread::panicking() {
			// Where nobody can look at the file any more, as after a build server's run.
			let lines = self.lines();
			let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n");
			eprintln!("log of {}, {}, ends with\n{last}", self.name, self.file.display());
		} else {
			let _ = std::fs::remove_file(&self.file);
		}
	}
}
