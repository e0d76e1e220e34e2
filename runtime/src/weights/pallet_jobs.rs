//! Weights of `pallet_jobs`.
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

impl<T: frame_system::Config> pallet_jobs::WeightInfo for WeightInfo<T> {
	// Storage: `Models::Models` (r:1 w:0)
	// Storage: `Escrow::Rows` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `Jobs::Agenda` (r:0 w:2)
	// Storage: `Jobs::Jobs` (r:0 w:1)
	// Storage: `Jobs::JobsOf` (r:0 w:1)
	// Storage: `Jobs::Inputs` (r:0 w:1)
	// `b` is 1 to 16384.
	fn submit(b: u32) -> Weight {
		// At the least 81_661 ns.
		Weight::from_parts(86_452_186, 0)
			// Standard error 16.
			.saturating_add(Weight::from_parts(1_327, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	// Storage: `Jobs::Jobs` (r:1 w:1)
	// Storage: `Jobs::Queue` (r:3 w:3)
	// Storage: `Jobs::Queues` (r:1 w:1)
	// Storage: `Jobs::Walks` (r:1 w:1)
	// Storage: `Escrow::Rows` (r:1 w:1)
	// Storage: `System::Account` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `Models::Models` (r:1 w:0)
	// Storage: `Jobs::Agenda` (r:0 w:2)
	// Storage: `Receipts::Receipts` (r:0 w:1)
	fn cancel() -> Weight {
		// At the least 100_939 ns.
		Weight::from_parts(107_249_000, 0)
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().writes(12))
	}
	// Storage: `Miners::OwnerOf` (r:1 w:0)
	// Storage: `Jobs::Jobs` (r:1 w:1)
	// Storage: `Models::Models` (r:1 w:0)
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::Offers` (r:1 w:1)
	// Storage: `Miners::ReadyPlace` (r:2 w:2)
	// Storage: `Miners::ReadyLists` (r:1 w:1)
	// Storage: `Miners::ReadyAt` (r:1 w:3)
	// Storage: `Jobs::Queue` (r:3 w:3)
	// Storage: `Jobs::Queues` (r:1 w:1)
	// Storage: `Jobs::Walks` (r:1 w:1)
	// Storage: `Babe::AuthorVrfRandomness` (r:1 w:0)
	// Storage: `Jobs::Agenda` (r:0 w:2)
	// Storage: `Jobs::AssignmentsOf` (r:0 w:1)
	fn claim() -> Weight {
		// At the least 88_181 ns.
		Weight::from_parts(94_700_000, 0)
			.saturating_add(T::DbWeight::get().reads(15))
			.saturating_add(T::DbWeight::get().writes(17))
	}
	// Storage: `Jobs::Jobs` (r:1 w:1)
	// Storage: `Models::Models` (r:1 w:0)
	// Storage: `System::Account` (r:2 w:2)
	// Storage: `System::BlockHash` (r:1 w:0)
	// Storage: `Escrow::Rows` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::Offers` (r:1 w:1)
	// Storage: `Miners::ReadyPlace` (r:2 w:2)
	// Storage: `Miners::ReadyLists` (r:1 w:1)
	// Storage: `Jobs::Walks` (r:1 w:1)
	// Storage: `Jobs::Queues` (r:1 w:0)
	// Storage: `Jobs::Agenda` (r:0 w:2)
	// Storage: `Jobs::Outputs` (r:0 w:1)
	// Storage: `Jobs::AssignmentsOf` (r:0 w:1)
	// Storage: `Miners::ReadyAt` (r:1 w:3)
	// Storage: `Receipts::Receipts` (r:0 w:1)
	// `b` is 1 to 65536.
	fn complete(b: u32) -> Weight {
		// At the least 293_295 ns.
		Weight::from_parts(294_177_878, 0)
			// Standard error 3_412.
			.saturating_add(Weight::from_parts(5_035, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(15))
			.saturating_add(T::DbWeight::get().writes(19))
	}
	// Storage: `Jobs::Jobs` (r:1 w:1)
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::Offers` (r:1 w:1)
	// Storage: `Miners::ReadyPlace` (r:2 w:2)
	// Storage: `Miners::ReadyLists` (r:1 w:1)
	// Storage: `Jobs::Walks` (r:1 w:1)
	// Storage: `Jobs::Queues` (r:1 w:0)
	// Storage: `Escrow::Rows` (r:1 w:1)
	// Storage: `System::Account` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `Models::Models` (r:1 w:0)
	// Storage: `Jobs::Agenda` (r:0 w:2)
	// Storage: `Jobs::AssignmentsOf` (r:0 w:1)
	// Storage: `Miners::ReadyAt` (r:1 w:3)
	// Storage: `Receipts::Receipts` (r:0 w:1)
	fn fail() -> Weight {
		// At the least 132_736 ns.
		Weight::from_parts(146_077_000, 0)
			.saturating_add(T::DbWeight::get().reads(13))
			.saturating_add(T::DbWeight::get().writes(17))
	}
	// Storage: `Jobs::Jobs` (r:1 w:1)
	// Storage: `Escrow::Rows` (r:1 w:1)
	// Storage: `System::Account` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `Jobs::Agenda` (r:0 w:1)
	// Storage: `Jobs::Outputs` (r:0 w:1)
	// Storage: `Jobs::JobsOf` (r:0 w:1)
	// Storage: `Jobs::Inputs` (r:0 w:1)
	fn prune() -> Weight {
		// At the least 78_256 ns.
		Weight::from_parts(89_993_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(8))
	}
	// Storage: `Jobs::Walks` (r:2 w:1)
	// Storage: `Jobs::Queue` (r:3 w:3)
	// Storage: `Jobs::Jobs` (r:1 w:1)
	// Storage: `Models::Models` (r:1 w:0)
	// Storage: `Miners::ReadyLists` (r:1 w:1)
	// Storage: `Miners::ReadyAt` (r:17 w:3)
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::Offers` (r:16 w:1)
	// Storage: `Miners::ReadyPlace` (r:2 w:2)
	// Storage: `Jobs::Queues` (r:1 w:1)
	// Storage: `Jobs::Agenda` (r:0 w:2)
	// Storage: `Jobs::AssignmentsOf` (r:0 w:1)
	fn draw() -> Weight {
		// At the least 171_935 ns.
		Weight::from_parts(202_771_000, 0)
			.saturating_add(T::DbWeight::get().reads(44))
			.saturating_add(T::DbWeight::get().writes(17))
	}
	// Storage: `Jobs::Agenda` (r:1 w:0)
	// Storage: `Jobs::Jobs` (r:1 w:0)
	fn agenda_block() -> Weight {
		// At the least 13_480 ns.
		Weight::from_parts(19_910_000, 0).saturating_add(T::DbWeight::get().reads(2))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::Offers` (r:1 w:1)
	// Storage: `Miners::ReadyPlace` (r:2 w:2)
	// Storage: `Miners::ReadyLists` (r:1 w:1)
	// Storage: `Jobs::Walks` (r:1 w:1)
	// Storage: `Jobs::Queues` (r:1 w:0)
	// Storage: `Escrow::Rows` (r:1 w:1)
	// Storage: `System::Account` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `Models::Models` (r:1 w:0)
	// Storage: `Jobs::Agenda` (r:0 w:2)
	// Storage: `Jobs::Jobs` (r:0 w:1)
	// Storage: `Jobs::AssignmentsOf` (r:0 w:1)
	// Storage: `Miners::ReadyAt` (r:1 w:3)
	// Storage: `Receipts::Receipts` (r:0 w:1)
	fn agenda_item() -> Weight {
		// At the least 126_657 ns.
		Weight::from_parts(137_774_000, 0)
			.saturating_add(T::DbWeight::get().reads(12))
			.saturating_add(T::DbWeight::get().writes(17))
	}
	// Storage: `Jobs::Walks` (r:16 w:0)
	// Storage: `Babe::AuthorVrfRandomness` (r:1 w:0)
	fn walk_base() -> Weight {
		// At the least 22_974 ns.
		Weight::from_parts(24_666_000, 0).saturating_add(T::DbWeight::get().reads(17))
	}
}
