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
		// At the least 4_376 ns.
		Weight::from_parts(4_367_652, 0)
			// Standard error 3_192.
			.saturating_add(Weight::from_parts(3_085_935, 0).saturating_mul(c.into()))
	}
	fn as_derivative() -> Weight {
		// At the least 4_577 ns.
		Weight::from_parts(5_148_000, 0)
	}
	// `c` is 0 to 1000.
	fn batch_all(c: u32) -> Weight {
		// At the least 4_547 ns.
		Weight::from_parts(3_068_903, 0)
			// Standard error 2_079.
			.saturating_add(Weight::from_parts(3_399_438, 0).saturating_mul(c.into()))
	}
	fn dispatch_as() -> Weight {
		// At the least 6_330 ns.
		Weight::from_parts(6_931_000, 0)
	}
	// `c` is 0 to 1000.
	fn force_batch(c: u32) -> Weight {
		// At the least 4_436 ns.
		Weight::from_parts(7_756_691, 0)
			// Standard error 2_504.
			.saturating_add(Weight::from_parts(3_081_522, 0).saturating_mul(c.into()))
	}
	fn dispatch_as_fallible() -> Weight {
		// At the least 6_490 ns.
		Weight::from_parts(6_950_000, 0)
	}
	fn if_else() -> Weight {
		// At the least 8_082 ns.
		Weight::from_parts(8_713_000, 0)
	}
}
