//! Weights of `pallet_jobs`.
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
		// At the least 79_158 ns.
		Weight::from_parts(82_431_026, 0)
			// Standard error 8.
			.saturating_add(Weight::from_parts(1_338, 0).saturating_mul(b.into()))
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
		// At the least 107_088 ns.
		Weight::from_parts(111_496_000, 0)
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
		// At the least 98_787 ns.
		Weight::from_parts(102_471_000, 0)
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
		// At the least 306_564 ns.
		Weight::from_parts(287_724_093, 0)
			// Standard error 84.
			.saturating_add(Weight::from_parts(4_645, 0).saturating_mul(b.into()))
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
	// Storage: `Miners::ReadyPlace` (r:1 w:1)
	// Storage: `Miners::ReadyLists` (r:1 w:1)
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
		// At the least 283_460 ns.
		Weight::from_parts(263_608_901, 0)
			// Standard error 87.
			.saturating_add(Weight::from_parts(4_804, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().writes(18))
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
		// At the least 165_075 ns.
		Weight::from_parts(171_915_000, 0)
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
		// At the least 73_178 ns.
		Weight::from_parts(77_224_000, 0)
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
		// At the least 154_759 ns.
		Weight::from_parts(169_972_000, 0)
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
		// At the least 286_665 ns.
		Weight::from_parts(303_299_000, 0)
			.saturating_add(T::DbWeight::get().reads(41))
			.saturating_add(T::DbWeight::get().writes(17))
	}
	// Storage: `Jobs::Agenda` (r:1 w:0)
	// Storage: `Jobs::Jobs` (r:1 w:0)
	fn agenda_block() -> Weight {
		// At the least 11_507 ns.
		Weight::from_parts(12_909_000, 0).saturating_add(T::DbWeight::get().reads(2))
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
		// At the least 153_278 ns.
		Weight::from_parts(158_375_000, 0)
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().writes(21))
	}
	// Storage: `Jobs::Walks` (r:16 w:0)
	// Storage: `Babe::AuthorVrfRandomness` (r:1 w:0)
	fn walk_base() -> Weight {
		// At the least 22_424 ns.
		Weight::from_parts(23_574_000, 0).saturating_add(T::DbWeight::get().reads(17))
	}
}
