//! Weights of `pallet_channels`.
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
		// At the least 91_175 ns.
		Weight::from_parts(96_623_000, 0)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(8))
	}
	// Storage: `Channels::Channels` (r:1 w:1)
	// Storage: `Miners::Miners` (r:1 w:0)
	// Storage: `Channels::Backing` (r:1 w:1)
	// Storage: `ChannelEscrow::Rows` (r:1 w:1)
	// Storage: `Balances::Holds` (r:1 w:1)
	fn top_up() -> Weight {
		// At the least 81_711 ns.
		Weight::from_parts(84_735_000, 0)
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
		// At the least 235_059 ns.
		Weight::from_parts(246_555_000, 0)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(12))
	}
	// Storage: `Channels::Channels` (r:1 w:1)
	// Storage: `System::BlockHash` (r:1 w:0)
	fn challenge() -> Weight {
		// At the least 62_062 ns.
		Weight::from_parts(67_240_000, 0)
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
		// At the least 229_601 ns.
		Weight::from_parts(181_161_223, 0)
			// Standard error 182_425.
			.saturating_add(Weight::from_parts(36_348_257, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().reads((5_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(5))
			.saturating_add(T::DbWeight::get().writes((6_u64).saturating_mul(n.into())))
	}
	// Storage: `Channels::Agenda` (r:1 w:0)
	fn agenda_block() -> Weight {
		// At the least 3_195 ns.
		Weight::from_parts(3_495_000, 0).saturating_add(T::DbWeight::get().reads(1))
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
		// At the least 139_116 ns.
		Weight::from_parts(147_298_000, 0)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(12))
	}
}
