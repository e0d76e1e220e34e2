//! The section `[session]` of the configuration.

use std::num::{NonZeroU64, NonZeroUsize};

use millrace_client::{
	endpoint::{MAX_ADDRESSES, MAX_ADDRESS_BYTES},
	session::network::Multiaddr,
};
use serde::{Deserialize, Serialize};

/// Whether and where clients of streaming channels are served.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionSettings {
	/// Addresses to listen on, as multiaddrs; none: no sessions.
	pub listen: Vec<Multiaddr>,
	/// Addresses that the chain is told, where others than those that are listened on reach this machine.
	pub public_addresses: Vec<Multiaddr>,
	/// Answers at a time, beside the slots of jobs.
	pub streams: NonZeroUsize,
	/// Seconds that a client may take to counter-sign a checkpoint.
	pub voucher_secs: NonZeroU64,
}

impl Default for SessionSettings {
	fn default() -> Self {
		const VOUCHER: NonZeroU64 = NonZeroU64::new(30).expect("30 is not 0");
		Self { listen: Vec::new(), public_addresses: Vec::new(), streams: NonZeroUsize::MIN, voucher_secs: VOUCHER }
	}
}

impl SessionSettings {
	/// Answers at a time; 0 without sessions.
	pub fn slots(&self) -> usize {
		if self.listen.is_empty() {
			0
		} else {
			self.streams.get()
		}
	}

	/// What is wrong with the values.
	pub(crate) fn check(&self) -> Result<(), String> {
		if self.public_addresses.len() > MAX_ADDRESSES {
			return Err(format!(
				"session.public_addresses has {}; the chain takes {MAX_ADDRESSES}",
				self.public_addresses.len()
			));
		}
		if !self.public_addresses.is_empty() && self.listen.is_empty() {
			return Err("session.public_addresses is set, but session.listen names no address".into());
		}
		match self.public_addresses.iter().find(|address| address.to_vec().len() > MAX_ADDRESS_BYTES) {
			Some(long) => Err(format!(
				"session.public_addresses has {long}, which is longer than the {MAX_ADDRESS_BYTES} bytes of the chain"
			)),
			None => Ok(()),
		}
	}
}
