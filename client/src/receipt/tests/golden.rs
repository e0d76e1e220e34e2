//! The files in `tests/vectors` that other implementations can be held against.

use std::{env, fs, path::Path, process::Command};

use super::{
	super::{fixtures::*, verify, verify_channel, Trust},
	channel,
};

/// The golden file and what its reader trusts, which must be these; written where the environment says so.
fn golden(name: &str, bytes: &[u8], trust: &Trust) -> (Vec<u8>, Trust) {
	let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
	let (file_at, trust_at) = (folder.join(format!("{name}.receipt")), folder.join(format!("{name}-trust.json")));
	if env::var_os("MILLRACE_WRITE_VECTORS").is_some() {
		fs::create_dir_all(&folder).unwrap();
		fs::write(&file_at, bytes).unwrap();
		fs::write(&trust_at, format!("{:#}\n", trust.to_json())).unwrap();
	}
	let golden = fs::read(&file_at).unwrap();
	assert!(golden == bytes, "the format changed: raise its version");
	let golden_trust = Trust::from_json(&fs::read_to_string(&trust_at).unwrap()).unwrap();
	assert_eq!(golden_trust, *trust);
	(golden, golden_trust)
}

#[test]
fn file_should_be_the_golden_one_when_it_is_written() {
	let Scene { file, trust, .. } = scene();
	let (bytes, trust) = golden("receipt-v1", &file.to_bytes(), &trust);
	assert_eq!(verify(&bytes, &trust).unwrap().receipt, receipt(PLACE.into()));
}

#[test]
fn file_of_a_channel_should_be_the_golden_one_when_it_is_written() {
	let (file, trust) = channel::sound();
	let (bytes, trust) = golden("channel-receipt-v2", &file.to_bytes(), &trust);
	assert_eq!(verify_channel(&bytes, &trust).unwrap().receipt, channel::settled());
}

/// A second reader, which was written from the description of the format, says what the files say, and what a flipped
/// byte does.
#[test]
fn files_should_be_read_by_the_second_reader() {
	let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
	let read = |file: &Path, name: &str| {
		let trust = folder.join(format!("{name}-trust.json"));
		Command::new("python3").arg(folder.join("verify.py")).args([file, &trust]).output().unwrap()
	};
	let flipped_at = tempfile::TempDir::new().unwrap();
	for (name, field, number) in [("receipt-v1", "job", u64::from(PLACE)), ("channel-receipt-v2", "channel", 4)] {
		let file = folder.join(format!("{name}.receipt"));
		let done = read(&file, name);
		assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
		let said: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
		assert_eq!(said[field], number);
		let mut bytes = fs::read(&file).unwrap();
		// Within the receipt's identities.
		bytes[60] ^= 1;
		let flipped = flipped_at.path().join(name);
		fs::write(&flipped, bytes).unwrap();
		let done = read(&flipped, name);
		assert!(!done.status.success() && String::from_utf8_lossy(&done.stderr).contains("not_in_block"));
	}
}
