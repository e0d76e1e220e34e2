//! Blocks, accounts, and the pallets that act for the whole chain.

use frame_support::{
	derive_impl,
	dispatch::DispatchClass,
	parameter_types,
	weights::{
		constants::{BlockExecutionWeight, ExtrinsicBaseWeight},
		Weight,
	},
};
use frame_system::limits::{BlockLength, BlockWeights};
use sp_runtime::Perbill;
use sp_version::RuntimeVersion;

use crate::{
	migrations,
	weights::{
		self,
		choice::{self, MAXIMUM_BLOCK_WEIGHT, NORMAL_DISPATCH_RATIO},
	},
	AccountId, Balance, Block, BlockNumber, Hash, Nonce, OriginCaller, PalletInfo, Runtime, RuntimeCall, RuntimeEvent,
	RuntimeOrigin, RuntimeTask, BLOCK_HASH_COUNT, MAXIMUM_BLOCK_LENGTH, SS58_PREFIX, VERSION,
};

/// What ordinary transactions are sure of even when hooks declare the whole block.
///
/// The first block of an epoch needs it: the session pallet declares the block's full weight there, of which it uses
/// little.
const NORMAL_RESERVE: Perbill = Perbill::from_percent(25);
/// What operational calls are sure of, likewise.
const OPERATIONAL_RESERVE: Perbill = Perbill::from_percent(10);

/// The weight limits of a block.
fn block_weights() -> BlockWeights {
	let share = |ratio: Perbill| Weight::from_parts(ratio * MAXIMUM_BLOCK_WEIGHT.ref_time(), u64::MAX);
	BlockWeights::builder()
		.base_block(BlockExecutionWeight::get())
		.for_class(DispatchClass::all(), |class| class.base_extrinsic = ExtrinsicBaseWeight::get())
		.for_class(DispatchClass::Normal, |class| {
			class.max_total = Some(share(NORMAL_DISPATCH_RATIO));
			class.reserved = Some(share(NORMAL_RESERVE));
		})
		.for_class(DispatchClass::Operational, |class| {
			class.max_total = Some(MAXIMUM_BLOCK_WEIGHT);
			class.reserved = Some(share(OPERATIONAL_RESERVE));
		})
		.avg_block_initialization(Perbill::from_percent(10))
		.build_or_panic()
}

/// The length limits of a block.
fn block_length() -> BlockLength {
	BlockLength::builder()
		.max_length(MAXIMUM_BLOCK_LENGTH)
		.modify_max_length_for_class(DispatchClass::Normal, |max| *max = NORMAL_DISPATCH_RATIO * MAXIMUM_BLOCK_LENGTH)
		.build()
}

parameter_types! {
	/// See [`BLOCK_HASH_COUNT`].
	pub const BlockHashCount: BlockNumber = BLOCK_HASH_COUNT;
	/// See [`VERSION`].
	pub const Version: RuntimeVersion = VERSION;
	/// See [`SS58_PREFIX`].
	pub const SS58Prefix: u16 = SS58_PREFIX;
	/// The weight limits of a block.
	pub RuntimeBlockWeights: BlockWeights = block_weights();
	/// The length limits of a block.
	pub RuntimeBlockLength: BlockLength = block_length();
}

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
	type Block = Block;
	type AccountId = AccountId;
	type Nonce = Nonce;
	type Hash = Hash;
	type AccountData = pallet_balances::AccountData<Balance>;
	type BlockHashCount = BlockHashCount;
	type BlockWeights = RuntimeBlockWeights;
	type BlockLength = RuntimeBlockLength;
	type DbWeight = choice::DbWeight;
	type Version = Version;
	type SS58Prefix = SS58Prefix;
	type SystemWeightInfo = choice::System;
	type ExtensionsWeightInfo = choice::Extensions;
	type SingleBlockMigrations = migrations::Migrations;
}

impl pallet_utility::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type PalletsOrigin = OriginCaller;
	type WeightInfo = weights::pallet_utility::WeightInfo<Runtime>;
}

impl pallet_sudo::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type WeightInfo = weights::pallet_sudo::WeightInfo<Runtime>;
}
