//! Weights of `pallet_channels`.
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

impl<T: frame_system::Config> pallet_channels::WeightInfo for WeightInfo<T> {
	// Storage: `Models::Models` (r:1 w:0)
	// Storage: `Miners::Miners` (r:1 w:0)
	// Storage: `Miners::Offers` (r:1 w:0)
	// Storage: `Channels::Backing` (r:1 w:1)
	// Storage: `Channels::NextChannelId` (r:1 w:1)
	// Storage: `ChannelEscrow::Rows` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `Channels::Agenda` (r:0 w:1)
	// Storage: `Channels::Channels` (r:0 w:1)
	// Storage: `Channels::ChannelsOf` (r:0 w:2)
	fn open() -> Weight {
		// At the least 99_127 ns.
		Weight::from_parts(104_635_000, 0)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(8))
	}
	// Storage: `Channels::Channels` (r:1 w:1)
	// Storage: `Miners::Miners` (r:1 w:0)
	// Storage: `Channels::Backing` (r:1 w:1)
	// Storage: `ChannelEscrow::Rows` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	fn top_up() -> Weight {
		// At the least 88_151 ns.
		Weight::from_parts(90_765_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	// Storage: `Channels::Channels` (r:1 w:1)
	// Storage: `System::BlockHash` (r:1 w:0)
	// Storage: `System::Account` (r:2 w:2)
	// Storage: `ChannelEscrow::Rows` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `Channels::Backing` (r:1 w:1)
	// Storage: `Models::Models` (r:1 w:0)
	// Storage: `Receipts::ChannelReceipts` (r:0 w:1)
	// Storage: `Receipts::ChannelReceiptsOf` (r:0 w:2)
	// Storage: `Receipts::ChannelOrder` (r:0 w:1)
	// Storage: `Channels::Agenda` (r:0 w:2)
	fn close() -> Weight {
		// At the least 250_211 ns.
		Weight::from_parts(255_238_000, 0)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(12))
	}
	// Storage: `Channels::Channels` (r:1 w:1)
	// Storage: `System::BlockHash` (r:1 w:0)
	fn challenge() -> Weight {
		// At the least 67_540 ns.
		Weight::from_parts(70_505_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `Channels::Channels` (r:1 w:1)
	// Storage: `System::BlockHash` (r:1 w:0)
	// Storage: `Miners::Miners` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `System::Account` (r:2 w:2)
	// Storage: `Parameters::Current` (r:1 w:0)
	// Storage: `Miners::Offers` (r:64 w:64)
	// Storage: `Miners::ReadyPlace` (r:128 w:128)
	// Storage: `Miners::ReadyLists` (r:64 w:64)
	// Storage: `Miners::ReadyAt` (r:64 w:128)
	// `n` is 1 to 64.
	fn report_equivocation(n: u32) -> Weight {
		// At the least 250_651 ns.
		Weight::from_parts(213_451_129, 0)
			// Standard error 77_697.
			.saturating_add(Weight::from_parts(35_686_696, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().reads((5_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(5))
			.saturating_add(T::DbWeight::get().writes((6_u64).saturating_mul(n.into())))
	}
	// Storage: `Channels::Agenda` (r:1 w:0)
	fn agenda_block() -> Weight {
		// At the least 3_145 ns.
		Weight::from_parts(3_475_000, 0).saturating_add(T::DbWeight::get().reads(1))
	}
	// Storage: `Channels::Channels` (r:1 w:1)
	// Storage: `System::Account` (r:2 w:2)
	// Storage: `ChannelEscrow::Rows` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Storage: `Channels::Backing` (r:1 w:1)
	// Storage: `Models::Models` (r:1 w:0)
	// Storage: `System::BlockHash` (r:1 w:0)
	// Storage: `Receipts::ChannelReceipts` (r:0 w:1)
	// Storage: `Receipts::ChannelReceiptsOf` (r:0 w:2)
	// Storage: `Receipts::ChannelOrder` (r:0 w:1)
	// Storage: `Channels::Agenda` (r:0 w:2)
	fn due() -> Weight {
		// At the least 147_098 ns.
		Weight::from_parts(150_894_000, 0)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(12))
	}
}
