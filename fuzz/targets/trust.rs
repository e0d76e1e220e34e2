#![no_main]

#[path = "../properties/trust.rs"]
mod trust;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
	trust::check(data);
});
