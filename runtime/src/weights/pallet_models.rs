//! Weights of `pallet_models`.
//!
//! Made by `make weights` on 2026-11-22; not to be edited. CPU: AMD EPYC. Steps: 20, repeats: 10,
//! frame-omni-bencher's library 64.0.0. See `docs/weights.md`.

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
		// At the least 57_816 ns.
		Weight::from_parts(59_929_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	// Storage: `Models::Models` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	fn retire() -> Weight {
		// At the least 42_874 ns.
		Weight::from_parts(44_536_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}
}
