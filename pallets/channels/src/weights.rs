//! Weights.

use frame::weights_prelude::*;

/// Weights of this pallet's calls and hooks.
pub trait WeightInfo {
	/// Weight of `open`.
	fn open() -> Weight;
	/// Weight of `top_up`.
	fn top_up() -> Weight;
	/// Weight of `close` with a settlement, its check for the fee included.
	fn close() -> Weight;
	/// Weight of `challenge`.
	fn challenge() -> Weight;
	/// Weight of `report_equivocation` when the slash touches this many offers.
	fn report_equivocation(offers: u32) -> Weight;
	/// Weight of looking for an agenda block's next channel.
	fn agenda_block() -> Weight;
	/// Weight of what is due for a channel at the worst.
	fn due() -> Weight;
}

impl WeightInfo for () {
	fn open() -> Weight {
		Weight::zero()
	}
	fn top_up() -> Weight {
		Weight::zero()
	}
	fn close() -> Weight {
		Weight::zero()
	}
	fn challenge() -> Weight {
		Weight::zero()
	}
	fn report_equivocation(offers: u32) -> Weight {
		Weight::from_parts(offers.into(), 0)
	}
	fn agenda_block() -> Weight {
		Weight::from_parts(1, 0)
	}
	fn due() -> Weight {
		Weight::from_parts(10, 0)
	}
}
