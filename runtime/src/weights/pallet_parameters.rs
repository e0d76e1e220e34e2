//! Weights of `pallet_parameters`, counted by hand; `make weights` replaces them.

use core::marker::PhantomData;

use frame_support::traits::Get;
use frame_support::weights::Weight;

/// Counted weights, with the runtime's price of a database access.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_parameters::WeightInfo for WeightInfo<T> {
	// Storage: `Parameters::Current` (r:1 w:1)
	fn set() -> Weight {
		Weight::from_parts(15_000_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
}
