//! The files in `tests/vectors` that other implementations can be held against.

use std::{env, fs, path::Path};

use super::*;

#[test]
fn text_should_be_the_golden_one_when_it_is_signed() {
	let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
	let (text_at, key_at) = (folder.join("receipt-v1.json"), folder.join("receipt-key-v1.hex"));
	if env::var_os("MILLRACE_WRITE_VECTORS").is_some() {
		fs::write(&text_at, signed()).unwrap();
		fs::write(&key_at, format!("{}\n", signer().public())).unwrap();
	}
	let (golden, key) = (fs::read_to_string(&text_at).unwrap(), fs::read_to_string(&key_at).unwrap());
	assert_eq!(golden, signed(), "the text changed: raise its version");
	let trusted = TrustedKeys::Given(key.trim().parse().unwrap());
	let read = SignedReceipt::from_bytes(golden.as_bytes()).unwrap();
	assert_eq!(read.verify(&trusted), Ok(&statement()));
}
