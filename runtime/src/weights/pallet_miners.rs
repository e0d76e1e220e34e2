//! Weights of `pallet_miners`.
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

impl<T: frame_system::Config> pallet_miners::WeightInfo for WeightInfo<T> {
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::OwnerOf` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `System::Account` (r:1 w:1)
	fn register() -> Weight {
		// At the least 110_234 ns.
		Weight::from_parts(113_839_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	fn stake() -> Weight {
		// At the least 61_701 ns.
		Weight::from_parts(64_416_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	fn unstake() -> Weight {
		// At the least 10_745 ns.
		Weight::from_parts(12_028_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `System::Account` (r:1 w:1)
	// Storage: `Miners::OwnerOf` (r:0 w:1)
	fn withdraw_unbonded() -> Weight {
		// At the least 57_435 ns.
		Weight::from_parts(60_660_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	// Storage: `Models::Models` (r:1 w:0)
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::Offers` (r:1 w:1)
	// Storage: `Miners::ReadyPlace` (r:2 w:2)
	// Storage: `Miners::ReadyLists` (r:1 w:1)
	// Storage: `Jobs::Walks` (r:1 w:1)
	// Storage: `Jobs::Queues` (r:1 w:0)
	// Storage: `Miners::ReadyAt` (r:1 w:3)
	fn offer() -> Weight {
		// At the least 64_455 ns.
		Weight::from_parts(91_365_000, 0)
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().writes(9))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::Offers` (r:1 w:1)
	// Storage: `Miners::ReadyPlace` (r:2 w:2)
	// Storage: `Miners::ReadyLists` (r:1 w:1)
	// Storage: `Miners::ReadyAt` (r:1 w:2)
	fn withdraw_offer() -> Weight {
		// At the least 65_697 ns.
		Weight::from_parts(87_800_000, 0)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	// Storage: `Miners::OwnerOf` (r:1 w:0)
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::Offers` (r:64 w:0)
	// Storage: `Miners::ReadyPlace` (r:128 w:128)
	// Storage: `Miners::ReadyLists` (r:64 w:64)
	// Storage: `Miners::ReadyAt` (r:64 w:128)
	// `n` is 0 to 64.
	fn set_ready(n: u32) -> Weight {
		// At the least 15_012 ns.
		Weight::from_parts(15_082_000, 0)
			// Standard error 6_532_761.
			.saturating_add(Weight::from_parts(62_101_979, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().reads((5_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(1))
			.saturating_add(T::DbWeight::get().writes((5_u64).saturating_mul(n.into())))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::ReadyPlace` (r:128 w:128)
	// Storage: `Miners::ReadyLists` (r:64 w:64)
	// Storage: `Miners::ReadyAt` (r:64 w:128)
	// Storage: `Miners::Offers` (r:0 w:64)
	// `n` is 0 to 64.
	fn deregister(n: u32) -> Weight {
		// At the least 13_590 ns.
		Weight::from_parts(14_071_000, 0)
			// Standard error 5_835_264.
			.saturating_add(Weight::from_parts(51_995_189, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().reads((4_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(1))
			.saturating_add(T::DbWeight::get().writes((6_u64).saturating_mul(n.into())))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `System::Account` (r:2 w:2)
	// Storage: `Miners::Offers` (r:64 w:64)
	// Storage: `Miners::ReadyPlace` (r:128 w:128)
	// Storage: `Miners::ReadyLists` (r:64 w:64)
	// Storage: `Miners::ReadyAt` (r:64 w:128)
	// `n` is 0 to 64.
	fn slash(n: u32) -> Weight {
		Weight::from_parts(120_000_000, 0)
			.saturating_add(Weight::from_parts(66_000_000, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().reads((5_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(4))
			.saturating_add(T::DbWeight::get().writes((6_u64).saturating_mul(n.into())))
	}
}
