//! Weights of `pallet_jobs`.
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

impl<T: frame_system::Config> pallet_jobs::WeightInfo for WeightInfo<T> {
	// Storage: `Models::Models` (r:1 w:0)
	// Storage: `Parameters::Current` (r:1 w:0)
	// Storage: `Escrow::Rows` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `Jobs::Jobs` (r:0 w:1)
	// Storage: `Jobs::TermsOf` (r:0 w:1)
	// Storage: `Jobs::JobsOf` (r:0 w:1)
	// Storage: `Jobs::Inputs` (r:0 w:1)
	// `b` is 1 to 16384.
	fn submit(b: u32) -> Weight {
		// At the least 82_683 ns.
		Weight::from_parts(86_273_504, 0)
			// Standard error 7.
			.saturating_add(Weight::from_parts(1_291, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(6))
	}
	// Storage: `Jobs::Jobs` (r:1 w:1)
	// Storage: `Jobs::Queue` (r:3 w:3)
	// Storage: `Jobs::Queues` (r:1 w:1)
	// Storage: `Jobs::Walks` (r:1 w:1)
	// Storage: `Escrow::Rows` (r:1 w:1)
	// Storage: `System::Account` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `Jobs::TermsOf` (r:1 w:1)
	// Storage: `Models::Models` (r:1 w:0)
	// Storage: `System::BlockHash` (r:1 w:0)
	// Storage: `Jobs::Agenda` (r:0 w:2)
	// Storage: `Receipts::Receipts` (r:0 w:1)
	// Storage: `Receipts::Order` (r:0 w:1)
	// Storage: `Receipts::ReceiptsOf` (r:0 w:1)
	fn cancel() -> Weight {
		// At the least 113_128 ns.
		Weight::from_parts(116_843_000, 0)
			.saturating_add(T::DbWeight::get().reads(12))
			.saturating_add(T::DbWeight::get().writes(15))
	}
	// Storage: `Miners::OwnerOf` (r:1 w:0)
	// Storage: `Jobs::Jobs` (r:1 w:1)
	// Storage: `Jobs::Queue` (r:3 w:3)
	// Storage: `Models::Models` (r:1 w:0)
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::Offers` (r:1 w:1)
	// Storage: `Parameters::Current` (r:1 w:0)
	// Storage: `Miners::ReadyPlace` (r:2 w:2)
	// Storage: `Miners::ReadyLists` (r:1 w:1)
	// Storage: `Miners::ReadyAt` (r:1 w:3)
	// Storage: `Jobs::Queues` (r:1 w:1)
	// Storage: `Jobs::Walks` (r:1 w:1)
	// Storage: `Babe::AuthorVrfRandomness` (r:1 w:0)
	// Storage: `Jobs::Agenda` (r:0 w:2)
	// Storage: `Jobs::AssignmentsOf` (r:0 w:1)
	fn claim() -> Weight {
		// At the least 103_534 ns.
		Weight::from_parts(106_788_000, 0)
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
	// Storage: `Miners::ReadyAt` (r:1 w:3)
	// Storage: `Jobs::Walks` (r:1 w:0)
	// Storage: `Jobs::Queues` (r:1 w:0)
	// Storage: `Jobs::TermsOf` (r:1 w:1)
	// Storage: `Jobs::Agenda` (r:0 w:2)
	// Storage: `Jobs::Outputs` (r:0 w:1)
	// Storage: `Jobs::AssignmentsOf` (r:0 w:1)
	// Storage: `Receipts::Receipts` (r:0 w:1)
	// Storage: `Receipts::Order` (r:0 w:1)
	// Storage: `Receipts::ReceiptsOf` (r:0 w:2)
	// `b` is 1 to 65536.
	fn complete(b: u32) -> Weight {
		// At the least 322_458 ns.
		Weight::from_parts(330_909_337, 0)
			// Standard error 40.
			.saturating_add(Weight::from_parts(2_086, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(16))
			.saturating_add(T::DbWeight::get().writes(22))
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
	// Storage: `Miners::ReadyAt` (r:1 w:3)
	// Storage: `Jobs::Walks` (r:1 w:0)
	// Storage: `Jobs::Queues` (r:1 w:0)
	// Storage: `Jobs::TermsOf` (r:1 w:1)
	// Storage: `Jobs::Agenda` (r:0 w:2)
	// Storage: `Jobs::Outputs` (r:0 w:1)
	// Storage: `Jobs::AssignmentsOf` (r:0 w:1)
	// Storage: `Receipts::Receipts` (r:0 w:1)
	// Storage: `Receipts::Order` (r:0 w:1)
	// Storage: `Receipts::ReceiptsOf` (r:0 w:2)
	// `b` is 1 to 65536.
	fn complete_in_place(b: u32) -> Weight {
		// At the least 322_458 ns.
		Weight::from_parts(330_909_337, 0)
			// Standard error 40.
			.saturating_add(Weight::from_parts(2_086, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(16))
			.saturating_add(T::DbWeight::get().writes(22))
	}
	// Storage: `Jobs::Jobs` (r:1 w:1)
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::Offers` (r:1 w:1)
	// Storage: `Miners::ReadyPlace` (r:2 w:2)
	// Storage: `Miners::ReadyLists` (r:1 w:1)
	// Storage: `Miners::ReadyAt` (r:1 w:3)
	// Storage: `Jobs::Walks` (r:1 w:1)
	// Storage: `Jobs::Queues` (r:1 w:0)
	// Storage: `Escrow::Rows` (r:1 w:1)
	// Storage: `System::Account` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `Jobs::TermsOf` (r:1 w:1)
	// Storage: `Models::Models` (r:1 w:0)
	// Storage: `System::BlockHash` (r:1 w:0)
	// Storage: `Jobs::Agenda` (r:0 w:2)
	// Storage: `Jobs::AssignmentsOf` (r:0 w:1)
	// Storage: `Receipts::Receipts` (r:0 w:1)
	// Storage: `Receipts::Order` (r:0 w:1)
	// Storage: `Receipts::ReceiptsOf` (r:0 w:2)
	fn fail() -> Weight {
		// At the least 173_106 ns.
		Weight::from_parts(179_015_000, 0)
			.saturating_add(T::DbWeight::get().reads(15))
			.saturating_add(T::DbWeight::get().writes(21))
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
		// At the least 74_640 ns.
		Weight::from_parts(79_899_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(8))
	}
	// Storage: `Models::Models` (r:1 w:0)
	// Storage: `Miners::ReadyLists` (r:1 w:1)
	// Storage: `Miners::ReadyAt` (r:6 w:3)
	// Storage: `Miners::Offers` (r:5 w:1)
	// Storage: `Miners::Miners` (r:4 w:1)
	// Storage: `Parameters::Current` (r:1 w:0)
	// Storage: `Miners::ReadyPlace` (r:2 w:2)
	// Storage: `Jobs::Agenda` (r:0 w:1)
	// Storage: `Jobs::AssignmentsOf` (r:0 w:1)
	fn draw() -> Weight {
		// At the least 169_982 ns.
		Weight::from_parts(179_646_000, 0)
			.saturating_add(T::DbWeight::get().reads(20))
			.saturating_add(T::DbWeight::get().writes(10))
	}
	// Storage: `Jobs::Walks` (r:2 w:1)
	// Storage: `Jobs::Queue` (r:3 w:3)
	// Storage: `Jobs::Jobs` (r:1 w:1)
	// Storage: `Models::Models` (r:1 w:0)
	// Storage: `Miners::ReadyLists` (r:1 w:1)
	// Storage: `Miners::ReadyAt` (r:11 w:3)
	// Storage: `Miners::Offers` (r:10 w:1)
	// Storage: `Miners::Miners` (r:8 w:1)
	// Storage: `Parameters::Current` (r:1 w:0)
	// Storage: `Miners::ReadyPlace` (r:2 w:2)
	// Storage: `Jobs::Queues` (r:1 w:1)
	// Storage: `Jobs::Agenda` (r:0 w:2)
	// Storage: `Jobs::AssignmentsOf` (r:0 w:1)
	fn search() -> Weight {
		// At the least 310_660 ns.
		Weight::from_parts(337_310_000, 0)
			.saturating_add(T::DbWeight::get().reads(41))
			.saturating_add(T::DbWeight::get().writes(17))
	}
	// Storage: `Jobs::Agenda` (r:1 w:0)
	// Storage: `Jobs::Jobs` (r:1 w:0)
	fn agenda_block() -> Weight {
		// At the least 12_348 ns.
		Weight::from_parts(14_321_000, 0).saturating_add(T::DbWeight::get().reads(2))
	}
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Miners::Offers` (r:1 w:1)
	// Storage: `Miners::ReadyPlace` (r:2 w:2)
	// Storage: `Miners::ReadyLists` (r:1 w:1)
	// Storage: `Miners::ReadyAt` (r:1 w:3)
	// Storage: `Jobs::Walks` (r:1 w:1)
	// Storage: `Jobs::Queues` (r:1 w:0)
	// Storage: `Escrow::Rows` (r:1 w:1)
	// Storage: `System::Account` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `Jobs::TermsOf` (r:1 w:1)
	// Storage: `Models::Models` (r:1 w:0)
	// Storage: `System::BlockHash` (r:1 w:0)
	// Storage: `Jobs::Agenda` (r:0 w:2)
	// Storage: `Jobs::Jobs` (r:0 w:1)
	// Storage: `Jobs::AssignmentsOf` (r:0 w:1)
	// Storage: `Receipts::Receipts` (r:0 w:1)
	// Storage: `Receipts::Order` (r:0 w:1)
	// Storage: `Receipts::ReceiptsOf` (r:0 w:2)
	fn agenda_item() -> Weight {
		// At the least 162_701 ns.
		Weight::from_parts(169_762_000, 0)
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().writes(21))
	}
	// Storage: `Jobs::Walks` (r:16 w:0)
	// Storage: `Babe::AuthorVrfRandomness` (r:1 w:0)
	fn walk_base() -> Weight {
		// At the least 23_364 ns.
		Weight::from_parts(24_576_000, 0).saturating_add(T::DbWeight::get().reads(17))
	}
}
