//! Weights of `frame_system_extensions`.
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

impl<T: frame_system::Config> frame_system::ExtensionsWeightInfo for WeightInfo<T> {
	fn check_genesis() -> Weight {
		// At the least 1_863 ns.
		Weight::from_parts(2_074_000, 0)
	}
	fn check_mortality_mortal_transaction() -> Weight {
		// At the least 3_836 ns.
		Weight::from_parts(4_177_000, 0)
	}
	fn check_mortality_immortal_transaction() -> Weight {
		// At the least 3_856 ns.
		Weight::from_parts(4_206_000, 0)
	}
	fn check_non_zero_sender() -> Weight {
		// At the least 611 ns.
		Weight::from_parts(691_000, 0)
	}
	// Storage: `System::Account` (r:1 w:1)
	fn check_nonce() -> Weight {
		// At the least 7_662 ns.
		Weight::from_parts(8_202_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn check_spec_version() -> Weight {
		// At the least 461 ns.
		Weight::from_parts(541_000, 0)
	}
	fn check_tx_version() -> Weight {
		// At the least 460 ns.
		Weight::from_parts(541_000, 0)
	}
	fn check_weight() -> Weight {
		// At the least 3_866 ns.
		Weight::from_parts(4_267_000, 0)
	}
	fn weight_reclaim() -> Weight {
		// At the least 2_103 ns.
		Weight::from_parts(2_324_000, 0)
	}
}
