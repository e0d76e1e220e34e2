//! Weights of `pallet_timestamp`.
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

impl<T: frame_system::Config> pallet_timestamp::WeightInfo for WeightInfo<T> {
	// Storage: `Timestamp::Now` (r:1 w:1)
	// Storage: `Babe::CurrentSlot` (r:1 w:0)
	fn set() -> Weight {
		// At the least 4_907 ns.
		Weight::from_parts(5_378_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn on_finalize() -> Weight {
		// At the least 711 ns.
		Weight::from_parts(871_000, 0)
	}
}
