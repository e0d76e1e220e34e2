//! Where receipt files lie.

use std::{
	fs::{self, File},
	io::{self, Read, Write},
	path::{Path, PathBuf},
};

use millrace_primitives::{ChannelId, JobId, H256};

use super::MAX_BYTES;

/// The path of a job's receipt below `folder`: `0xGENESIS/job-JOB.receipt`, with the first 8 digits of the chain's
/// genesis hash, because each chain counts its jobs from 0.
pub fn path(folder: &Path, genesis: H256, job: JobId) -> PathBuf {
	let chain: String = format!("{genesis:?}").chars().take(10).collect();
	folder.join(chain).join(format!("job-{job}.receipt"))
}

/// The path of a channel's receipt: `channel-CHANNEL.receipt` in the same folder.
pub fn channel_path(folder: &Path, genesis: H256, channel: ChannelId) -> PathBuf {
	path(folder, genesis, 0).with_file_name(format!("channel-{channel}.receipt"))
}

/// The path of a job's receipt as JSON: `job-JOB.json` beside the other.
pub fn json_path(folder: &Path, genesis: H256, job: JobId) -> PathBuf {
	path(folder, genesis, job).with_extension("json")
}

/// Writes a file whole or not at all, and makes its folder. It replaces a file of the same name.
///
/// # Errors
///
/// When the folder can't be made or the file can't be written.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
	if let Some(folder) = path.parent() {
		fs::create_dir_all(folder)?;
	}
	let part = path.with_extension("part");
	let mut file = File::create(&part)?;
	file.write_all(bytes)?;
	file.sync_all()?;
	fs::rename(part, path)
}

/// Reads a file, but no more than a receipt can have.
///
/// # Errors
///
/// When it can't be read.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
	let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
	let mut bytes = Vec::new();
	File::open(path)?.take(most).read_to_end(&mut bytes)?;
	Ok(bytes)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn file_should_be_whole_when_it_is_written_over_another() {
		let folder = tempfile::tempdir().unwrap();
		let path = path(folder.path(), H256::repeat_byte(0xab), 7);
		assert_eq!(path, folder.path().join("0xabababab").join("job-7.receipt"));
		write(&path, b"a longer first one").unwrap();
		write(&path, b"second").unwrap();
		assert_eq!(read(&path).unwrap(), b"second");
		assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
	}

	#[test]
	fn file_should_be_read_only_up_to_the_bound_when_it_is_longer() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("long");
		write(&path, &vec![0; MAX_BYTES + 100]).unwrap();
		assert_eq!(read(&path).unwrap().len(), MAX_BYTES + 1);
	}
}
