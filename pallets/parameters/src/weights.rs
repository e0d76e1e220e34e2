//! Weights.

use frame::weights_prelude::*;

/// Weights of this pallet's calls.
pub trait WeightInfo {
	/// Weight of `set`.
	fn set() -> Weight;
}

impl WeightInfo for () {
	fn set() -> Weight {
		Weight::zero()
	}
}
