//! Weights.

use frame::weights_prelude::*;

/// Weights of this pallet's calls.
pub trait WeightInfo {
	/// Weight of `register`.
	fn register() -> Weight;
	/// Weight of `retire`.
	fn retire() -> Weight;
}

impl WeightInfo for () {
	fn register() -> Weight {
		Weight::zero()
	}

	fn retire() -> Weight {
		Weight::zero()
	}
}
