//! What only the owner can sign, as commands and calls to copy. The miner never has the owner's key.

use std::fmt;

use millrace_client::Parameters;
use millrace_primitives::{AccountId32, Balance, ModelId, Rate};
use serde::Serialize;

use crate::{
	config::{Amount, Config, Offer},
	shell::quoted,
};

/// Stands for the name of the owner's key where none was given.
pub const OWNER: &str = "OWNER";

/// Something for the owner to sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnerCall {
	/// The command line that does it.
	pub command: String,
	/// The call with its arguments, as polkadot.js names them (Developer, Extrinsics).
	pub call: String,
}

impl fmt::Display for OwnerCall {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "  {}\n  or in polkadot.js: {}", self.command, self.call)
	}
}

/// Whom the commands are for.
#[derive(Clone, Debug)]
pub struct Owner {
	/// The node that they name.
	pub url: String,
	/// The owner's key in the keystore of `millrace`.
	pub account: String,
}

impl Owner {
	/// An owner whose key's name is not known, at the first node of the configuration.
	pub fn unnamed(config: &Config) -> Self {
		Self { url: config.addresses().into_iter().next().unwrap_or_default(), account: OWNER.into() }
	}

	/// A whole command line of `millrace`.
	pub fn command(&self, arguments: &str) -> String {
		format!("millrace --url {} --account {} {arguments}", quoted(&self.url), quoted(&self.account))
	}

	/// Makes the owner's account a miner's owner.
	pub fn register(&self, operator: &AccountId32, stake: Balance) -> OwnerCall {
		OwnerCall {
			command: self.command(&format!("miner register --operator {operator} --stake {}", Amount(stake))),
			call: format!("miners.register(operator: {operator}, stake: {stake})"),
		}
	}

	/// Makes or replaces an offer. `model`: its number, if it is known.
	pub fn offer(&self, offer: &Offer, model: Option<ModelId>) -> OwnerCall {
		let number = model.map_or_else(|| format!("the number of {}", offer.model), |model| model.to_string());
		let rate = match offer.rate {
			Rate::PerToken { input, output } => format!("PerToken {{ input: {input}, output: {output} }}"),
			Rate::PerGpuSecond(price) => format!("PerGpuSecond({price})"),
		};
		OwnerCall {
			command: self.command(&offer.arguments()),
			call: format!("miners.offer(model: {number}, rate: {rate}, slots: {})", offer.slots),
		}
	}

	/// Adds stake.
	pub fn stake(&self, amount: Balance) -> OwnerCall {
		OwnerCall {
			command: self.command(&format!("miner stake {}", Amount(amount))),
			call: format!("miners.stake(amount: {amount})"),
		}
	}

	/// Takes jobs.
	pub fn ready(&self) -> OwnerCall {
		OwnerCall { command: self.command("miner ready on"), call: "miners.setReady(ready: true)".into() }
	}
}

/// The least stake with which a miner may offer this many slots, in plancks.
pub fn least_stake(parameters: &Parameters, slots: u64) -> Balance {
	parameters.stake_per_slot.saturating_mul(slots.into()).max(parameters.min_stake)
}

/// The slots of all offers together.
pub fn slots_of(offers: &[Offer]) -> u64 {
	offers.iter().fold(0, |sum, offer| sum.saturating_add(offer.slots.get().into()))
}

#[cfg(test)]
mod tests {
	use millrace_primitives::MILL;

	use super::*;

	fn owner() -> Owner {
		Owner { url: "ws://127.0.0.1:9944".into(), account: "me".into() }
	}

	#[test]
	fn registration_should_be_a_command_and_a_call_when_the_stake_is_known() {
		let operator = AccountId32::new([1; 32]);
		let call = owner().register(&operator, 1_500_000_000_000);
		let address = operator.to_string();
		assert_eq!(
			call.command,
			format!("millrace --url ws://127.0.0.1:9944 --account me miner register --operator {address} --stake 1.5")
		);
		assert_eq!(call.call, format!("miners.register(operator: {address}, stake: 1500000000000)"));
	}

	#[test]
	fn offer_should_be_a_command_and_a_call_when_it_has_a_price() {
		let offer: Offer = r#"model = "tiny", per_token = ["1planck", "2planck"], slots = 3"#.parse().unwrap();
		let call = owner().offer(&offer, Some(4));
		assert!(call.command.ends_with("miner offer --model tiny --per-token 0.000000000001 0.000000000002 --slots 3"));
		assert_eq!(call.call, "miners.offer(model: 4, rate: PerToken { input: 1, output: 2 }, slots: 3)");
		assert!(owner().offer(&offer, None).call.contains("the number of tiny"));
	}

	#[test]
	fn least_stake_should_follow_the_slots_when_they_are_dearer_than_the_minimum() {
		let parameters = crate::doctor::fixtures::parameters();
		assert_eq!(least_stake(&parameters, 0), parameters.min_stake);
		assert_eq!(least_stake(&parameters, 1_000), 1_000 * parameters.stake_per_slot);
		assert!(parameters.stake_per_slot >= MILL);
	}
}
