#![no_main]

#[path = "../properties/finality.rs"]
mod finality;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
	finality::check(data);
});
