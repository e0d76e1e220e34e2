//! Weights: database accesses counted by hand, with an upper bound for the computation around them.

use frame::weights_prelude::*;

/// Weights of this pallet's calls.
pub trait WeightInfo {
	/// Weight of `register`.
	fn register() -> Weight;
	/// Weight of `retire`.
	fn retire() -> Weight;
}

/// Counted weights with the runtime's own price of a database access.
pub struct CountedWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for CountedWeight<T> {
	fn register() -> Weight {
		// Name, digest, next number; holds, account; entry.
		Weight::from_parts(40_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(5, 6))
	}

	fn retire() -> Weight {
		Weight::from_parts(30_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
}

impl WeightInfo for () {
	fn register() -> Weight {
		Weight::zero()
	}

	fn retire() -> Weight {
		Weight::zero()
	}
}
