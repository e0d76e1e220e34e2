//! Weights of `pallet_miners`.
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

impl<T: frame_system::Config> pallet_miners::WeightInfo for WeightInfo<T> {
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::OwnerOf` (r:1 w:1)
	// Storage: `Parameters::Current` (r:1 w:0)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `System::Account` (r:1 w:1)
	fn register() -> Weight {
		// At the least 111_365 ns.
		Weight::from_parts(114_630_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Parameters::Current` (r:1 w:0)
	// Storage: `Balances::Holds` (r:1 w:1)
	fn stake() -> Weight {
		// At the least 62_833 ns.
		Weight::from_parts(64_846_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Parameters::Current` (r:1 w:0)
	fn unstake() -> Weight {
		// At the least 12_629 ns.
		Weight::from_parts(13_670_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `System::Account` (r:1 w:1)
	// Storage: `Miners::OwnerOf` (r:0 w:1)
	fn withdraw_unbonded() -> Weight {
		// At the least 57_175 ns.
		Weight::from_parts(59_418_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	// Storage: `Models::Models` (r:1 w:0)
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::Offers` (r:1 w:1)
	// Storage: `Parameters::Current` (r:1 w:0)
	// Storage: `Miners::ReadyPlace` (r:2 w:2)
	// Storage: `Miners::ReadyLists` (r:1 w:1)
	// Storage: `Miners::ReadyAt` (r:1 w:3)
	// Storage: `Jobs::Walks` (r:1 w:1)
	// Storage: `Jobs::Queues` (r:1 w:0)
	fn offer() -> Weight {
		// At the least 85_657 ns.
		Weight::from_parts(89_172_000, 0)
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().writes(9))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::Offers` (r:1 w:1)
	// Storage: `Miners::ReadyPlace` (r:2 w:2)
	// Storage: `Miners::ReadyLists` (r:1 w:1)
	// Storage: `Miners::ReadyAt` (r:1 w:2)
	fn withdraw_offer() -> Weight {
		// At the least 64_555 ns.
		Weight::from_parts(68_161_000, 0)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::Offers` (r:64 w:0)
	// Storage: `Miners::ReadyPlace` (r:128 w:128)
	// Storage: `Miners::ReadyLists` (r:64 w:64)
	// Storage: `Miners::ReadyAt` (r:64 w:128)
	// `n` is 0 to 64.
	fn set_ready(n: u32) -> Weight {
		// At the least 13_900 ns.
		Weight::from_parts(14_602_774, 0)
			// Standard error 116_334.
			.saturating_add(Weight::from_parts(30_919_864, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().reads((5_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(1))
			.saturating_add(T::DbWeight::get().writes((5_u64).saturating_mul(n.into())))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::ReadyPlace` (r:128 w:128)
	// Storage: `Miners::ReadyLists` (r:64 w:64)
	// Storage: `Miners::ReadyAt` (r:64 w:128)
	// Storage: `Parameters::Current` (r:1 w:0)
	// Storage: `Miners::Offers` (r:0 w:64)
	// `n` is 0 to 64.
	fn deregister(n: u32) -> Weight {
		// At the least 16_424 ns.
		Weight::from_parts(16_855_000, 0)
			// Standard error 82_878.
			.saturating_add(Weight::from_parts(31_461_633, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().reads((4_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(1))
			.saturating_add(T::DbWeight::get().writes((6_u64).saturating_mul(n.into())))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `System::Account` (r:1 w:1)
	// Storage: `Parameters::Current` (r:1 w:0)
	// Storage: `Miners::Offers` (r:64 w:64)
	// Storage: `Miners::ReadyPlace` (r:128 w:128)
	// Storage: `Miners::ReadyLists` (r:64 w:64)
	// Storage: `Miners::ReadyAt` (r:64 w:128)
	// `n` is 0 to 64.
	fn slash(n: u32) -> Weight {
		// At the least 87_690 ns.
		Weight::from_parts(89_555_533, 0)
			// Standard error 101_351.
			.saturating_add(Weight::from_parts(35_527_036, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().reads((5_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().writes((6_u64).saturating_mul(n.into())))
	}
	// Storage: `Miners::Miners` (r:1 w:0)
	// Storage: `Miners::ReceiptKeys` (r:1 w:1)
	// Storage: `System::BlockHash` (r:1 w:0)
	// Storage: `Balances::Holds` (r:1 w:1)
	fn set_receipt_key() -> Weight {
		// At the least 131_415 ns.
		Weight::from_parts(135_160_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	// Storage: `Miners::ReceiptKeys` (r:1 w:1)
	fn revoke_receipt_key() -> Weight {
		// At the least 15_924 ns.
		Weight::from_parts(17_536_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `Miners::ReceiptKeys` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	fn forget_receipt_key() -> Weight {
		// At the least 58_817 ns.
		Weight::from_parts(60_790_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}
}
