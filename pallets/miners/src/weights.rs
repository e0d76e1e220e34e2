//! Weights.

use frame::weights_prelude::*;

/// Weights of this pallet's calls, and of what it does for other pallets.
pub trait WeightInfo {
	/// Weight of `register`.
	fn register() -> Weight;
	/// Weight of `stake`.
	fn stake() -> Weight;
	/// Weight of `unstake`.
	fn unstake() -> Weight;
	/// Weight of `withdraw_unbonded`.
	fn withdraw_unbonded() -> Weight;
	/// Weight of `offer`.
	fn offer() -> Weight;
	/// Weight of `withdraw_offer`.
	fn withdraw_offer() -> Weight;
	/// Weight of `set_ready` for a miner with this many offers.
	fn set_ready(offers: u32) -> Weight;
	/// Weight of `deregister` for a miner with this many offers.
	fn deregister(offers: u32) -> Weight;
	/// Weight of `slash` for a miner with this many offers.
	fn slash(offers: u32) -> Weight;
	/// Weight of `set_receipt_key`.
	fn set_receipt_key() -> Weight;
	/// Weight of `revoke_receipt_key`.
	fn revoke_receipt_key() -> Weight;
	/// Weight of `forget_receipt_key`.
	fn forget_receipt_key() -> Weight;
	/// Weight of `set_endpoint`.
	fn set_endpoint() -> Weight;
}

impl WeightInfo for () {
	fn register() -> Weight {
		Weight::zero()
	}
	fn stake() -> Weight {
		Weight::zero()
	}
	fn unstake() -> Weight {
		Weight::zero()
	}
	fn withdraw_unbonded() -> Weight {
		Weight::zero()
	}
	fn offer() -> Weight {
		Weight::zero()
	}
	fn withdraw_offer() -> Weight {
		Weight::zero()
	}
	fn set_ready(_: u32) -> Weight {
		Weight::zero()
	}
	fn deregister(_: u32) -> Weight {
		Weight::zero()
	}
	fn slash(_: u32) -> Weight {
		Weight::zero()
	}
	fn set_receipt_key() -> Weight {
		Weight::zero()
	}
	fn revoke_receipt_key() -> Weight {
		Weight::zero()
	}
	fn forget_receipt_key() -> Weight {
		Weight::zero()
	}
	fn set_endpoint() -> Weight {
		Weight::zero()
	}
}
