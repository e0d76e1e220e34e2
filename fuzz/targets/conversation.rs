#![no_main]

#[path = "../properties/conversation.rs"]
mod conversation;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
	conversation::check(data);
});
