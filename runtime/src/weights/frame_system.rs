//! Weights of `frame_system`.
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

impl<T: frame_system::Config> frame_system::WeightInfo for WeightInfo<T> {
	// `b` is 0 to 1572864.
	fn remark(b: u32) -> Weight {
		// At the least 2_103 ns.
		Weight::from_parts(2_293_000, 0)
			// Standard error 15.
			.saturating_add(Weight::from_parts(463, 0).saturating_mul(b.into()))
	}
	// `b` is 0 to 1572864.
	fn remark_with_event(b: u32) -> Weight {
		// At the least 5_097 ns.
		Weight::from_parts(5_328_000, 0)
			// Standard error 374.
			.saturating_add(Weight::from_parts(4_979, 0).saturating_mul(b.into()))
	}
	// Storage: UNKNOWN KEY `0x3a686561707061676573` (r:0 w:1)
	fn set_heap_pages() -> Weight {
		// At the least 3_815 ns.
		Weight::from_parts(4_486_000, 0).saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: UNKNOWN KEY `0x3a636f6465` (r:0 w:1)
	fn set_code() -> Weight {
		// At the least 380_765_617 ns.
		Weight::from_parts(411_979_126_000, 0).saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `Skipped::Metadata` (r:0 w:0)
	// `i` is 0 to 1000.
	fn set_storage(i: u32) -> Weight {
		// At the least 2_224 ns.
		Weight::from_parts(2_374_000, 0)
			// Standard error 224_597.
			.saturating_add(Weight::from_parts(1_629_607, 0).saturating_mul(i.into()))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(i.into())))
	}
	// Storage: `Skipped::Metadata` (r:0 w:0)
	// `i` is 0 to 1000.
	fn kill_storage(i: u32) -> Weight {
		// At the least 2_123 ns.
		Weight::from_parts(2_173_000, 0)
			// Standard error 222_311.
			.saturating_add(Weight::from_parts(1_320_547, 0).saturating_mul(i.into()))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(i.into())))
	}
	// Storage: `Skipped::Metadata` (r:0 w:0)
	// `p` is 0 to 1000.
	fn kill_prefix(p: u32) -> Weight {
		// At the least 4_016 ns.
		Weight::from_parts(4_166_000, 0)
			// Standard error 385_154.
			.saturating_add(Weight::from_parts(3_343_974, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(p.into())))
	}
	// Storage: `System::AuthorizedUpgrade` (r:0 w:1)
	fn authorize_upgrade() -> Weight {
		// At the least 20_510 ns.
		Weight::from_parts(30_285_000, 0).saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `System::AuthorizedUpgrade` (r:1 w:1)
	// Storage: UNKNOWN KEY `0x3a636f6465` (r:0 w:1)
	fn apply_authorized_upgrade() -> Weight {
		// At the least 391_802_717 ns.
		Weight::from_parts(406_528_757_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(2))
	}
}
