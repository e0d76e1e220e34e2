//! The files in `tests/vectors` that other implementations can be held against.

use std::{env, fs, path::Path};

use super::super::{fixtures::*, verify, Trust};

#[test]
fn file_should_be_the_golden_one_when_it_is_written() {
	let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
	let Scene { file, trust, .. } = scene();
	let (file_at, trust_at) = (folder.join("receipt-v1.receipt"), folder.join("trust-v1.json"));
	if env::var_os("MILLRACE_WRITE_VECTORS").is_some() {
		fs::create_dir_all(&folder).unwrap();
		fs::write(&file_at, file.to_bytes()).unwrap();
		fs::write(&trust_at, format!("{:#}\n", trust.to_json())).unwrap();
	}
	let golden = fs::read(&file_at).unwrap();
	assert!(golden == file.to_bytes(), "the format changed: raise its version");
	let golden_trust = Trust::from_json(&fs::read_to_string(&trust_at).unwrap()).unwrap();
	assert_eq!(golden_trust, trust);
	assert_eq!(verify(&golden, &golden_trust).unwrap().receipt, receipt(PLACE.into()));
}
