//! Weights: database accesses counted by hand, with an upper bound for the computation around them.

use frame::weights_prelude::*;

/// Weights of this pallet's calls and hooks.
pub trait WeightInfo {
	/// Weight of `submit` with an input of `bytes` bytes, the draw not counted.
	fn submit(bytes: u32) -> Weight;
	/// Weight of `cancel`.
	fn cancel() -> Weight;
	/// Weight of `claim`.
	fn claim() -> Weight;
	/// Weight of `complete` with an output of `bytes` bytes, its check for the fee included.
	fn complete(bytes: u32) -> Weight;
	/// Weight of `fail`, its check for the fee included, the draws not counted.
	fn fail() -> Weight;
	/// Weight of `prune`.
	fn prune() -> Weight;
	/// Weight of one draw and the assignment that follows it.
	fn draw() -> Weight;
	/// Weight of reading an agenda block's next key, and the job there.
	fn agenda_block() -> Weight;
	/// Weight of taking a job from a silent miner, with the draws that it causes.
	fn agenda_item() -> Weight;
	/// Weight of the hooks in a block without work.
	fn walk_base() -> Weight;
}

/// Counted weights with the runtime's own price of a database access.
pub struct CountedWeight<T>(PhantomData<T>);

fn counted<T: frame_system::Config>(micros: u64, reads: u64, writes: u64) -> Weight {
	Weight::from_parts(micros.saturating_mul(1_000_000), 0)
		.saturating_add(T::DbWeight::get().reads_writes(reads, writes))
}

/// Hashing and storing bytes: 10 ns each.
fn per_byte(bytes: u32) -> Weight {
	Weight::from_parts(u64::from(bytes).saturating_mul(10_000), 0)
}

impl<T: frame_system::Config> WeightInfo for CountedWeight<T> {
	fn submit(bytes: u32) -> Weight {
		// Model, number, row, holds, fresh list; job, input, client's list, agenda.
		counted::<T>(60, 6, 9).saturating_add(per_byte(bytes))
	}

	fn cancel() -> Weight {
		counted::<T>(50, 8, 12)
	}

	fn claim() -> Weight {
		counted::<T>(50, 12, 15)
	}

	fn complete(bytes: u32) -> Weight {
		// Two checks of an sr25519 signature; job, model, row, holds of two accounts, offer, miner, ready list, receipt.
		counted::<T>(200, 16, 18).saturating_add(per_byte(bytes.saturating_mul(2)))
	}

	fn fail() -> Weight {
		counted::<T>(60, 14, 16)
	}

	fn prune() -> Weight {
		counted::<T>(40, 3, 8)
	}

	fn draw() -> Weight {
		// The model, the ready list's size, 12 tries and 4 miners more with an offer each; the winner's rows, the job's.
		counted::<T>(100, 42, 17)
	}

	fn agenda_block() -> Weight {
		counted::<T>(5, 2, 1)
	}

	fn agenda_item() -> Weight {
		Self::fail().saturating_add(Self::draw().saturating_mul(2))
	}

	fn walk_base() -> Weight {
		counted::<T>(10, 4, 3)
	}
}

impl WeightInfo for () {
	fn submit(_: u32) -> Weight {
		Weight::zero()
	}
	fn cancel() -> Weight {
		Weight::from_parts(10, 0)
	}
	fn claim() -> Weight {
		Weight::zero()
	}
	fn complete(_: u32) -> Weight {
		Weight::zero()
	}
	fn fail() -> Weight {
		Weight::zero()
	}
	fn prune() -> Weight {
		Weight::zero()
	}
	fn draw() -> Weight {
		Weight::zero()
	}
	fn agenda_block() -> Weight {
		Weight::from_parts(1, 0)
	}
	fn agenda_item() -> Weight {
		Weight::from_parts(10, 0)
	}
	fn walk_base() -> Weight {
		Weight::zero()
	}
}
