//! Amounts of money as people write them. No floats: every planck counts.

use millrace_primitives::{Balance, DECIMALS, MILL};

/// Reads an amount: `0.02`, `1.5 MILL` or `20000 planck`.
///
/// # Errors
///
/// What was wrong and what is expected.
pub fn parse(text: &str) -> Result<Balance, String> {
	let text = text.trim();
	let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
	let (number, unit) = text.split_at(unit_at);
	let number = number.trim();
	match unit.trim().to_ascii_lowercase().as_str() {
		"" | "mill" => fixed_point(number, DECIMALS.into())
			.ok_or_else(|| format!("{text:?} is no amount; expected up to 12 decimals, such as 0.02 or \"1.5 MILL\"")),
		"planck" | "plancks" => {
			whole(number).ok_or_else(|| format!("{text:?} is no amount; expected whole plancks, such as 20000planck"))
		}
		unit => Err(format!("{unit:?} is no unit; expected MILL or planck")),
	}
}

/// Writes an amount in MILL with its unit, exactly.
pub fn show(plancks: Balance) -> String {
	let whole = plancks / MILL;
	let part = plancks % MILL;
	if part == 0 {
		return format!("{whole} MILL");
	}
	let part = format!("{part:0width$}", width = usize::from(DECIMALS));
	format!("{whole}.{} MILL", part.trim_end_matches('0'))
}

/// Reads a non-negative decimal number as a multiple of 10^-`decimals`; `None` when it is none, has more decimals or
/// does not fit.
pub fn fixed_point(text: &str, decimals: usize) -> Option<u128> {
	let (integer, fraction) = text.split_once('.').unwrap_or((text, ""));
	if integer.is_empty() && fraction.is_empty() || fraction.len() > decimals {
		return None;
	}
	let digits = format!("{integer}{fraction:0<decimals$}");
	whole(&digits)
}

fn whole(digits: &str) -> Option<u128> {
	// `parse` would take a sign.
	if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
		return None;
	}
	digits.parse().ok()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn amount_should_be_exact_when_it_has_decimals() {
		for (text, plancks) in [
			("0.02", 20_000_000_000),
			("1.5 MILL", 1_500_000_000_000),
			("1.5mill", 1_500_000_000_000),
			("7", 7 * MILL),
			(".5", MILL / 2),
			("2.", 2 * MILL),
			("0.000000000001", 1),
			("20000planck", 20_000),
			("1 plancks", 1),
			(" 0 ", 0),
		] {
			assert_eq!(parse(text), Ok(plancks), "{text}");
		}
	}

	#[test]
	fn amount_should_be_refused_when_it_is_none() {
		for text in [
			"",
			".",
			"-1",
			"+1",
			"1e3",
			"0.0000000000001",
			"1.5planck",
			"1 DOT",
			"1,5",
			"0x10",
			"1 .5",
			"999999999999999999999999999999999999999999",
		] {
			assert!(parse(text).is_err(), "{text}");
		}
	}

	#[test]
	fn amount_should_read_back_the_same_when_it_was_shown() {
		for plancks in [0, 1, MILL - 1, MILL, MILL + 1, 1_234_500_000_000, u128::MAX] {
			assert_eq!(parse(&show(plancks)), Ok(plancks));
		}
		assert_eq!(show(1_500_000_000_000), "1.5 MILL");
		assert_eq!(show(1), "0.000000000001 MILL");
	}
}
