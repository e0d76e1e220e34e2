#![no_main]

#[path = "../properties/gguf.rs"]
mod gguf;
// The command line has no library.
#[path = "../../cli/src/gguf/header.rs"]
mod header;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
	gguf::check(data);
});
