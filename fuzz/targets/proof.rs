#![no_main]

#[path = "../properties/proof.rs"]
mod proof;
#[path = "../properties/scale.rs"]
mod scale;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
	proof::check(data);
});
