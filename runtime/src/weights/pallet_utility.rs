//! Weights of `pallet_utility`.
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

impl<T: frame_system::Config> pallet_utility::WeightInfo for WeightInfo<T> {
	// `c` is 0 to 1000.
	fn batch(c: u32) -> Weight {
		// At the least 4_387 ns.
		Weight::from_parts(4_748_495, 0)
			// Standard error 4_039.
			.saturating_add(Weight::from_parts(3_546_115, 0).saturating_mul(c.into()))
	}
	fn as_derivative() -> Weight {
		// At the least 4_837 ns.
		Weight::from_parts(5_368_000, 0)
	}
	// `c` is 0 to 1000.
	fn batch_all(c: u32) -> Weight {
		// At the least 4_576 ns.
		Weight::from_parts(2_956_131, 0)
			// Standard error 4_517.
			.saturating_add(Weight::from_parts(3_913_583, 0).saturating_mul(c.into()))
	}
	fn dispatch_as() -> Weight {
		// At the least 6_610 ns.
		Weight::from_parts(7_080_000, 0)
	}
	// `c` is 0 to 1000.
	fn force_batch(c: u32) -> Weight {
		// At the least 4_537 ns.
		Weight::from_parts(2_790_775, 0)
			// Standard error 3_666.
			.saturating_add(Weight::from_parts(3_554_042, 0).saturating_mul(c.into()))
	}
	fn dispatch_as_fallible() -> Weight {
		// At the least 6_660 ns.
		Weight::from_parts(7_100_000, 0)
	}
	fn if_else() -> Weight {
		// At the least 8_552 ns.
		Weight::from_parts(9_223_000, 0)
	}
}
