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
		// At the least 113_228 ns.
		Weight::from_parts(116_132_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Parameters::Current` (r:1 w:0)
	// Storage: `Balances::Holds` (r:1 w:1)
	fn stake() -> Weight {
		// At the least 63_765 ns.
		Weight::from_parts(65_647_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Parameters::Current` (r:1 w:0)
	fn unstake() -> Weight {
		// At the least 12_718 ns.
		Weight::from_parts(13_750_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `System::Account` (r:1 w:1)
	// Storage: `Miners::OwnerOf` (r:0 w:1)
	fn withdraw_unbonded() -> Weight {
		// At the least 57_535 ns.
		Weight::from_parts(59_939_000, 0)
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
		// At the least 86_128 ns.
		Weight::from_parts(89_393_000, 0)
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().writes(9))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::Offers` (r:1 w:1)
	// Storage: `Miners::ReadyPlace` (r:2 w:2)
	// Storage: `Miners::ReadyLists` (r:1 w:1)
	// Storage: `Miners::ReadyAt` (r:1 w:2)
	fn withdraw_offer() -> Weight {
		// At the least 63_714 ns.
		Weight::from_parts(68_281_000, 0)
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
		// At the least 13_950 ns.
		Weight::from_parts(11_841_813, 0)
			// Standard error 62_366.
			.saturating_add(Weight::from_parts(31_006_737, 0).saturating_mul(n.into()))
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
		// At the least 16_454 ns.
		Weight::from_parts(4_741_684, 0)
			// Standard error 78_538.
			.saturating_add(Weight::from_parts(31_648_532, 0).saturating_mul(n.into()))
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
		// At the least 84_735 ns.
		Weight::from_parts(70_612_377, 0)
			// Standard error 138_212.
			.saturating_add(Weight::from_parts(36_098_322, 0).saturating_mul(n.into()))
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
		// At the least 128_901 ns.
		Weight::from_parts(133_658_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	// Storage: `Miners::ReceiptKeys` (r:1 w:1)
	fn revoke_receipt_key() -> Weight {
		// At the least 15_883 ns.
		Weight::from_parts(16_745_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `Miners::ReceiptKeys` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	fn forget_receipt_key() -> Weight {
		// At the least 59_178 ns.
		Weight::from_parts(62_082_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}
}
