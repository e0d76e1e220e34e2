//! Weights of `frame_system`.
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

impl<T: frame_system::Config> frame_system::WeightInfo for WeightInfo<T> {
	// `b` is 0 to 1887437.
	fn remark(b: u32) -> Weight {
		// At the least 1_883 ns.
		Weight::from_parts(14_153_482, 0)
			// Standard error 2.
			.saturating_add(Weight::from_parts(383, 0).saturating_mul(b.into()))
	}
	// `b` is 0 to 1887437.
	fn remark_with_event(b: u32) -> Weight {
		// At the least 4_577 ns.
		Weight::from_parts(28_269_776, 0)
			// Standard error 5.
			.saturating_add(Weight::from_parts(1_779, 0).saturating_mul(b.into()))
	}
	// Storage: UNKNOWN KEY `0x3a686561707061676573` (r:0 w:1)
	fn set_heap_pages() -> Weight {
		// At the least 3_405 ns.
		Weight::from_parts(3_826_000, 0).saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: UNKNOWN KEY `0x3a636f6465` (r:0 w:1)
	fn set_code() -> Weight {
		// At the least 142_539_347 ns.
		Weight::from_parts(147_258_442_000, 0).saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `Skipped::Metadata` (r:0 w:0)
	// `i` is 0 to 1000.
	fn set_storage(i: u32) -> Weight {
		// At the least 1_893 ns.
		Weight::from_parts(1_963_000, 0)
			// Standard error 2_450.
			.saturating_add(Weight::from_parts(880_942, 0).saturating_mul(i.into()))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(i.into())))
	}
	// Storage: `Skipped::Metadata` (r:0 w:0)
	// `i` is 0 to 1000.
	fn kill_storage(i: u32) -> Weight {
		// At the least 1_883 ns.
		Weight::from_parts(1_953_000, 0)
			// Standard error 1_420.
			.saturating_add(Weight::from_parts(621_776, 0).saturating_mul(i.into()))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(i.into())))
	}
	// Storage: `Skipped::Metadata` (r:0 w:0)
	// `p` is 0 to 1000.
	fn kill_prefix(p: u32) -> Weight {
		// At the least 3_725 ns.
		Weight::from_parts(3_916_000, 0)
			// Standard error 3_405.
			.saturating_add(Weight::from_parts(1_138_406, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(p.into())))
	}
	// Storage: `System::AuthorizedUpgrade` (r:0 w:1)
	fn authorize_upgrade() -> Weight {
		// At the least 15_422 ns.
		Weight::from_parts(25_979_000, 0).saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `System::AuthorizedUpgrade` (r:1 w:1)
	// Storage: UNKNOWN KEY `0x3a636f6465` (r:0 w:1)
	fn apply_authorized_upgrade() -> Weight {
		// At the least 145_797_255 ns.
		Weight::from_parts(150_104_711_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(2))
	}
}
