//! The header of a GGUF file, as bytes.

use std::{
	collections::HashMap,
	io::{self, Read},
};

/// No string in a header is longer; a longer one is a broken file.
const MAX_STRING: u64 = 1 << 24;

/// A GGUF file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Gguf {
	/// The chat template's bytes; empty when there is none.
	pub template: Vec<u8>,
	/// Tokens of prompt and answer together, as the file says.
	pub context_length: Option<u32>,
}

/// Reads a header from its first byte on.
///
/// # Errors
///
/// When it ends too early or is none of version 2 or 3.
pub fn header(input: &mut impl Read) -> io::Result<Gguf> {
	let mut magic = [0; 4];
	input.read_exact(&mut magic)?;
	if &magic != b"GGUF" {
		return Err(broken("it does not begin with GGUF"));
	}
	if !(2..=3).contains(&number(input, 4)?) {
		return Err(broken("only versions 2 and 3 are known"));
	}
	let _tensors = number(input, 8)?;
	let entries = number(input, 8)?;
	let mut strings = HashMap::new();
	let mut lengths = HashMap::new();
	for _ in 0..entries {
		let key = string(input)?;
		match number(input, 4)? {
			STRING if matches!(&key[..], b"tokenizer.chat_template" | b"general.architecture") => {
				strings.insert(key, string(input)?);
			}
			kind @ (UINT32 | UINT64) if key.ends_with(b".context_length") => {
				lengths.insert(key, number(input, width(kind)?)?);
			}
			kind => skip(input, kind)?,
		}
	}
	let architecture = strings.remove(&b"general.architecture"[..]).unwrap_or_default();
	let context = lengths.get(&[&architecture, &b".context_length"[..]].concat());
	Ok(Gguf {
		template: strings.remove(&b"tokenizer.chat_template"[..]).unwrap_or_default(),
		context_length: context.and_then(|length| u32::try_from(*length).ok()),
	})
}

const UINT32: u64 = 4;
const STRING: u64 = 8;
const ARRAY: u64 = 9;
const UINT64: u64 = 10;

/// Bytes of a value of this type.
fn width(kind: u64) -> io::Result<usize> {
	match kind {
		0 | 1 | 7 => Ok(1),
		2 | 3 => Ok(2),
		4..=6 => Ok(4),
		10..=12 => Ok(8),
		_ => Err(broken("it has a value of an unknown type")),
	}
}

fn skip(input: &mut impl Read, kind: u64) -> io::Result<()> {
	match kind {
		STRING => skip_string(input),
		ARRAY => match (number(input, 4)?, number(input, 8)?) {
			(STRING, length) => (0..length).try_for_each(|_| skip_string(input)),
			// As llama.cpp does: an array in each array would take a call for each, as deep as the file is long.
			(ARRAY, _) => Err(broken("it has an array of arrays")),
			(kind, length) => {
				let bytes = length.checked_mul(width(kind)? as u64).ok_or_else(|| broken("an array is too long"))?;
				drop_bytes(input, bytes)
			}
		},
		kind => drop_bytes(input, width(kind)? as u64),
	}
}

fn skip_string(input: &mut impl Read) -> io::Result<()> {
	let length = number(input, 8)?;
	drop_bytes(input, length)
}

fn drop_bytes(input: &mut impl Read, bytes: u64) -> io::Result<()> {
	if io::copy(&mut input.take(bytes), &mut io::sink())? == bytes {
		Ok(())
	} else {
		Err(io::ErrorKind::UnexpectedEof.into())
	}
}

/// A little-endian number of up to 8 bytes.
fn number(input: &mut impl Read, bytes: usize) -> io::Result<u64> {
	let mut buffer = [0; 8];
	input.read_exact(&mut buffer[..bytes])?;
	Ok(u64::from_le_bytes(buffer))
}

fn string(input: &mut impl Read) -> io::Result<Vec<u8>> {
	let length = number(input, 8)?;
	if length > MAX_STRING {
		return Err(broken("a string is too long"));
	}
	let mut bytes = Vec::new();
	if input.take(length).read_to_end(&mut bytes)? as u64 == length {
		Ok(bytes)
	} else {
		Err(io::ErrorKind::UnexpectedEof.into())
	}
}

fn broken(why: &str) -> io::Error {
	io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
	use super::*;

	fn text(out: &mut Vec<u8>, text: &str) {
		out.extend((text.len() as u64).to_le_bytes());
		out.extend(text.as_bytes());
	}

	fn entry(out: &mut Vec<u8>, key: &str, kind: u64) {
		text(out, key);
		out.extend((kind as u32).to_le_bytes());
	}

	fn example() -> Vec<u8> {
		let mut file = b"GGUF\x03\0\0\0".to_vec();
		file.extend(0u64.to_le_bytes());
		file.extend(5u64.to_le_bytes());
		entry(&mut file, "general.architecture", STRING);
		text(&mut file, "llama");
		entry(&mut file, "tokenizer.ggml.tokens", ARRAY);
		file.extend((STRING as u32).to_le_bytes());
		file.extend(2u64.to_le_bytes());
		text(&mut file, "<s>");
		text(&mut file, "a");
		entry(&mut file, "some.floats", ARRAY);
		file.extend(6u32.to_le_bytes());
		file.extend(1u64.to_le_bytes());
		file.extend(1f32.to_le_bytes());
		entry(&mut file, "llama.context_length", UINT32);
		file.extend(512u32.to_le_bytes());
		entry(&mut file, "tokenizer.chat_template", STRING);
		text(&mut file, "{{ messages }}");
		file
	}

	#[test]
	fn header_should_give_template_and_context_when_the_file_is_whole() {
		let expected = Gguf { template: b"{{ messages }}".to_vec(), context_length: Some(512) };
		assert_eq!(header(&mut &example()[..]).expect("a GGUF header"), expected);
	}

	#[test]
	fn header_should_be_refused_when_the_file_is_cut_or_no_gguf() {
		let file = example();
		for end in 0..file.len() {
			assert!(header(&mut &file[..end]).is_err(), "{end}");
		}
		assert!(header(&mut &b"PK\x03\x04"[..]).is_err());
	}

	#[test]
	fn header_should_be_refused_when_arrays_are_nested() {
		let mut file = b"GGUF\x03\0\0\0".to_vec();
		file.extend(0u64.to_le_bytes());
		file.extend(1u64.to_le_bytes());
		entry(&mut file, "a", ARRAY);
		// So deep that no stack would hold a call for each.
		for _ in 0..1_000_000 {
			file.extend((ARRAY as u32).to_le_bytes());
			file.extend(1u64.to_le_bytes());
		}
		assert_eq!(header(&mut &file[..]).expect_err("no such file").kind(), io::ErrorKind::InvalidData);
	}
}
