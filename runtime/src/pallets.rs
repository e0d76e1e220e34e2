// The pallets, in the order in which their hooks run. Included into the crate's root.

use sp_inherents::{CheckInherentsResult, InherentData};
use sp_runtime::traits::Block as BlockT;

#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeSlashReason,
		RuntimeLockId,
		RuntimeTask,
		RuntimeViewFunction
	)]
	pub struct Runtime;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	#[runtime::pallet_index(1)]
	pub type Timestamp = pallet_timestamp;
	#[runtime::pallet_index(2)]
	pub type Babe = pallet_babe;
	#[runtime::pallet_index(3)]
	pub type Authorship = pallet_authorship;
	#[runtime::pallet_index(4)]
	pub type Session = pallet_session;
	#[runtime::pallet_index(5)]
	pub type Grandpa = pallet_grandpa;
	#[runtime::pallet_index(6)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(7)]
	pub type TransactionPayment = pallet_transaction_payment;
	#[runtime::pallet_index(8)]
	pub type SkipFeelessPayment = pallet_skip_feeless_payment;
	#[runtime::pallet_index(9)]
	pub type Utility = pallet_utility;
	#[runtime::pallet_index(10)]
	pub type Sudo = pallet_sudo;

	#[runtime::pallet_index(20)]
	pub type Models = pallet_models;
	#[runtime::pallet_index(21)]
	pub type Miners = pallet_miners;
	#[runtime::pallet_index(22)]
	pub type Escrow = pallet_escrow;
	// After Babe, which stores the block's VRF output in its `on_finalize`.
	#[runtime::pallet_index(23)]
	pub type Jobs = pallet_jobs;
	#[runtime::pallet_index(26)]
	pub type Channels = pallet_channels;
	// After Jobs and Channels, so that the block's receipts are complete when they are sealed.
	#[runtime::pallet_index(24)]
	pub type Receipts = pallet_receipts;
	#[runtime::pallet_index(25)]
	pub type Parameters = pallet_parameters;
	/// The deposits of channels.
	#[runtime::pallet_index(27)]
	pub type ChannelEscrow = pallet_escrow<Instance1>;
}

/// The extrinsics that a block's author adds by itself.
pub(crate) fn inherent_extrinsics(data: InherentData) -> Vec<UncheckedExtrinsic> {
	data.create_extrinsics()
}

/// Checks another author's inherent extrinsics against our own data.
pub(crate) fn check_inherents(block: &<Block as BlockT>::LazyBlock, data: InherentData) -> CheckInherentsResult {
	data.check_extrinsics(block)
}
