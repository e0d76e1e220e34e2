//! Weights of `pallet_balances`.
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

impl<T: frame_system::Config> pallet_balances::WeightInfo for WeightInfo<T> {
	// Storage: `System::Account` (r:1 w:1)
	fn transfer_allow_death() -> Weight {
		// At the least 56_734 ns.
		Weight::from_parts(58_897_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `System::Account` (r:1 w:1)
	fn transfer_keep_alive() -> Weight {
		// At the least 44_385 ns.
		Weight::from_parts(46_509_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `System::Account` (r:1 w:1)
	fn force_set_balance_creating() -> Weight {
		// At the least 20_610 ns.
		Weight::from_parts(21_912_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `System::Account` (r:1 w:1)
	fn force_set_balance_killing() -> Weight {
		// At the least 20_641 ns.
		Weight::from_parts(22_022_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `System::Account` (r:2 w:2)
	fn force_transfer() -> Weight {
		// At the least 57_655 ns.
		Weight::from_parts(60_219_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	// Storage: `System::Account` (r:1 w:1)
	fn transfer_all() -> Weight {
		// At the least 55_823 ns.
		Weight::from_parts(58_096_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `System::Account` (r:1 w:1)
	fn force_unreserve() -> Weight {
		// At the least 17_236 ns.
		Weight::from_parts(18_167_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `System::Account` (r:1000 w:1000)
	// `u` is 1 to 1000.
	fn upgrade_accounts(u: u32) -> Weight {
		// At the least 18_408 ns.
		Weight::from_parts(19_028_000, 0)
			// Standard error 34_368.
			.saturating_add(Weight::from_parts(16_991_358, 0).saturating_mul(u.into()))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(u.into())))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(u.into())))
	}
	fn force_adjust_total_issuance() -> Weight {
		// At the least 5_147 ns.
		Weight::from_parts(5_649_000, 0)
	}
	fn burn_allow_death() -> Weight {
		// At the least 33_830 ns.
		Weight::from_parts(35_472_000, 0)
	}
	fn burn_keep_alive() -> Weight {
		// At the least 22_033 ns.
		Weight::from_parts(23_004_000, 0)
	}
}
