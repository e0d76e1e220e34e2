//! Inputs: brought into the workspace and checked, before anything runs.

mod archive;
#[cfg(test)]
mod archive_tests;
mod fetch;
#[cfg(test)]
mod fetch_tests;

use std::{
	fs,
	io::Write,
	os::unix::fs::OpenOptionsExt,
	path::{Path, PathBuf},
};

pub(super) use fetch::Fetcher;

use super::{bad, broken, document::Source, Document, Input, Unpack};
use crate::engines::EngineError;

impl Fetcher {
	/// Puts every input below `folder`, as `NAME`; `scratch` holds archives meanwhile.
	///
	/// # Errors
	///
	/// [`millrace_primitives::FailCode::BadInput`] for bytes that are not those of the document or an archive that is
	/// not harmless; [`millrace_primitives::FailCode::Denied`] for a host that the owner does not allow;
	/// [`millrace_primitives::FailCode::EngineError`] when a host does not answer.
	pub(super) async fn bring(&self, document: &Document, folder: &Path, scratch: &Path) -> Result<(), EngineError> {
		for input in &document.inputs {
			let archive = scratch.join(&input.name);
			let path = if input.unpack == Unpack::None { folder.join(&input.name) } else { archive };
			match &input.source {
				Source::Inline(bytes) => write(&path, bytes).map_err(broken)?,
				Source::Remote(url, digest) => {
					let found = self.fetch(url, input.max_bytes, &path).await.map_err(|error| named(error, input))?;
					if found != *digest {
						return Err(named(bad(format!("its sha256 is {found}, not {digest}")), input));
					}
				}
			}
			if input.unpack != Unpack::None {
				let (kind, most, into) = (input.unpack, input.max_bytes, folder.join(&input.name));
				let unpacked = tokio::task::spawn_blocking(move || unpack_and_remove(kind, &path, &into, most));
				unpacked.await.map_err(broken)?.map_err(|error| named(error, input))?;
			}
		}
		Ok(())
	}
}

fn named(error: EngineError, input: &Input) -> EngineError {
	EngineError { message: format!("input {}: {}", input.name, error.message), ..error }
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
	create(path)?.write_all(bytes)
}

/// A new file that everybody may read: a task may run as another user than the miner.
fn create(path: &Path) -> std::io::Result<fs::File> {
	let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
	file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
	Ok(file)
}

fn unpack_and_remove(kind: Unpack, archive: &PathBuf, into: &Path, most: u64) -> Result<(), EngineError> {
	archive::unpack(kind, archive, into, most)?;
	fs::remove_file(archive).map_err(broken)
}
