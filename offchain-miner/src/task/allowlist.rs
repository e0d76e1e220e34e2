//! What the owner allows: a folder with a TOML file for each command.

#[cfg(test)]
mod tests;
mod value;

use std::{
	collections::BTreeMap,
	fs, io,
	os::unix::fs::PermissionsExt,
	path::{Path, PathBuf},
};

use serde::Deserialize;

pub use value::{Pattern, Program, Within};

use super::{bad, Digest, MEGABYTE};
use crate::{
	config::{parse_as, place_of, ConfigError},
	engines::EngineError,
};

/// A file of the allow-list is no larger.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// The allow-list has no more files.
const MAX_ENTRIES: usize = 256;

/// What runs whatever it is told: none of these is ever a task.
const SHELLS: [&str; 22] = [
	"ash", "bash", "busybox", "chroot", "csh", "dash", "doas", "env", "fish", "ksh", "mksh", "nice", "nohup",
	"nsenter", "rbash", "setsid", "sh", "su", "sudo", "tcsh", "unshare", "zsh",
];

/// How an entry is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
	/// A program.
	Command,
	/// A script of the owner's, by a Python interpreter that ignores the environment and the user's packages.
	Python,
}

/// What one argument of a job may be.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Argument {
	/// It matches this as a whole.
	pub pattern: Pattern,
	/// Most bytes.
	#[serde(default = "Within::most_argument_bytes")]
	pub max_bytes: Within<1, 4_096>,
	/// Whether it may begin with `-`, and so be taken for an option.
	#[serde(default)]
	pub option: bool,
}

/// A command that jobs may run. Sizes are in megabytes (10^6 bytes).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
	/// The name of its file, without `.toml`.
	#[serde(skip)]
	pub name: String,
	/// How it is run.
	pub kind: Kind,
	/// Digest of the task in the chain's registry that it carries out.
	pub definition: Digest,
	/// The program, or the Python interpreter.
	pub path: Program,
	/// The Python script.
	pub script: Option<Program>,
	/// sha256 of the script, or of the program.
	pub sha256: Option<Digest>,
	/// Arguments that always come first.
	#[serde(default)]
	pub fixed: Vec<String>,
	/// What the job's own arguments may be, by position. A job gives exactly as many.
	#[serde(default)]
	pub arguments: Vec<Argument>,
	/// Seconds that it may run.
	pub run_secs: Within<1, 86_400>,
	/// Seconds of computing for each process; by default `run_secs`.
	pub cpu_secs: Option<Within<1, 86_400>>,
	/// Resident memory of all its processes.
	pub memory_mb: Within<1, 4_000_000>,
	/// Address space of each process; by default four times `memory_mb`, at least 1,000.
	pub address_space_mb: Option<Within<256, 16_000_000>>,
	/// Processes and threads at a time.
	#[serde(default = "Within::processes")]
	pub processes: Within<1, 4_096>,
	/// Open files of each process.
	#[serde(default = "Within::open_files")]
	pub open_files: Within<16, 65_536>,
	/// The outputs of a job together.
	pub output_mb: Within<1, 1_000_000>,
	/// Everything that it and its inputs take on disk together.
	pub disk_mb: Within<1, 1_000_000>,
	/// Files and folders that it may make.
	#[serde(default = "Within::disk_files")]
	pub disk_files: Within<1, 100_000>,
	/// Whether it may use the network: all of it, this machine and its neighbours included.
	#[serde(default)]
	pub network: bool,
	/// How much it steps back for other programs.
	#[serde(default = "Within::nice")]
	pub nice: Within<0, 19>,
	/// More files and folders that it may read, beside the system's libraries.
	#[serde(default)]
	pub read: Vec<Program>,
	/// More programs that it may start, beside itself.
	#[serde(default)]
	pub execute: Vec<Program>,
	/// Environment variables. It has no others but `PATH`, `HOME`, `TMPDIR` and `LANG`.
	#[serde(default)]
	pub env: BTreeMap<String, String>,
}

impl Within<1, 4_096> {
	fn most_argument_bytes() -> Self {
		Self::clamped(256)
	}

	fn processes() -> Self {
		Self::clamped(16)
	}
}

impl Within<16, 65_536> {
	fn open_files() -> Self {
		Self::clamped(256)
	}
}

impl Within<1, 100_000> {
	fn disk_files() -> Self {
		Self::clamped(1_000)
	}
}

impl Within<0, 19> {
	fn nice() -> Self {
		Self::clamped(10)
	}
}

impl Entry {
	/// Reads an entry from the text of its file; `path` names it.
	///
	/// # Errors
	///
	/// With the file and the line.
	pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
		let mut entry: Self = parse_as(path, text)?;
		let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
		if !super::document::is_name(name) {
			let what =
				format!("{name:?} is no name of an entry; expected letters, digits, '.', '_' and '-', at most 64");
			return Err(ConfigError::Value { from: Some(path.into()), what });
		}
		entry.name = name.into();
		entry.check().map_err(|(key, what)| place_of(path, text, key, what))?;
		Ok(entry)
	}

	/// What is wrong, and at which key.
	fn check(&self) -> Result<(), (&'static str, String)> {
		let mistake = |key, what: &str| Err((key, what.to_owned()));
		match (self.kind, &self.script, &self.sha256) {
			(Kind::Python, None, _) => return mistake("kind", "a python entry needs the script's path in `script`"),
			(Kind::Python, Some(_), None) => return mistake("script", "the script needs its `sha256`"),
			(Kind::Command, Some(_), _) => return mistake("script", "a command has no script; use kind = \"python\""),
			_ => {}
		}
		check_program(&self.path.0, true).map_err(|what| ("path", what))?;
		if let Some(script) = &self.script {
			check_program(&script.0, false).map_err(|what| ("script", what))?;
		}
		for path in self.read.iter().map(|path| ("read", path)).chain(self.execute.iter().map(|path| ("execute", path)))
		{
			fs::metadata(&path.1 .0).map_err(|error| (path.0, format!("{}: {error}", path.1 .0.display())))?;
		}
		if self.fixed.iter().any(|word| word.contains('\0')) {
			return mistake("fixed", "an argument can't have a NUL");
		}
		let is_variable = |name: &str| {
			name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
				&& name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
		};
		if self.env.iter().any(|(name, value)| !is_variable(name) || value.contains('\0')) {
			return mistake("env", "expected names such as OMP_NUM_THREADS, and values without a NUL");
		}
		if self.output_mb.get() > self.disk_mb.get() {
			return mistake("output_mb", "more than disk_mb, which holds the outputs too");
		}
		Ok(())
	}

	/// Whether the arguments of a job are allowed.
	///
	/// # Errors
	///
	/// [`millrace_primitives::FailCode::BadInput`]: what is wrong with which argument, by its position from 1.
	pub fn accept(&self, arguments: &[String]) -> Result<(), EngineError> {
		if arguments.len() != self.arguments.len() {
			return Err(bad(format!("{} arguments; {} takes {}", arguments.len(), self.name, self.arguments.len())));
		}
		for (at, (given, rule)) in (1..).zip(arguments.iter().zip(&self.arguments)) {
			let problem = if given.len() as u64 > rule.max_bytes.get() {
				Some("it is too long")
			} else if given.chars().any(char::is_control) {
				Some("it has a control character")
			} else if given.starts_with('-') && !rule.option {
				Some("it could be taken for an option")
			} else if !rule.pattern.matches(given) {
				Some("it does not match the pattern")
			} else {
				None
			};
			if let Some(problem) = problem {
				return Err(bad(format!("argument {at}: {problem}")));
			}
		}
		Ok(())
	}

	/// Bytes of address space for each process.
	pub(super) fn address_space(&self) -> u64 {
		let megabytes = self.address_space_mb.map_or_else(|| (self.memory_mb.get() * 4).max(1_000), |own| own.get());
		megabytes * MEGABYTE
	}
}

/// Whether the owner meant this file: nobody else can have changed it, and it is no shell.
fn check_program(path: &Path, run: bool) -> Result<(), String> {
	let shown = path.display();
	let real = fs::canonicalize(path).map_err(|error| format!("{shown}: {error}"))?;
	let found = fs::metadata(&real).map_err(|error| format!("{shown}: {error}"))?;
	let mode = found.permissions().mode();
	if !found.is_file() || run && mode & 0o111 == 0 {
		return Err(format!("{shown} is no {}", if run { "program" } else { "file" }));
	}
	if mode & 0o002 != 0 {
		return Err(format!("{shown} can be changed by everybody (mode {:o}); run chmod o-w on it", mode & 0o777));
	}
	for name in [path, &real].into_iter().filter_map(|path| path.file_name()?.to_str()) {
		if run && SHELLS.contains(&name) {
			return Err(format!("{shown} runs whatever it is told; name the program itself"));
		}
	}
	Ok(())
}

/// Everything that is allowed.
#[derive(Clone, Debug, Default)]
pub struct AllowList {
	entries: BTreeMap<String, Entry>,
}

impl AllowList {
	/// Reads every `*.toml` in a folder.
	///
	/// # Errors
	///
	/// With the file and the line.
	pub fn read(folder: &Path) -> Result<Self, ConfigError> {
		let unreadable = |error| ConfigError::Read { path: folder.into(), error };
		let mut paths: Vec<PathBuf> = Vec::new();
		for found in fs::read_dir(folder).map_err(unreadable)? {
			let path = found.map_err(unreadable)?.path();
			if path.extension().is_some_and(|extension| extension == "toml") {
				paths.push(path);
			}
		}
		if paths.len() > MAX_ENTRIES {
			let what = format!("more than {MAX_ENTRIES} files");
			return Err(ConfigError::Value { from: Some(folder.into()), what });
		}
		paths.sort();
		let mut entries = BTreeMap::new();
		for path in paths {
			let text = read_file(&path).map_err(|error| ConfigError::Read { path: path.clone(), error })?;
			let entry = Entry::parse(&path, &text)?;
			entries.insert(entry.name.clone(), entry);
		}
		Ok(Self { entries })
	}

	/// The entry of this name.
	pub fn get(&self, name: &str) -> Option<&Entry> {
		self.entries.get(name)
	}

	/// All of them, by name.
	pub fn iter(&self) -> impl Iterator<Item = &Entry> {
		self.entries.values()
	}
}

fn read_file(path: &Path) -> io::Result<String> {
	let found = fs::metadata(path)?;
	if found.permissions().mode() & 0o002 != 0 {
		return Err(io::Error::other("it can be changed by everybody; run chmod o-w on it"));
	}
	if found.len() > MAX_FILE_BYTES {
		return Err(io::Error::other(format!("it is larger than {MAX_FILE_BYTES} bytes")));
	}
	fs::read_to_string(path)
}
