//! Weights of `frame_system`.
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

impl<T: frame_system::Config> frame_system::WeightInfo for WeightInfo<T> {
	// `b` is 0 to 1887437.
	fn remark(b: u32) -> Weight {
		// At the least 2_113 ns.
		Weight::from_parts(15_788_771, 0)
			// Standard error 2.
			.saturating_add(Weight::from_parts(379, 0).saturating_mul(b.into()))
	}
	// `b` is 0 to 1887437.
	fn remark_with_event(b: u32) -> Weight {
		// At the least 5_058 ns.
		Weight::from_parts(16_057_111, 0)
			// Standard error 4.
			.saturating_add(Weight::from_parts(1_253, 0).saturating_mul(b.into()))
	}
	// Storage: UNKNOWN KEY `0x3a686561707061676573` (r:0 w:1)
	fn set_heap_pages() -> Weight {
		// At the least 3_746 ns.
		Weight::from_parts(4_217_000, 0).saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: UNKNOWN KEY `0x3a636f6465` (r:0 w:1)
	fn set_code() -> Weight {
		// At the least 114_151_876 ns.
		Weight::from_parts(115_365_525_000, 0).saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `Skipped::Metadata` (r:0 w:0)
	// `i` is 0 to 1000.
	fn set_storage(i: u32) -> Weight {
		// At the least 2_133 ns.
		Weight::from_parts(2_403_000, 0)
			// Standard error 1_708.
			.saturating_add(Weight::from_parts(904_801, 0).saturating_mul(i.into()))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(i.into())))
	}
	// Storage: `Skipped::Metadata` (r:0 w:0)
	// `i` is 0 to 1000.
	fn kill_storage(i: u32) -> Weight {
		// At the least 2_073 ns.
		Weight::from_parts(2_203_000, 0)
			// Standard error 2_008.
			.saturating_add(Weight::from_parts(657_960, 0).saturating_mul(i.into()))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(i.into())))
	}
	// Storage: `Skipped::Metadata` (r:0 w:0)
	// `p` is 0 to 1000.
	fn kill_prefix(p: u32) -> Weight {
		// At the least 4_036 ns.
		Weight::from_parts(4_096_000, 0)
			// Standard error 3_093.
			.saturating_add(Weight::from_parts(1_177_052, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(p.into())))
	}
	// Storage: `System::AuthorizedUpgrade` (r:0 w:1)
	fn authorize_upgrade() -> Weight {
		// At the least 8_433 ns.
		Weight::from_parts(9_885_000, 0).saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `System::AuthorizedUpgrade` (r:1 w:1)
	// Storage: UNKNOWN KEY `0x3a636f6465` (r:0 w:1)
	fn apply_authorized_upgrade() -> Weight {
		// At the least 117_587_448 ns.
		Weight::from_parts(118_960_284_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(2))
	}
}
