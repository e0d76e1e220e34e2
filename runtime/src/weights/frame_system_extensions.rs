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
		// At the least 1_963 ns.
		Weight::from_parts(2_164_000, 0)
	}
	fn check_mortality_mortal_transaction() -> Weight {
		// At the least 3_926 ns.
		Weight::from_parts(4_336_000, 0)
	}
	fn check_mortality_immortal_transaction() -> Weight {
		// At the least 3_955 ns.
		Weight::from_parts(4_326_000, 0)
	}
	fn check_non_zero_sender() -> Weight {
		// At the least 631 ns.
		Weight::from_parts(721_000, 0)
	}
	// Storage: `System::Account` (r:1 w:1)
	fn check_nonce() -> Weight {
		// At the least 7_582 ns.
		Weight::from_parts(8_122_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn check_spec_version() -> Weight {
		// At the least 480 ns.
		Weight::from_parts(551_000, 0)
	}
	fn check_tx_version() -> Weight {
		// At the least 480 ns.
		Weight::from_parts(551_000, 0)
	}
	fn check_weight() -> Weight {
		// At the least 3_696 ns.
		Weight::from_parts(4_116_000, 0)
	}
	fn weight_reclaim() -> Weight {
		// At the least 2_033 ns.
		Weight::from_parts(2_304_000, 0)
	}
}
