//! Weights: database accesses counted by hand, with an upper bound for the computation around them.

use frame::weights_prelude::*;

/// Weights of this pallet's calls, and of what it does for other pallets.
pub trait WeightInfo {
	/// Weight of `register`.
	fn register() -> Weight;
	/// Weight of `stake`.
	fn stake() -> Weight;
	/// Weight of `unstake`.
	fn unstake() -> Weight;
	/// Weight of `withdraw_unbonded`.
	fn withdraw_unbonded() -> Weight;
	/// Weight of `offer`.
	fn offer() -> Weight;
	/// Weight of `withdraw_offer`.
	fn withdraw_offer() -> Weight;
	/// Weight of `set_ready` for a miner with this many offers.
	fn set_ready(offers: u32) -> Weight;
	/// Weight of `deregister` for a miner with this many offers.
	fn deregister(offers: u32) -> Weight;
	/// Weight of `slash` for a miner with this many offers.
	fn slash(offers: u32) -> Weight;
}

/// Counted weights with the runtime's own price of a database access.
pub struct CountedWeight<T>(PhantomData<T>);

/// Join, leave or move on a ready list, and tell about the slot: place, size, last place, moved place; walk, queue.
const READY_READS: u64 = 6;
/// The same, written: place, size, old, last and new place of the list, moved place; walk.
const READY_WRITES: u64 = 7;

fn counted<T: frame_system::Config>(micros: u64, reads: u64, writes: u64) -> Weight {
	Weight::from_parts(micros.saturating_mul(1_000_000), 0)
		.saturating_add(T::DbWeight::get().reads_writes(reads, writes))
}

impl<T: frame_system::Config> WeightInfo for CountedWeight<T> {
	fn register() -> Weight {
		counted::<T>(80, 7, 7)
	}

	fn stake() -> Weight {
		counted::<T>(40, 4, 4)
	}

	fn unstake() -> Weight {
		counted::<T>(20, 2, 1)
	}

	fn withdraw_unbonded() -> Weight {
		counted::<T>(50, 5, 6)
	}

	fn offer() -> Weight {
		counted::<T>(30, 3 + READY_READS, 2 + READY_WRITES)
	}

	fn withdraw_offer() -> Weight {
		counted::<T>(30, 2 + READY_READS, 2 + READY_WRITES)
	}

	fn set_ready(offers: u32) -> Weight {
		let offers = u64::from(offers);
		counted::<T>(
			30_u64.saturating_add(offers.saturating_mul(10)),
			2_u64.saturating_add(offers.saturating_mul(1 + READY_READS)),
			1_u64.saturating_add(offers.saturating_mul(READY_WRITES)),
		)
	}

	fn deregister(offers: u32) -> Weight {
		let offers = u64::from(offers);
		counted::<T>(
			30_u64.saturating_add(offers.saturating_mul(10)),
			3_u64.saturating_add(offers.saturating_mul(READY_READS)),
			3_u64.saturating_add(offers.saturating_mul(1 + READY_WRITES)),
		)
	}

	fn slash(offers: u32) -> Weight {
		// The miner, the owner's account and holds, the beneficiary's account, the issuance.
		let offers = u64::from(offers);
		counted::<T>(
			80_u64.saturating_add(offers.saturating_mul(15)),
			5_u64.saturating_add(offers.saturating_mul(1 + READY_READS)),
			5_u64.saturating_add(offers.saturating_mul(1 + READY_WRITES)),
		)
	}
}

impl WeightInfo for () {
	fn register() -> Weight {
		Weight::zero()
	}
	fn stake() -> Weight {
		Weight::zero()
	}
	fn unstake() -> Weight {
		Weight::zero()
	}
	fn withdraw_unbonded() -> Weight {
		Weight::zero()
	}
	fn offer() -> Weight {
		Weight::zero()
	}
	fn withdraw_offer() -> Weight {
		Weight::zero()
	}
	fn set_ready(_: u32) -> Weight {
		Weight::zero()
	}
	fn deregister(_: u32) -> Weight {
		Weight::zero()
	}
	fn slash(_: u32) -> Weight {
		Weight::zero()
	}
}
