#![no_main]

#[path = "../properties/input.rs"]
mod input;
#[path = "../properties/scale.rs"]
mod scale;
// The miner's crate would link llama.cpp.
#[path = "../../offchain-miner/src/engines/vocabulary.rs"]
mod vocabulary;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
	input::check(data);
});
