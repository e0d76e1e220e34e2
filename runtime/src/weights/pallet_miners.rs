//! Weights of `pallet_miners`.
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

impl<T: frame_system::Config> pallet_miners::WeightInfo for WeightInfo<T> {
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::OwnerOf` (r:1 w:1)
	// Storage: `Parameters::Current` (r:1 w:0)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `System::Account` (r:1 w:1)
	fn register() -> Weight {
		// At the least 101_520 ns.
		Weight::from_parts(104_826_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Parameters::Current` (r:1 w:0)
	// Storage: `Balances::Holds` (r:1 w:1)
	fn stake() -> Weight {
		// At the least 57_515 ns.
		Weight::from_parts(59_778_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Parameters::Current` (r:1 w:0)
	fn unstake() -> Weight {
		// At the least 12_038 ns.
		Weight::from_parts(12_969_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `System::Account` (r:1 w:1)
	// Storage: `Miners::Endpoints` (r:0 w:1)
	// Storage: `Miners::Drained` (r:0 w:1)
	// Storage: `Miners::OwnerOf` (r:0 w:1)
	fn withdraw_unbonded() -> Weight {
		// At the least 54_771 ns.
		Weight::from_parts(57_205_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(6))
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
		// At the least 88_592 ns.
		Weight::from_parts(103_063_000, 0)
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().writes(9))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::Offers` (r:1 w:1)
	// Storage: `Miners::ReadyPlace` (r:2 w:2)
	// Storage: `Miners::ReadyLists` (r:1 w:1)
	// Storage: `Miners::ReadyAt` (r:1 w:2)
	fn withdraw_offer() -> Weight {
		// At the least 68_641 ns.
		Weight::from_parts(79_257_000, 0)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	// Storage: `Miners::Miners` (r:2 w:1)
	// Storage: `Miners::OwnerOf` (r:1 w:0)
	// Storage: `Miners::Offers` (r:64 w:0)
	// Storage: `Miners::ReadyPlace` (r:128 w:128)
	// Storage: `Miners::ReadyLists` (r:64 w:64)
	// Storage: `Miners::ReadyAt` (r:64 w:128)
	// Storage: `Miners::Drained` (r:0 w:1)
	// `n` is 0 to 64.
	fn set_ready(n: u32) -> Weight {
		// At the least 18_538 ns.
		Weight::from_parts(5_402_145, 0)
			// Standard error 103_126.
			.saturating_add(Weight::from_parts(30_782_556, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().reads((5_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(2))
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
		// At the least 15_293 ns.
		Weight::from_parts(15_333_000, 0)
			// Standard error 96_492.
			.saturating_add(Weight::from_parts(30_675_227, 0).saturating_mul(n.into()))
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
		// At the least 75_892 ns.
		Weight::from_parts(52_227_263, 0)
			// Standard error 193_213.
			.saturating_add(Weight::from_parts(36_339_110, 0).saturating_mul(n.into()))
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
		// At the least 124_524 ns.
		Weight::from_parts(130_783_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	// Storage: `Miners::ReceiptKeys` (r:1 w:1)
	fn revoke_receipt_key() -> Weight {
		// At the least 19_418 ns.
		Weight::from_parts(21_482_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `Miners::ReceiptKeys` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	fn forget_receipt_key() -> Weight {
		// At the least 58_897 ns.
		Weight::from_parts(62_232_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	// Storage: `Miners::Miners` (r:1 w:0)
	// Storage: `Miners::OwnerOf` (r:1 w:0)
	// Storage: `Miners::Endpoints` (r:0 w:1)
	fn set_endpoint() -> Weight {
		// At the least 14_932 ns.
		Weight::from_parts(15_893_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
}
