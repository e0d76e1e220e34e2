//! Holds the checked-in metadata against the runtime of this repository.

use std::{env, fs, path::Path};

use millrace_runtime::Runtime;

const VERSION: u32 = 16;

#[test]
fn metadata_should_be_the_runtimes_own_when_checked_in() {
	let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts/millrace.scale");
	// Some of the chain's constants are read from its state.
	let current = sp_io::TestExternalities::default()
		.execute_with(|| Runtime::metadata_at_version(VERSION))
		.expect("the runtime has this version of metadata");
	if env::var_os("MILLRACE_WRITE_METADATA").is_some() {
		fs::create_dir_all(path.parent().expect("it has a folder")).unwrap();
		fs::write(&path, &*current).unwrap();
	}
	let checked_in = fs::read(&path).unwrap_or_default();
	assert!(
		checked_in == *current,
		"client/artifacts/millrace.scale no longer fits the runtime; run `make metadata` and commit it"
	);
}
