//! Weights of `pallet_balances`.
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

impl<T: frame_system::Config> pallet_balances::WeightInfo for WeightInfo<T> {
	// Storage: `System::Account` (r:1 w:1)
	fn transfer_allow_death() -> Weight {
		// At the least 53_379 ns.
		Weight::from_parts(55_502_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `System::Account` (r:1 w:1)
	fn transfer_keep_alive() -> Weight {
		// At the least 42_132 ns.
		Weight::from_parts(43_704_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `System::Account` (r:1 w:1)
	fn force_set_balance_creating() -> Weight {
		// At the least 19_429 ns.
		Weight::from_parts(20_451_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `System::Account` (r:1 w:1)
	fn force_set_balance_killing() -> Weight {
		// At the least 19_819 ns.
		Weight::from_parts(20_861_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `System::Account` (r:2 w:2)
	fn force_transfer() -> Weight {
		// At the least 54_871 ns.
		Weight::from_parts(56_684_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	// Storage: `System::Account` (r:1 w:1)
	fn transfer_all() -> Weight {
		// At the least 52_969 ns.
		Weight::from_parts(54_941_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `System::Account` (r:1 w:1)
	fn force_unreserve() -> Weight {
		// At the least 16_335 ns.
		Weight::from_parts(17_206_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	// Storage: `System::Account` (r:1000 w:1000)
	// `u` is 1 to 1000.
	fn upgrade_accounts(u: u32) -> Weight {
		// At the least 16_715 ns.
		Weight::from_parts(16_825_000, 0)
			// Standard error 24_227.
			.saturating_add(Weight::from_parts(15_752_523, 0).saturating_mul(u.into()))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(u.into())))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(u.into())))
	}
	fn force_adjust_total_issuance() -> Weight {
		// At the least 4_818 ns.
		Weight::from_parts(5_268_000, 0)
	}
	fn burn_allow_death() -> Weight {
		// At the least 31_787 ns.
		Weight::from_parts(33_320_000, 0)
	}
	fn burn_keep_alive() -> Weight {
		// At the least 20_710 ns.
		Weight::from_parts(21_683_000, 0)
	}
}
