#![no_main]

#[path = "../properties/extrinsic.rs"]
mod extrinsic;
#[path = "../properties/scale.rs"]
mod scale;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
	extrinsic::check(data);
});
