//! What the owner means to ask for a model. The miner can't sign offers; it checks them and prints the commands.

use std::{num::NonZeroU32, str::FromStr};

use millrace_primitives::Rate;
use serde::{Deserialize, Serialize};

use super::value::Amount;

/// An offer for one model.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Table", into = "Table")]
pub struct Offer {
	/// The model's name or number in the chain's registry.
	pub model: String,
	/// The price.
	pub rate: Rate,
	/// Jobs at once.
	pub slots: NonZeroU32,
}

/// An offer as it is written.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Table {
	model: String,
	per_token: Option<[Amount; 2]>,
	per_gpu_second: Option<Amount>,
	#[serde(default = "one")]
	slots: NonZeroU32,
}

fn one() -> NonZeroU32 {
	NonZeroU32::MIN
}

impl TryFrom<Table> for Offer {
	type Error = String;

	fn try_from(Table { model, per_token, per_gpu_second, slots }: Table) -> Result<Self, String> {
		let rate = match (per_token, per_gpu_second) {
			(Some([input, output]), None) => Rate::PerToken { input: input.0, output: output.0 },
			(None, Some(price)) => Rate::PerGpuSecond(price.0),
			_ => {
				return Err(format!(
					"the offer for {model} needs one price: per_token = [\"INPUT\", \"OUTPUT\"] or per_gpu_second = \"AMOUNT\""
				))
			}
		};
		// It becomes a part of a command that the owner is asked to run.
		if model.is_empty() || model.starts_with('-') || model.chars().any(|c| c.is_control()) {
			return Err(format!("{model:?} is no model; expected its name or number in the chain's registry"));
		}
		Ok(Self { model, rate, slots })
	}
}

impl From<Offer> for Table {
	fn from(Offer { model, rate, slots }: Offer) -> Self {
		let (per_token, per_gpu_second) = match rate {
			Rate::PerToken { input, output } => (Some([Amount(input), Amount(output)]), None),
			Rate::PerGpuSecond(price) => (None, Some(Amount(price))),
		};
		Self { model, per_token, per_gpu_second, slots }
	}
}

impl FromStr for Offer {
	type Err = String;

	/// The keys of an `[[offer]]` on one line: `model = "x", per_gpu_second = "0.02", slots = 2`.
	fn from_str(text: &str) -> Result<Self, String> {
		#[derive(Deserialize)]
		struct Line {
			offer: Offer,
		}
		let line: Line =
			toml::from_str(&format!("offer = {{ {text} }}")).map_err(|error| error.message().to_owned())?;
		Ok(line.offer)
	}
}

impl Offer {
	/// The arguments of `millrace` that make this offer.
	pub fn arguments(&self) -> String {
		let price = match self.rate {
			Rate::PerToken { input, output } => format!("--per-token {} {}", Amount(input), Amount(output)),
			Rate::PerGpuSecond(price) => format!("--per-gpu-second {}", Amount(price)),
		};
		format!("miner offer --model {} {price} --slots {}", crate::shell::quoted(&self.model), self.slots)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn offer_should_become_a_command_when_it_has_one_price() {
		let offer: Offer = r#"model = "millrace-tiny", per_gpu_second = "0.02", slots = 2"#.parse().unwrap();
		assert_eq!(offer.arguments(), "miner offer --model millrace-tiny --per-gpu-second 0.02 --slots 2");
		let offer: Offer = r#"model = "a b", per_token = ["0.000001", "2000planck"]"#.parse().unwrap();
		assert_eq!(offer.arguments(), "miner offer --model 'a b' --per-token 0.000001 0.000000002 --slots 1");
	}

	#[test]
	fn offer_should_be_refused_when_its_price_or_model_is_none() {
		for text in [
			r#"model = "x""#,
			r#"model = "x", per_gpu_second = "1", per_token = ["1", "1"]"#,
			r#"model = "x", per_gpu_second = "1e3""#,
			r#"model = "x", per_gpu_second = "1", slots = 0"#,
			r#"model = "--json", per_gpu_second = "1""#,
			r#"model = "x", per_gpu_second = "1", slot = 1"#,
		] {
			assert!(text.parse::<Offer>().is_err(), "{text}");
		}
	}
}
