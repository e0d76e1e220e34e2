//! What a registration needs of a GGUF file: its sha256, its chat template, its context length.

mod header;

use std::{
	fs::File,
	io::{BufReader, Read},
	path::Path,
};

use sha2::{Digest, Sha256};

use crate::error::CliError;
use header::Gguf;

/// Bytes read at a time.
const CHUNK: usize = 1 << 20;

/// sha256 of a file of any size.
///
/// # Errors
///
/// When it can't be read.
pub fn sha256(path: &Path) -> Result<[u8; 32], CliError> {
	let failed = || CliError::io(format!("cannot read {}", path.display()));
	let mut file = File::open(path).map_err(failed())?;
	let mut hasher = Sha256::new();
	let mut chunk = vec![0; CHUNK];
	loop {
		let read = file.read(&mut chunk).map_err(failed())?;
		if read == 0 {
			return Ok(hasher.finalize().into());
		}
		hasher.update(&chunk[..read]);
	}
}

/// Reads a GGUF file's header.
///
/// # Errors
///
/// When it can't be read or is no GGUF file of version 2 or 3.
pub fn read(path: &Path) -> Result<Gguf, CliError> {
	let file = File::open(path).map_err(CliError::io(format!("cannot read {}", path.display())))?;
	header::header(&mut BufReader::new(file)).map_err(CliError::io(format!("{} is no GGUF file", path.display())))
}

#[cfg(test)]
#[path = "../../../fuzz/properties/gguf.rs"]
mod property;
#[cfg(test)]
#[path = "../../../fuzz/properties/seeds.rs"]
mod seeds;

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn header_should_hold_when_it_is_a_seed() {
		let model = include_bytes!("../../../models/millrace-tiny.gguf");
		let mut rest = &model[..];
		header::header(&mut rest).expect("the model's header");
		let own = model[..model.len() - rest.len()].to_vec();
		seeds::hold("gguf", &[("millrace-tiny", own)], property::check);
	}
}
