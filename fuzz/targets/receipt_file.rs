#![no_main]

#[path = "../properties/receipt_file.rs"]
mod receipt_file;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
	receipt_file::check(data);
});
