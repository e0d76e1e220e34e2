//! sha256, as it is written in files and documents.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A sha256: 64 hex digits, with or without `0x`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

impl FromStr for Digest {
	type Err = String;

	fn from_str(text: &str) -> Result<Self, String> {
		let mut bytes = [0; 32];
		hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut bytes)
			.map_err(|_| format!("{text:?} is no sha256; expected 64 hex digits"))?;
		Ok(Self(bytes))
	}
}

impl TryFrom<String> for Digest {
	type Error = String;

	fn try_from(text: String) -> Result<Self, String> {
		text.parse()
	}
}

impl From<Digest> for String {
	fn from(digest: Digest) -> Self {
		digest.to_string()
	}
}

impl fmt::Display for Digest {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(&hex::encode(self.0))
	}
}

impl fmt::Debug for Digest {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		fmt::Display::fmt(self, f)
	}
}
