//! Weights.

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
	/// As `complete`, when the miner keeps its place on the ready list.
	fn complete_in_place(bytes: u32) -> Weight;
	/// Weight of `fail`, its check for the fee included, the draws not counted.
	fn fail() -> Weight;
	/// Weight of `prune`.
	fn prune() -> Weight;
	/// Weight of the draw for a job that came in this block, and of the assignment that follows it or of its place in the
	/// queue.
	fn draw() -> Weight;
	/// Weight of searching a miner for a job that waits, and of the assignment that follows.
	fn search() -> Weight;
	/// Weight of looking for an agenda block's next job, and reading it.
	fn agenda_block() -> Weight;
	/// Weight of taking a job from a silent miner, the draws not counted.
	fn agenda_item() -> Weight;
	/// Weight of the hooks in a block without work, what every block touches anyway not counted.
	fn walk_base() -> Weight;
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
		Weight::from_parts(40, 0)
	}
	fn complete_in_place(_: u32) -> Weight {
		Weight::from_parts(20, 0)
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
	fn search() -> Weight {
		Weight::from_parts(3, 0)
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
