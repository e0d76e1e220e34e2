//! Weights of `pallet_sudo`.
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

impl<T: frame_system::Config> pallet_sudo::WeightInfo for WeightInfo<T> {
	// Storage: `Sudo::Key` (r:1 w:1)
	fn set_key() -> Weight {
		// At the least 6_830 ns.
		Weight::from_parts(7_401_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `Sudo::Key` (r:1 w:0)
	fn sudo() -> Weight {
		// At the least 7_751 ns.
		Weight::from_parts(8_312_000, 0).saturating_add(T::DbWeight::get().reads(1))
	}
	// Storage: `Sudo::Key` (r:1 w:0)
	fn sudo_as() -> Weight {
		// At the least 7_782 ns.
		Weight::from_parts(8_382_000, 0).saturating_add(T::DbWeight::get().reads(1))
	}
	// Storage: `Sudo::Key` (r:1 w:1)
	fn remove_key() -> Weight {
		// At the least 6_209 ns.
		Weight::from_parts(6_720_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `Sudo::Key` (r:1 w:0)
	fn check_only_sudo_account() -> Weight {
		// At the least 3_646 ns.
		Weight::from_parts(3_956_000, 0).saturating_add(T::DbWeight::get().reads(1))
	}
}
