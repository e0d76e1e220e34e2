//! Outputs: taken from the workspace when nothing of the task runs any more.

use std::{
	fs::{self, File},
	io::{self, Read, Seek, SeekFrom},
	os::unix::fs::{MetadataExt, PermissionsExt},
	path::Path,
};

use rustix::{
	fs::{openat2, Mode, OFlags, ResolveFlags},
	io::Errno,
};
use sha2::{Digest as _, Sha256};

use super::{bad, broken, workspace, Digest, Made, Output, Tail};
use crate::engines::EngineError;

/// A tail is read of so many last bytes.
const TAIL_BYTES: u64 = 2_048;

/// Keeps the declared outputs that are there, and nothing else, in the workspace's `output`; and the paths of those that
/// are missing.
///
/// # Errors
///
/// [`millrace_primitives::FailCode::BadInput`] when one is larger than the document allows;
/// [`millrace_primitives::FailCode::EngineError`] when one is no plain file inside the workspace.
pub(super) fn keep(workspace: &Path, declared: &[Output]) -> Result<(Vec<Made>, Vec<String>), EngineError> {
	let (folder, aside) = (workspace.join(workspace::OUTPUT), workspace.join("made"));
	fs::rename(&folder, &aside).map_err(broken)?;
	workspace::make_folder(&folder).map_err(broken)?;
	let root = File::open(&aside).map_err(broken)?;
	let (mut made, mut missing) = (Vec::new(), Vec::new());
	for output in declared {
		let Some(mut file) = open(&root, &output.path)? else {
			missing.push(output.path.clone());
			continue;
		};
		let (sha256, bytes) = hash(&mut file, output)?;
		let to = folder.join(&output.path);
		if let Some(parent) = to.parent() {
			fs::create_dir_all(parent).map_err(broken)?;
		}
		fs::rename(aside.join(&output.path), &to).map_err(broken)?;
		file.set_permissions(fs::Permissions::from_mode(0o444)).map_err(broken)?;
		made.push(Made { path: output.path.clone(), sha256, bytes, media_type: output.media_type.clone() });
	}
	workspace::remove(&aside).map_err(broken)?;
	Ok((made, missing))
}

/// Opens a plain file below `root` whose way there has no link.
fn open(root: &File, path: &str) -> Result<Option<File>, EngineError> {
	// A pipe would block without NONBLOCK.
	let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
	let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
	let file = match openat2(root, path, flags, Mode::empty(), resolve) {
		Ok(file) => File::from(file),
		Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
		Err(Errno::LOOP) => return Err(broken(format!("output {path} is a symbolic link, or behind one"))),
		Err(error) => return Err(broken(format!("output {path} can't be read: {error}"))),
	};
	let found = file.metadata().map_err(broken)?;
	if !found.is_file() || found.nlink() != 1 {
		return Err(broken(format!("output {path} is no plain file")));
	}
	Ok(Some(file))
}

fn hash(file: &mut File, output: &Output) -> Result<(Digest, u64), EngineError> {
	let mut hash = Sha256::new();
	let bytes = io::copy(&mut file.take(output.max_bytes.saturating_add(1)), &mut hash).map_err(broken)?;
	if bytes > output.max_bytes {
		return Err(bad(format!("output {} is larger than its max_bytes", output.path)));
	}
	Ok((Digest(hash.finalize().into()), bytes))
}

/// sha256 of a whole file.
pub(super) fn digest_of(file: &mut File) -> io::Result<Digest> {
	let mut hash = Sha256::new();
	io::copy(file, &mut hash)?;
	Ok(Digest(hash.finalize().into()))
}

/// The end of a log in the workspace.
pub(super) fn tail(workspace: &Path, name: &str) -> Result<Tail, EngineError> {
	let root = File::open(workspace.join(workspace::LOGS)).map_err(broken)?;
	let Some(mut log) = open(&root, name)? else { return Ok(Tail::default()) };
	let length = log.metadata().map_err(broken)?.len();
	log.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES))).map_err(broken)?;
	let mut end = Vec::new();
	log.take(TAIL_BYTES).read_to_end(&mut end).map_err(broken)?;
	Ok(Tail::new(length, &end))
}

#[cfg(test)]
mod tests {
	use std::os::unix::fs::symlink;

	use millrace_primitives::FailCode;

	use super::*;

	fn output(path: &str, max_bytes: u64) -> Output {
		Output { path: path.into(), media_type: "text/plain".into(), max_bytes }
	}

	/// A workspace whose `output` holds what `fill` puts there, and what is kept of it.
	fn kept(fill: impl FnOnce(&Path), declared: Output) -> (tempfile::TempDir, Result<Vec<Made>, FailCode>) {
		let dir = tempfile::tempdir().unwrap();
		let folder = dir.path().join(workspace::OUTPUT);
		fs::create_dir(&folder).unwrap();
		fill(&folder);
		let made = keep(dir.path(), &[declared]).map(|(made, _)| made).map_err(|error| error.code);
		(dir, made)
	}

	#[test]
	fn output_should_be_kept_alone_when_others_are_not_declared() {
		let (dir, made) = kept(
			|folder| {
				fs::create_dir(folder.join("a")).unwrap();
				fs::write(folder.join("a/b.txt"), "abc").unwrap();
				fs::write(folder.join("more"), "x").unwrap();
			},
			output("a/b.txt", 3),
		);
		let made = made.unwrap();
		assert_eq!((made[0].path.as_str(), made[0].bytes), ("a/b.txt", 3));
		let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
		assert_eq!(made[0].sha256.to_string(), abc);
		assert_eq!(fs::read(dir.path().join("output/a/b.txt")).unwrap(), b"abc");
		assert!(!dir.path().join("output/more").exists() && !dir.path().join("made").exists());
	}

	#[test]
	fn output_should_be_refused_when_it_is_larger_than_declared() {
		let (_dir, made) = kept(|folder| fs::write(folder.join("o"), "abcd").unwrap(), output("o", 3));
		assert_eq!(made, Err(FailCode::BadInput));
	}

	#[test]
	fn output_should_be_refused_when_it_is_a_symbolic_link() {
		let (_dir, made) = kept(|folder| symlink("/etc/passwd", folder.join("o")).unwrap(), output("o", 1 << 20));
		assert_eq!(made, Err(FailCode::EngineError));
	}

	#[test]
	fn output_should_be_refused_when_a_folder_on_its_way_is_a_symbolic_link() {
		let (_dir, made) = kept(|folder| symlink("/etc", folder.join("d")).unwrap(), output("d/passwd", 1 << 20));
		assert_eq!(made, Err(FailCode::EngineError));
	}

	#[test]
	fn output_should_be_refused_when_it_is_another_name_of_a_file() {
		let fill = |folder: &Path| {
			fs::write(folder.join("o"), "x").unwrap();
			fs::hard_link(folder.join("o"), folder.join("p")).unwrap();
		};
		assert_eq!(kept(fill, output("o", 10)).1, Err(FailCode::EngineError));
	}

	#[test]
	fn output_should_be_refused_when_it_is_a_pipe() {
		let fill = |folder: &Path| {
			let path = folder.join("o");
			rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
		};
		assert_eq!(kept(fill, output("o", 10)).1, Err(FailCode::EngineError));
	}

	#[test]
	fn output_should_be_missing_when_it_is_not_there() {
		let (_dir, made) = kept(|_| {}, output("o", 10));
		assert_eq!(made, Ok(Vec::new()));
	}
}
