//! The file as bytes.

use super::super::{fixtures::*, verify, FormatError, ReceiptFile, VerifyError, MAGIC, MAX_BYTES, VERSION};

#[test]
fn file_should_be_refused_when_any_byte_is_flipped() {
	let Scene { file, trust, .. } = scene();
	let bytes = file.to_bytes();
	for at in 0..bytes.len() {
		for mask in [1 << (at % 8), 0xff] {
			let mut flipped = bytes.clone();
			flipped[at] ^= mask;
			assert!(verify(&flipped, &trust).is_err(), "byte {at} of {} with {mask:#x}", bytes.len());
		}
	}
}

#[test]
fn file_should_be_refused_when_it_is_cut_anywhere() {
	let Scene { file, trust, .. } = scene();
	let bytes = file.to_bytes();
	for length in 0..bytes.len() {
		assert!(matches!(verify(&bytes[..length], &trust), Err(VerifyError::Format(_))), "{length}");
	}
}

#[test]
fn file_should_be_refused_when_something_follows() {
	let mut bytes = scene().file.to_bytes();
	bytes.push(0);
	assert!(matches!(ReceiptFile::from_bytes(&bytes), Err(FormatError::Damaged(_))));
}

#[test]
fn file_should_read_back_the_same_when_it_was_written() {
	let file = scene().file;
	assert_eq!(ReceiptFile::from_bytes(&file.to_bytes()), Ok(file));
}

#[test]
fn file_should_be_refused_when_it_begins_otherwise() {
	let bytes = scene().file.to_bytes();
	assert_eq!(ReceiptFile::from_bytes(b"%PDF-1.7"), Err(FormatError::NotAReceipt));
	assert_eq!(ReceiptFile::from_bytes(&[]), Err(FormatError::NotAReceipt));
	let mut other = bytes;
	other[MAGIC.len()] = VERSION + 1;
	assert_eq!(ReceiptFile::from_bytes(&other), Err(FormatError::OtherVersion(VERSION + 1)));
}

#[test]
fn file_should_not_be_read_when_it_is_too_long() {
	let bytes = vec![0; MAX_BYTES + 1];
	assert_eq!(ReceiptFile::from_bytes(&bytes), Err(FormatError::TooLong(MAX_BYTES + 1)));
}

#[test]
fn file_should_be_refused_at_once_when_it_claims_more_than_it_has() {
	let mut bytes = scene().file.to_bytes();
	// The path's length: after the magic, the version, the genesis hash, the receipt and the place.
	let at = MAGIC.len() + 1 + 32 + codec::Encode::encoded_size(&receipt(0)) + 4;
	assert_eq!(bytes[at], 3 << 2, "three hashes beside the way");
	// 2^30 - 1 hashes of 32 bytes.
	bytes.splice(at..=at, [0xfe, 0xff, 0xff, 0xff]);
	assert!(matches!(ReceiptFile::from_bytes(&bytes), Err(FormatError::Damaged(_))));
}
