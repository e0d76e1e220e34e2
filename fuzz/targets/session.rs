#![no_main]

#[path = "../properties/scale.rs"]
mod scale;
#[path = "../properties/session.rs"]
mod session;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
	session::check(data);
});
