//! Values that check themselves, so that an error names their place.

use std::path::{Component, PathBuf};

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

/// A compiled pattern takes no more memory.
const MAX_PATTERN_BYTES: usize = 256 * 1024;

/// A regular expression that a whole text matches.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(Regex);

impl TryFrom<String> for Pattern {
	type Error = String;

	fn try_from(text: String) -> Result<Self, String> {
		let compiled = |text: &str| {
			RegexBuilder::new(text).size_limit(MAX_PATTERN_BYTES).build().map_err(|error| {
				let error = error.to_string();
				format!("no regular expression: {}", error.lines().last().unwrap_or_default())
			})
		};
		// On its own first: a `)` without its `(` must not end the group around it.
		compiled(&text)?;
		compiled(&format!(r"\A(?:{text})\z")).map(Self)
	}
}

impl Pattern {
	/// Whether all of it matches.
	pub fn matches(&self, text: &str) -> bool {
		self.0.is_match(text)
	}
}

/// An absolute path without `.` and `..`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "PathBuf")]
pub struct Program(pub PathBuf);

impl TryFrom<PathBuf> for Program {
	type Error = String;

	fn try_from(path: PathBuf) -> Result<Self, String> {
		let plain = path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
		if path.is_absolute() && plain && path.file_name().is_some() {
			return Ok(Self(path));
		}
		Err(format!("{:?} is no absolute path; expected such as \"/usr/bin/wc\"", path.display().to_string()))
	}
}

/// A whole number within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub struct Within<const MIN: u64, const MAX: u64>(u64);

impl<const MIN: u64, const MAX: u64> TryFrom<i64> for Within<MIN, MAX> {
	type Error = String;

	fn try_from(value: i64) -> Result<Self, String> {
		match u64::try_from(value) {
			Ok(value) if (MIN..=MAX).contains(&value) => Ok(Self(value)),
			_ => Err(format!("expected a number from {MIN} to {MAX}")),
		}
	}
}

impl<const MIN: u64, const MAX: u64> Within<MIN, MAX> {
	/// The number.
	pub fn get(self) -> u64 {
		self.0
	}

	/// The nearest number within the bounds.
	pub fn clamped(value: u64) -> Self {
		Self(value.clamp(MIN, MAX))
	}
}
