//! Weights of `frame_system_extensions`.
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

impl<T: frame_system::Config> frame_system::ExtensionsWeightInfo for WeightInfo<T> {
	fn check_genesis() -> Weight {
		// At the least 1_782 ns.
		Weight::from_parts(1_982_000, 0)
	}
	fn check_mortality_mortal_transaction() -> Weight {
		// At the least 3_555 ns.
		Weight::from_parts(3_886_000, 0)
	}
	fn check_mortality_immortal_transaction() -> Weight {
		// At the least 3_545 ns.
		Weight::from_parts(3_896_000, 0)
	}
	fn check_non_zero_sender() -> Weight {
		// At the least 590 ns.
		Weight::from_parts(711_000, 0)
	}
	// Storage: `System::Account` (r:1 w:1)
	fn check_nonce() -> Weight {
		// At the least 7_081 ns.
		Weight::from_parts(7_581_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn check_spec_version() -> Weight {
		// At the least 450 ns.
		Weight::from_parts(541_000, 0)
	}
	fn check_tx_version() -> Weight {
		// At the least 440 ns.
		Weight::from_parts(541_000, 0)
	}
	fn check_weight() -> Weight {
		// At the least 3_476 ns.
		Weight::from_parts(3_786_000, 0)
	}
	fn weight_reclaim() -> Weight {
		// At the least 1_893 ns.
		Weight::from_parts(2_133_000, 0)
	}
}
