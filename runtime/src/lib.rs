#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
// The runtime's types nest deeper than the compiler's default limit.
#![recursion_limit = "512"]
// The macro that declares the runtime makes items without documentation; the modules are held to it below.
#![allow(missing_docs)]

extern crate alloc;

pub mod apis;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarks;
#[warn(missing_docs)]
pub mod configs;
#[warn(missing_docs)]
pub mod feeless;
#[warn(missing_docs)]
pub mod genesis;
#[warn(missing_docs)]
pub mod migrations;
mod weights;

// Not a module: some client libraries know the outer enums by their path, `millrace_runtime::RuntimeEvent`.
include!("pallets.rs");

#[cfg(test)]
mod tests;

use alloc::{borrow::Cow, vec::Vec};

use sp_consensus_babe::{AllowedSlots, BabeEpochConfiguration};
use sp_runtime::{
	generic, impl_opaque_keys,
	traits::{BlakeTwo256, IdentifyAccount, Verify},
	MultiAddress, MultiSignature,
};
use sp_version::RuntimeVersion;

pub use millrace_primitives::{Balance, BlockNumber, DECIMALS, MILL, MILLISECS_PER_BLOCK, MILLI_MILL};

#[cfg(feature = "std")]
mod wasm {
	#![allow(missing_docs)]
	include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));
}
#[cfg(feature = "std")]
pub use wasm::*;

/// A signature by one of the supported schemes: sr25519, ed25519, ecdsa.
pub type Signature = MultiSignature;
/// An account: the 32-byte id of a public key.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// How a transaction names an account.
pub type Address = MultiAddress<AccountId, ()>;
/// Counts an account's transactions.
pub type Nonce = u32;
/// A block's, extrinsic's or storage root's hash.
pub type Hash = sp_core::H256;
/// A block's header.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// A block whose extrinsics are decoded.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
/// What a transaction proves and pays before its call runs, in this order.
pub type TxExtension = (
	frame_system::AuthorizeCall<Runtime>,
	frame_system::CheckNonZeroSender<Runtime>,
	frame_system::CheckSpecVersion<Runtime>,
	frame_system::CheckTxVersion<Runtime>,
	frame_system::CheckGenesis<Runtime>,
	frame_system::CheckMortality<Runtime>,
	frame_system::CheckNonce<Runtime>,
	frame_system::CheckWeight<Runtime>,
	feeless::PrioritizeFeeless<
		pallet_skip_feeless_payment::SkipCheckIfFeeless<
			Runtime,
			pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
		>,
	>,
	frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
	frame_system::WeightReclaim<Runtime>,
);
/// An extrinsic as it travels.
pub type UncheckedExtrinsic = generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
/// Dispatches blocks to the pallets.
pub type Executive =
	frame_executive::Executive<Runtime, Block, frame_system::ChainContext<Runtime>, Runtime, AllPalletsWithSystem>;

/// Types for the node, which need not decode extrinsics.
pub mod opaque {
	use super::*;

	pub use sp_runtime::OpaqueExtrinsic as UncheckedExtrinsic;

	/// A block whose extrinsics stay bytes.
	pub type Block = generic::Block<Header, UncheckedExtrinsic>;
}

impl_opaque_keys! {
	/// The keys with which a validator takes part in consensus.
	pub struct SessionKeys {
		/// Signs blocks and their VRF outputs.
		pub babe: Babe,
		/// Signs finality votes.
		pub grandpa: Grandpa,
	}
}

/// Slots in an epoch: an hour. Fixed at genesis.
///
/// An epoch's randomness takes in only full segments of 256 primary VRF outputs, so slots x c must stay above 350.
pub const EPOCH_DURATION_IN_SLOTS: u64 = 3_600;
/// BABE's rules from genesis on.
///
/// c = 1/10: 360 primary slots in an epoch, and few siblings, because a fork needs a primary beside a secondary author.
pub const BABE_GENESIS_EPOCH_CONFIG: BabeEpochConfiguration =
	BabeEpochConfiguration { c: (1, 10), allowed_slots: AllowedSlots::PrimaryAndSecondaryVRFSlots };
/// Blocks whose hashes stay in state: how old a transaction's mortality checkpoint can be (68 minutes).
pub const BLOCK_HASH_COUNT: BlockNumber = 4_096;
/// Least free balance of an account that exists for its balance, in plancks.
pub const EXISTENTIAL_DEPOSIT: Balance = MILLI_MILL;
/// The network prefix of SS58 addresses: the generic one, until a prefix of our own is registered.
pub const SS58_PREFIX: u16 = 42;
/// Most bytes of extrinsics in a block: what a 100-Mbit/s link carries in a fifth of a slot.
pub const MAXIMUM_BLOCK_LENGTH: u32 = 2 * 1024 * 1024;

/// The runtime's version. `docs/upgrades.md` says when to raise which number.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
	spec_name: Cow::Borrowed("millrace"),
	impl_name: Cow::Borrowed("millrace"),
	authoring_version: 1,
	spec_version: 4,
	impl_version: 1,
	apis: apis::RUNTIME_API_VERSIONS,
	transaction_version: 2,
	system_version: 1,
};
