//! Weights of `pallet_utility`.
//!
//! Made by `make weights` on 2026-11-21; not to be edited. CPU: AMD EPYC. Steps: 20, repeats: 10,
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
		// At the least 4_246 ns.
		Weight::from_parts(4_837_000, 0)
			// Standard error 301_876.
			.saturating_add(Weight::from_parts(10_830_319, 0).saturating_mul(c.into()))
	}
	fn as_derivative() -> Weight {
		// At the least 4_657 ns.
		Weight::from_parts(5_268_000, 0)
	}
	// `c` is 0 to 1000.
	fn batch_all(c: u32) -> Weight {
		// At the least 4_507 ns.
		Weight::from_parts(4_687_000, 0)
			// Standard error 275_786.
			.saturating_add(Weight::from_parts(10_344_230, 0).saturating_mul(c.into()))
	}
	fn dispatch_as() -> Weight {
		// At the least 6_289 ns.
		Weight::from_parts(7_020_000, 0)
	}
	// `c` is 0 to 1000.
	fn force_batch(c: u32) -> Weight {
		// At the least 4_396 ns.
		Weight::from_parts(4_828_000, 0)
			// Standard error 266_642.
			.saturating_add(Weight::from_parts(8_803_689, 0).saturating_mul(c.into()))
	}
	fn dispatch_as_fallible() -> Weight {
		// At the least 6_439 ns.
		Weight::from_parts(7_020_000, 0)
	}
	fn if_else() -> Weight {
		// At the least 8_202 ns.
		Weight::from_parts(8_904_000, 0)
	}
}
