//! What holds for the SCALE encoding of every type that is hashed or signed.

use codec::{Decode, Encode};

/// Reads a value from the start of `data`. Written again, it is the bytes that were read: two encodings of one value
/// would have two hashes.
pub fn read<T: Decode + Encode>(data: &[u8]) -> Option<T> {
	let mut rest = data;
	let value = T::decode(&mut rest).ok()?;
	let read = &data[..data.len() - rest.len()];
	assert!(value.encode() == read, "another encoding: {read:?}");
	assert_eq!(value.encoded_size(), read.len());
	Some(value)
}
