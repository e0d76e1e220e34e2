//! The committed seeds, run by tests that need no fuzzer.

use std::{env, fs, path::Path, thread};

/// Broken copies of each seed that a test tries.
const COPIES: u64 = 1_000;

/// Runs a target's seeds through its property, and broken copies of them. Those that are `made` here must be among
/// them and must get past the decoder: a change of the format shows. `MILLRACE_WRITE_SEEDS=1` writes them.
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
		let bytes = fs::read(&path).expect("the seed can be read");
		check(&bytes);
		for copy in 0..COPIES {
			let broken = Shown(broken(&bytes, copy));
			check(&broken.0);
		}
	}
}

/// Bytes that are shown when they break a test.
struct Shown(Vec<u8>);

impl Drop for Shown {
	fn drop(&mut self) {
		if thread::panicking() {
			eprintln!("the bytes: {:02x?}", self.0);
		}
	}
}

/// A copy with one to four changes, the same ones for the same number.
fn broken(bytes: &[u8], copy: u64) -> Vec<u8> {
	// SplitMix64.
	let mut state = copy;
	let mut below = |bound: usize| {
		state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
		let mut mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
		mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
		((mixed ^ mixed >> 31) % bound.max(1) as u64) as usize
	};
	let mut bytes = bytes.to_vec();
	for _ in 0..=below(4) {
		let at = below(bytes.len());
		let end = at.saturating_add(below(9)).min(bytes.len());
		match below(6) {
			0 => bytes.truncate(at),
			1 => drop(bytes.drain(at..end)),
			2 => bytes.insert(at, below(256) as u8),
			3 => bytes.splice(at..at, bytes[at..end].to_vec()).for_each(drop),
			4 => bytes[at..end].fill([0, 0xff][below(2)]),
			_ => bytes[at..end].iter_mut().for_each(|byte| *byte ^= 1 << below(8)),
		}
	}
	bytes
}
