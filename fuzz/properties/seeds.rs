//! The committed seeds, run by tests that need no fuzzer.

use std::{env, fs, path::Path};

/// Runs a target's seeds through its property. Those that are `made` here must be among them and must get past the
/// decoder: a change of the format shows. `MILLRACE_WRITE_SEEDS=1` writes them.
pub fn hold(target: &str, made: &[(&str, Vec<u8>)], check: fn(&[u8]) -> bool) {
	// Every crate with such a test is one folder below the root.
	let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
	for (name, bytes) in made {
		let path = folder.join(name);
		if env::var_os("MILLRACE_WRITE_SEEDS").is_some() {
			fs::create_dir_all(&folder).expect("the folder can be made");
			fs::write(&path, bytes).expect("the seed can be written");
		}
		assert!(fs::read(&path).is_ok_and(|seed| seed == *bytes), "{target}/{name} is out of date");
		assert!(check(bytes), "{target}/{name} does not get past the decoder");
	}
	for seed in fs::read_dir(&folder).expect("the target has seeds") {
		let path = seed.expect("the folder can be read").path();
		check(&fs::read(&path).expect("the seed can be read"));
	}
}
