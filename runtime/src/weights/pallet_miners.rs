//! Weights of `pallet_miners`.
//!
//! Measured on 2026-11-21 (CPU: AMD EPYC, a busy machine; steps: 20, repeats: 10; frame-omni-bencher's library 63.0.0), for
//! the draw before slots were drawn. What the draw by slots, the receipts' index, `slash` and governance's parameters
//! add was counted by hand since, and so were the calls for receipt keys (the time of `stake`, and what checking an Ed25519
//! signature takes at the most): the next `make weights` replaces all of it. See `docs/weights.md`.

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
	// Storage: `Parameters::Current` (r:1 w:0)
	fn register() -> Weight {
		// At the least 109_833 ns.
		Weight::from_parts(114_249_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `Parameters::Current` (r:1 w:0)
	fn stake() -> Weight {
		// At the least 62_783 ns.
		Weight::from_parts(65_157_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Parameters::Current` (r:1 w:0)
	fn unstake() -> Weight {
		// At the least 10_907 ns.
		Weight::from_parts(12_208_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `System::Account` (r:1 w:1)
	// Storage: `Miners::OwnerOf` (r:0 w:1)
	fn withdraw_unbonded() -> Weight {
		// At the least 56_564 ns.
		Weight::from_parts(60_570_000, 0)
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
	// Storage: `Parameters::Current` (r:1 w:0)
	fn offer() -> Weight {
		// At the least 61_731 ns.
		Weight::from_parts(76_985_000, 0)
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().writes(9))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::Offers` (r:1 w:1)
	// Storage: `Miners::ReadyPlace` (r:2 w:2)
	// Storage: `Miners::ReadyLists` (r:1 w:1)
	// Storage: `Miners::ReadyAt` (r:1 w:2)
	fn withdraw_offer() -> Weight {
		// At the least 66_369 ns.
		Weight::from_parts(87_679_000, 0)
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
		// At the least 14_912 ns.
		Weight::from_parts(15_012_000, 0)
			// Standard error 6_241_634.
			.saturating_add(Weight::from_parts(61_801_806, 0).saturating_mul(n.into()))
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
	// Storage: `Parameters::Current` (r:1 w:0)
	// `n` is 0 to 64.
	fn deregister(n: u32) -> Weight {
		// At the least 13_720 ns.
		Weight::from_parts(13_901_000, 0)
			// Standard error 3_678_151.
			.saturating_add(Weight::from_parts(37_939_094, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(2))
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
	// Storage: `Parameters::Current` (r:1 w:0)
	// `n` is 0 to 64.
	fn slash(n: u32) -> Weight {
		Weight::from_parts(120_000_000, 0)
			.saturating_add(Weight::from_parts(66_000_000, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().reads((5_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(4))
			.saturating_add(T::DbWeight::get().writes((6_u64).saturating_mul(n.into())))
	}
	// Storage: `Miners::Miners` (r:1 w:0)
	// Storage: `Miners::ReceiptKeys` (r:1 w:1)
	// Storage: `System::BlockHash` (r:1 w:0)
	// Storage: `Balances::Holds` (r:1 w:1)
	fn set_receipt_key() -> Weight {
		Weight::from_parts(180_000_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	// Storage: `Miners::ReceiptKeys` (r:1 w:1)
	fn revoke_receipt_key() -> Weight {
		Weight::from_parts(20_000_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `Miners::ReceiptKeys` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	fn forget_receipt_key() -> Weight {
		Weight::from_parts(70_000_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}
}
