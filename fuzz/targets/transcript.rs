#![no_main]

#[path = "../properties/transcript.rs"]
mod transcript;
#[path = "../properties/scale.rs"]
mod scale;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
	transcript::check(data);
});
