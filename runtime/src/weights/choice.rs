//! Which weights the runtime goes by.

pub use chosen::*;

/// What was measured.
#[cfg(not(feature = "stock-weights"))]
mod chosen {
	use frame_support::weights::{constants, Weight};
	use sp_runtime::Perbill;

	use crate::{weights, Runtime};

	/// Of a database access.
	pub use frame_support::weights::constants::ParityDbWeight as DbWeight;

	/// Of the system's calls.
	pub type System = weights::frame_system::WeightInfo<Runtime>;
	/// Of the transaction extensions.
	pub type Extensions = weights::frame_system_extensions::WeightInfo<Runtime>;
	/// Of the calls of balances.
	pub type Balances = weights::pallet_balances::WeightInfo<Runtime>;
	/// Of the timestamp's inherent.
	pub type Timestamp = weights::pallet_timestamp::WeightInfo<Runtime>;
	/// Of charging a fee.
	pub type TransactionPayment = weights::pallet_transaction_payment::WeightInfo<Runtime>;

	/// Most weight of a block: the time that its author has for it. Whoever imports it needs at the most as long again;
	/// measured, a block of transfers takes 0.72 of its weight and one of jobs 0.34, see `docs/benchmarks.md`,
	/// and the rest of the slot is for the way between them.
	///
	/// A solo chain has no proof of validity to fit into anything, hence no limit on proof size.
	pub const MAXIMUM_BLOCK_WEIGHT: Weight =
		Weight::from_parts(constants::WEIGHT_REF_TIME_PER_MILLIS.saturating_mul(450), u64::MAX);
	/// Share of a block's weight and length that ordinary transactions can fill. The rest is for what hooks do.
	pub const NORMAL_DISPATCH_RATIO: Perbill = Perbill::from_percent(90);
}

/// What a new chain from the SDK's template has, for comparison: the prices of RocksDB, weights measured elsewhere, and a
/// third of a slot.
#[cfg(feature = "stock-weights")]
mod chosen {
	use frame_support::weights::{constants, Weight};
	use sp_runtime::Perbill;

	use crate::Runtime;

	/// Of a database access.
	pub use frame_support::weights::constants::RocksDbWeight as DbWeight;

	/// Of the system's calls.
	pub type System = ();
	/// Of the transaction extensions.
	pub type Extensions = ();
	/// Of the calls of balances.
	pub type Balances = pallet_balances::weights::SubstrateWeight<Runtime>;
	/// Of the timestamp's inherent.
	pub type Timestamp = ();
	/// Of charging a fee.
	pub type TransactionPayment = pallet_transaction_payment::weights::SubstrateWeight<Runtime>;

	/// Most weight of a block: the template's 2 seconds of 6.
	pub const MAXIMUM_BLOCK_WEIGHT: Weight =
		Weight::from_parts(constants::WEIGHT_REF_TIME_PER_SECOND.saturating_div(3), u64::MAX);
	/// Share of a block's weight and length that ordinary transactions can fill.
	pub const NORMAL_DISPATCH_RATIO: Perbill = Perbill::from_percent(75);
}
