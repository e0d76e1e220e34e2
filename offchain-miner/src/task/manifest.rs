//! What a task returns: a JSON document that names what it made.

use serde::{Deserialize, Serialize};

use super::Digest;

/// A manifest has no more bytes.
pub const MAX_MANIFEST_BYTES: usize = 16 * 1024;

/// Most bytes of a tail's text.
const MAX_TAIL_BYTES: usize = 2_048;

/// An output that is there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Made {
	/// Its path, as the document has it.
	pub path: String,
	/// sha256 of its bytes.
	pub sha256: Digest,
	/// Its length in bytes.
	pub bytes: u64,
	/// Its media type, as the document has it.
	pub media_type: String,
}

/// The end of what a task printed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Tail {
	/// Bytes of all that it printed.
	pub bytes: u64,
	/// The last of it, at most 2,048 bytes: what is not UTF-8 became U+FFFD, control characters other than tab and
	/// line feed too.
	pub tail: String,
}

impl Tail {
	/// Of `bytes` printed, whose end is `end`.
	pub fn new(bytes: u64, end: &[u8]) -> Self {
		let text = String::from_utf8_lossy(end);
		let plain = |c: char| if c.is_control() && c != '\n' && c != '\t' { char::REPLACEMENT_CHARACTER } else { c };
		let text: String = text.chars().map(plain).collect();
		let mut from = text.len().saturating_sub(MAX_TAIL_BYTES);
		while !text.is_char_boundary(from) {
			from += 1;
		}
		Self { bytes, tail: text[from..].to_owned() }
	}
}

/// What a task made. The same for the same bytes, whoever ran it and however long it took.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Manifest {
	/// 1.
	pub version: u32,
	/// The allow-list's entry.
	pub entry: String,
	/// The code that the program ended with, if no signal ended it.
	pub exit_code: Option<i32>,
	/// The signal that ended it.
	pub signal: Option<i32>,
	/// The outputs that it made, in the document's order.
	pub outputs: Vec<Made>,
	/// The paths of those that it did not make.
	pub missing: Vec<String>,
	/// What it printed.
	pub stdout: Tail,
	/// What it printed as errors.
	pub stderr: Tail,
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::task::document::{MAX_MEDIA_TYPE_BYTES, MAX_NAME_BYTES, MAX_OUTPUTS, MAX_PATH_BYTES};

	#[test]
	fn manifest_should_fit_its_bound_when_everything_is_as_long_as_it_can_be() {
		// The bytes that grow most: each becomes three, or a quote that JSON escapes.
		for byte in [0xff, b'"', b'\\', 0, b'\n'] {
			let tail = Tail::new(u64::MAX, &[byte; MAX_TAIL_BYTES]);
			let path = "p".repeat(MAX_PATH_BYTES);
			let media_type = "m".repeat(MAX_MEDIA_TYPE_BYTES);
			let made = Made { path: path.clone(), sha256: Digest([0xff; 32]), bytes: u64::MAX, media_type };
			let manifest = Manifest {
				version: 1,
				entry: "e".repeat(MAX_NAME_BYTES),
				exit_code: Some(i32::MIN),
				signal: Some(i32::MIN),
				outputs: vec![made; MAX_OUTPUTS],
				missing: Vec::new(),
				stdout: tail.clone(),
				stderr: tail,
			};
			let bytes = serde_json::to_vec(&manifest).unwrap();
			assert!(bytes.len() <= MAX_MANIFEST_BYTES, "{byte}: {}", bytes.len());
		}
	}

	#[test]
	fn tail_should_be_whole_characters_when_it_is_cut() {
		let tail = Tail::new(9, "é".repeat(2_000).as_bytes());
		assert!(tail.tail.len() <= MAX_TAIL_BYTES && tail.tail.chars().all(|c| c == 'é'), "{tail:?}");
		assert_eq!(Tail::new(3, b"a\x1b\n").tail, "a\u{fffd}\n");
	}
}
