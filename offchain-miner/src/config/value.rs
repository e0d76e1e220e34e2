//! Values that are checked where they are read, so that an error has the line of the file or the flag.

use std::{fmt, str::FromStr};

use clap::ValueEnum;
use millrace_client::amount;
use millrace_primitives::{Balance, H256};
use serde::{Deserialize, Serialize};

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
	/// A line of text per event.
	#[default]
	Text,
	/// A JSON object per line.
	Json,
}

/// What the llama engine computes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Accel {
	/// The GPU if there is one that this build can use, else the CPU.
	#[default]
	Auto,
	/// The GPU, or not at all.
	Gpu,
	/// The CPU.
	Cpu,
}

macro_rules! from_text {
	($type:ident) => {
		impl TryFrom<String> for $type {
			type Error = String;

			fn try_from(text: String) -> Result<Self, String> {
				text.parse()
			}
		}

		impl From<$type> for String {
			fn from(value: $type) -> Self {
				value.to_string()
			}
		}
	};
}

/// The address of a node's RPC: `ws://` or `wss://`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeUrl(pub String);

impl FromStr for NodeUrl {
	type Err = String;

	fn from_str(text: &str) -> Result<Self, String> {
		let host = text.strip_prefix("ws://").or_else(|| text.strip_prefix("wss://"));
		match host {
			Some(host) if !host.is_empty() => Ok(Self(text.to_owned())),
			_ => Err(format!("{text:?} is no address of a node; expected ws://HOST:PORT or wss://HOST")),
		}
	}
}

impl fmt::Display for NodeUrl {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(&self.0)
	}
}

from_text!(NodeUrl);

/// Hash of a chain's block 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Genesis(pub H256);

impl FromStr for Genesis {
	type Err = String;

	fn from_str(text: &str) -> Result<Self, String> {
		let digits = text.strip_prefix("0x").unwrap_or(text);
		let mut hash = [0; 32];
		hex::decode_to_slice(digits, &mut hash)
			.map_err(|_| format!("{text:?} is no genesis hash; expected 0x and 64 hex digits"))?;
		Ok(Self(hash.into()))
	}
}

impl fmt::Display for Genesis {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "0x{}", hex::encode(self.0))
	}
}

from_text!(Genesis);

/// An amount of money, as the command line `millrace` writes it: `0.02`, `"1.5 MILL"`, `20000planck`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Amount(
	/// Plancks.
	pub Balance,
);

impl FromStr for Amount {
	type Err = String;

	fn from_str(text: &str) -> Result<Self, String> {
		amount::parse(text).map(Self)
	}
}

impl fmt::Display for Amount {
	/// Without the unit, as an argument of `millrace`.
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(amount::show(self.0).trim_end_matches(" MILL"))
	}
}

from_text!(Amount);
