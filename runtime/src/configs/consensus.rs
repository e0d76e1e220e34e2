//! Who authors and finalizes blocks, and when.

use frame_support::parameter_types;
use sp_runtime::traits::{ConvertInto, OpaqueKeys};

use crate::{
	weights::choice, AccountId, Babe, Balance, Balances, Runtime, RuntimeEvent, SessionKeys, EPOCH_DURATION_IN_SLOTS,
	MILL, MILLISECS_PER_BLOCK,
};

parameter_types! {
	/// Slots in an epoch.
	///
	/// A chain's genesis can hold another number under the key `twox_128(":EpochDuration:")`; that is for tests that
	/// need several epochs. Nodes ask the runtime for the length when they start and the pallet reads it in each block,
	/// so that both agree as long as it never changes. Nothing in the runtime writes the key.
	pub storage EpochDuration: u64 = EPOCH_DURATION_IN_SLOTS;
	/// Milliseconds between blocks: with secondary slots each slot brings one.
	pub const ExpectedBlockTime: u64 = MILLISECS_PER_BLOCK;
	/// Half a slot: BABE takes its slot duration from twice this value.
	pub const MinimumPeriod: u64 = MILLISECS_PER_BLOCK / 2;
	/// Most validators.
	pub const MaxAuthorities: u32 = 100;
	/// Nobody nominates validators here.
	pub const MaxNominators: u32 = 0;
	/// Sets whose session is remembered, which only reports of equivocation need.
	pub const MaxSetIdSessionEntries: u64 = 0;
	/// Plancks held of an account for its session keys.
	pub const KeyDeposit: Balance = MILL;
}

impl pallet_timestamp::Config for Runtime {
	type Moment = u64;
	type OnTimestampSet = Babe;
	type MinimumPeriod = MinimumPeriod;
	type WeightInfo = choice::Timestamp;
}

impl pallet_babe::Config for Runtime {
	type EpochDuration = EpochDuration;
	type ExpectedBlockTime = ExpectedBlockTime;
	type EpochChangeTrigger = pallet_babe::ExternalTrigger;
	type DisabledValidators = crate::Session;
	type WeightInfo = ();
	type MaxAuthorities = MaxAuthorities;
	type MaxNominators = MaxNominators;
	// Validators stake nothing yet, so a report of equivocation could take nothing from them.
	type KeyOwnerProof = sp_core::Void;
	type EquivocationReportSystem = ();
}

impl pallet_grandpa::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
	type MaxAuthorities = MaxAuthorities;
	type MaxNominators = MaxNominators;
	type MaxSetIdSessionEntries = MaxSetIdSessionEntries;
	type KeyOwnerProof = sp_core::Void;
	type EquivocationReportSystem = ();
}

impl pallet_authorship::Config for Runtime {
	type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Self, Babe>;
	type EventHandler = ();
}

impl pallet_session::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type ValidatorId = AccountId;
	type ValidatorIdOf = ConvertInto;
	type ShouldEndSession = Babe;
	type NextSessionRotation = Babe;
	// The validators of genesis stay; they can change their keys.
	type SessionManager = ();
	type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
	type Keys = SessionKeys;
	type DisablingStrategy = ();
	type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
	type Currency = Balances;
	type KeyDeposit = KeyDeposit;
}
