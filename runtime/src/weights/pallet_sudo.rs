//! Weights of `pallet_sudo`.
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

impl<T: frame_system::Config> pallet_sudo::WeightInfo for WeightInfo<T> {
	// Storage: `Sudo::Key` (r:1 w:1)
	fn set_key() -> Weight {
		// At the least 7_421 ns.
		Weight::from_parts(8_212_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `Sudo::Key` (r:1 w:0)
	fn sudo() -> Weight {
		// At the least 8_633 ns.
		Weight::from_parts(9_293_000, 0).saturating_add(T::DbWeight::get().reads(1))
	}
	// Storage: `Sudo::Key` (r:1 w:0)
	fn sudo_as() -> Weight {
		// At the least 8_633 ns.
		Weight::from_parts(9_344_000, 0).saturating_add(T::DbWeight::get().reads(1))
	}
	// Storage: `Sudo::Key` (r:1 w:1)
	fn remove_key() -> Weight {
		// At the least 6_840 ns.
		Weight::from_parts(7_531_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `Sudo::Key` (r:1 w:0)
	fn check_only_sudo_account() -> Weight {
		// At the least 3_756 ns.
		Weight::from_parts(4_056_000, 0).saturating_add(T::DbWeight::get().reads(1))
	}
}
