//! What this machine has, and what fits on it.

pub mod cpu;
pub mod fit;
pub mod gpu;
pub mod model_file;
pub mod sensors;

/// Bytes as people read them, in binary units.
pub fn size(bytes: u64) -> String {
	const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
	let mut unit = 0;
	let (mut whole, mut tenths) = (bytes, 0);
	while whole >= 1024 && unit + 1 < UNITS.len() {
		(whole, tenths) = (whole / 1024, whole % 1024 * 10 / 1024);
		unit += 1;
	}
	if unit == 0 {
		format!("{whole} B")
	} else {
		format!("{whole}.{tenths} {}", UNITS[unit])
	}
}

#[cfg(test)]
mod tests {
	use super::size;

	#[test]
	fn size_should_have_one_decimal_when_it_is_large() {
		assert_eq!(size(0), "0 B");
		assert_eq!(size(1_023), "1023 B");
		assert_eq!(size(1_536), "1.5 KiB");
		assert_eq!(size(24 << 30), "24.0 GiB");
		assert_eq!(size(u64::MAX), "16777215.9 TiB");
	}
}
