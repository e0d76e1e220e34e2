//! Weights of `pallet_utility`.
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

impl<T: frame_system::Config> pallet_utility::WeightInfo for WeightInfo<T> {
	// `c` is 0 to 1000.
	fn batch(c: u32) -> Weight {
		// At the least 3_936 ns.
		Weight::from_parts(4_026_000, 0)
			// Standard error 1_679.
			.saturating_add(Weight::from_parts(2_897_478, 0).saturating_mul(c.into()))
	}
	fn as_derivative() -> Weight {
		// At the least 4_066 ns.
		Weight::from_parts(4_437_000, 0)
	}
	// `c` is 0 to 1000.
	fn batch_all(c: u32) -> Weight {
		// At the least 3_926 ns.
		Weight::from_parts(4_046_000, 0)
			// Standard error 2_708.
			.saturating_add(Weight::from_parts(3_241_647, 0).saturating_mul(c.into()))
	}
	fn dispatch_as() -> Weight {
		// At the least 5_509 ns.
		Weight::from_parts(6_039_000, 0)
	}
	// `c` is 0 to 1000.
	fn force_batch(c: u32) -> Weight {
		// At the least 3_775 ns.
		Weight::from_parts(5_006_665, 0)
			// Standard error 2_776.
			.saturating_add(Weight::from_parts(2_938_999, 0).saturating_mul(c.into()))
	}
	fn dispatch_as_fallible() -> Weight {
		// At the least 5_698 ns.
		Weight::from_parts(6_130_000, 0)
	}
	fn if_else() -> Weight {
		// At the least 7_201 ns.
		Weight::from_parts(7_731_000, 0)
	}
}
