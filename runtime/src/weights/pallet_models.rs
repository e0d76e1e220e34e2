//! Weights of `pallet_models`.
//!
//! Measured on 2026-11-21 by the steps of `make weights`; not to be edited. CPU: AMD EPYC. Steps: 20, repeats: 10,
//! frame-omni-bencher's library 63.0.0. See `docs/weights.md`.

use core::marker::PhantomData;

// Not every pallet touches storage.
#[allow(unused_imports)]
use frame_support::traits::Get;
use frame_support::weights::Weight;

/// Measured weights, with the runtime's price of a database access.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_models::WeightInfo for WeightInfo<T> {
	// Storage: `Parameters::Current` (r:1 w:0)
	// Storage: `Models::ModelByName` (r:1 w:1)
	// Storage: `Models::ModelByDigest` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `Models::NextModelId` (r:1 w:1)
	// Storage: `Models::Models` (r:0 w:1)
	fn register() -> Weight {
		// At the least 62_453 ns.
		Weight::from_parts(65_717_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	// Storage: `Models::Models` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	fn retire() -> Weight {
		// At the least 45_548 ns.
		Weight::from_parts(47_851_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}
}
