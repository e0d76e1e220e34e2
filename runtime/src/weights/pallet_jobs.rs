//! Weights of `pallet_jobs`.
//!
//! Measured on 2026-11-21 (CPU: AMD EPYC, a busy machine; steps: 20, repeats: 10; frame-omni-bencher's library 63.0.0), for
//! the draw before slots were drawn. What the draw by slots, the receipts' index, `slash` and governance's parameters
//! add was counted by hand since: the next `make weights` replaces all of it. See `docs/weights.md`.

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
	// Storage: `Parameters::Current` (r:1 w:0)
	// Storage: `Jobs::TermsOf` (r:0 w:1)
	// `b` is 1 to 16384.
	fn submit(b: u32) -> Weight {
		// At the least 82_973 ns.
		Weight::from_parts(87_708_599, 0)
			// Standard error 27.
			.saturating_add(Weight::from_parts(1_455, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(8))
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
	// Storage: `Jobs::TermsOf` (r:1 w:1)
	fn cancel() -> Weight {
		// At the least 101_381 ns.
		Weight::from_parts(107_750_000, 0)
			.saturating_add(T::DbWeight::get().reads(11))
			.saturating_add(T::DbWeight::get().writes(13))
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
	// Storage: `Parameters::Current` (r:1 w:0)
	fn claim() -> Weight {
		// At the least 86_929 ns.
		Weight::from_parts(92_858_000, 0)
			.saturating_add(T::DbWeight::get().reads(16))
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
	// Storage: `Jobs::TermsOf` (r:1 w:1)
	// `b` is 1 to 65536.
	fn complete(b: u32) -> Weight {
		// At the least 305_583 ns.
		Weight::from_parts(320_452_806, 0)
			// Standard error 76.
			.saturating_add(Weight::from_parts(2_213, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(16))
			.saturating_add(T::DbWeight::get().writes(20))
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
	// Storage: `Jobs::TermsOf` (r:1 w:1)
	fn fail() -> Weight {
		// At the least 135_922 ns.
		Weight::from_parts(148_119_000, 0)
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().writes(18))
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
		// At the least 82_963 ns.
		Weight::from_parts(90_594_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(8))
	}
	// Storage: `Jobs::Jobs` (r:1 w:1)
	// Storage: `Models::Models` (r:1 w:0)
	// Storage: `Miners::ReadyLists` (r:1 w:1)
	// Storage: `Miners::ReadyAt` (r:8 w:3)
	// Storage: `Miners::Offers` (r:8 w:1)
	// Storage: `Miners::Miners` (r:4 w:1)
	// Storage: `Miners::ReadyPlace` (r:2 w:2)
	// Storage: `Jobs::Agenda` (r:0 w:1)
	// Storage: `Jobs::AssignmentsOf` (r:0 w:1)
	fn draw() -> Weight {
		Weight::from_parts(120_000_000, 0)
			.saturating_add(T::DbWeight::get().reads(25))
			.saturating_add(T::DbWeight::get().writes(11))
	}
	// Storage: `Jobs::Walks` (r:2 w:1)
	// Storage: `Jobs::Queue` (r:3 w:3)
	// Storage: `Jobs::Jobs` (r:1 w:1)
	// Storage: `Models::Models` (r:1 w:0)
	// Storage: `Miners::ReadyLists` (r:1 w:1)
	// Storage: `Miners::ReadyAt` (r:17 w:3)
	// Storage: `Miners::Miners` (r:8 w:1)
	// Storage: `Miners::Offers` (r:16 w:1)
	// Storage: `Miners::ReadyPlace` (r:2 w:2)
	// Storage: `Jobs::Queues` (r:1 w:1)
	// Storage: `Jobs::Agenda` (r:0 w:2)
	// Storage: `Jobs::AssignmentsOf` (r:0 w:1)
	// Storage: `Parameters::Current` (r:1 w:0)
	fn search() -> Weight {
		// At the least 174_529 ns.
		Weight::from_parts(201_298_000, 0)
			.saturating_add(T::DbWeight::get().reads(52))
			.saturating_add(T::DbWeight::get().writes(17))
	}
	// Storage: `Jobs::Agenda` (r:1 w:0)
	// Storage: `Jobs::Jobs` (r:1 w:0)
	fn agenda_block() -> Weight {
		// At the least 15_283 ns.
		Weight::from_parts(19_158_000, 0).saturating_add(T::DbWeight::get().reads(2))
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
	// Storage: `Jobs::TermsOf` (r:1 w:1)
	fn agenda_item() -> Weight {
		// At the least 131_635 ns.
		Weight::from_parts(139_156_000, 0)
			.saturating_add(T::DbWeight::get().reads(13))
			.saturating_add(T::DbWeight::get().writes(18))
	}
	// Storage: `Jobs::Walks` (r:16 w:0)
	// Storage: `Babe::AuthorVrfRandomness` (r:1 w:0)
	fn walk_base() -> Weight {
		// At the least 23_706 ns.
		Weight::from_parts(25_237_000, 0).saturating_add(T::DbWeight::get().reads(17))
	}
}
