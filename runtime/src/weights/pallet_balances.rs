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
		// At the least 56_794 ns.
		Weight::from_parts(59_028_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `System::Account` (r:1 w:1)
	fn transfer_keep_alive() -> Weight {
		// At the least 44_165 ns.
		Weight::from_parts(46_219_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `System::Account` (r:1 w:1)
	fn force_set_balance_creating() -> Weight {
		// At the least 20_781 ns.
		Weight::from_parts(21_943_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `System::Account` (r:1 w:1)
	fn force_set_balance_killing() -> Weight {
		// At the least 21_031 ns.
		Weight::from_parts(22_153_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `System::Account` (r:2 w:2)
	fn force_transfer() -> Weight {
		// At the least 57_906 ns.
		Weight::from_parts(60_439_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	// Storage: `System::Account` (r:1 w:1)
	fn transfer_all() -> Weight {
		// At the least 56_133 ns.
		Weight::from_parts(58_246_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `System::Account` (r:1 w:1)
	fn force_unreserve() -> Weight {
		// At the least 17_296 ns.
		Weight::from_parts(18_427_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `System::Account` (r:1000 w:1000)
	// `u` is 1 to 1000.
	fn upgrade_accounts(u: u32) -> Weight {
		// At the least 17_666 ns.
		Weight::from_parts(17_957_000, 0)
			// Standard error 14_198.
			.saturating_add(Weight::from_parts(16_299_224, 0).saturating_mul(u.into()))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(u.into())))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(u.into())))
	}
	fn force_adjust_total_issuance() -> Weight {
		// At the least 5_127 ns.
		Weight::from_parts(5_648_000, 0)
	}
	fn burn_allow_death() -> Weight {
		// At the least 34_080 ns.
		Weight::from_parts(35_763_000, 0)
	}
	fn burn_keep_alive() -> Weight {
		// At the least 22_163 ns.
		Weight::from_parts(23_154_000, 0)
	}
}
