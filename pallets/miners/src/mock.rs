use frame::testing_prelude::*;
use millrace_primitives::{
	traits::{ModelRegistry, OnCapacity},
	Balance, ModelId, ModelKind, ModelSummary, Rate, MILL, MILLI_MILL,
};

use crate as pallet_miners;

construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Miners: pallet_miners,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = MockBlockU32<Test>;
	type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
	type Balance = Balance;
	type ExistentialDeposit = ConstU128<MILLI_MILL>;
}

/// Models 0 to 99 are active: 90 is a benchmark, 91 an image model, 92 a task, 93 makes embeddings, the rest are text
/// models.
pub struct SomeModels;

impl ModelRegistry for SomeModels {
	fn active(model: ModelId) -> Option<ModelSummary> {
		Self::get(model)
	}

	fn get(model: ModelId) -> Option<ModelSummary> {
		let kind = match model {
			90 => ModelKind::Bench,
			91 => ModelKind::Image,
			92 => ModelKind::Task,
			93 => ModelKind::Embedding,
			_ => ModelKind::Text,
		};
		let summary = ModelSummary { kind, digest: H256::repeat_byte(1), context_length: 512, template_tokens: 8 };
		(model < 100).then_some(summary)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_model(index: u32) -> ModelId {
		index
	}
}

parameter_types! {
	/// The models whose capacity was announced.
	pub static Announced: Vec<ModelId> = Vec::new();
	/// Stake for each slot; set by the tests of its changes.
	pub static StakePerSlot: Balance = SLOT;
}

pub struct Announce;

impl OnCapacity for Announce {
	fn on_capacity(model: ModelId) {
		Announced::mutate(|models| models.push(model));
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_wait(_: ModelId) {}
}

/// Stake for each slot before any change.
pub const SLOT: Balance = 50 * MILL;
pub const UNBONDING: u32 = 100;
pub const HALF_LIFE: u32 = 1_000;
pub const FULL_FEE: Balance = MILLI_MILL;
pub const KEY_DEPOSIT: Balance = MILL;
pub const KEY_RETENTION: u32 = 500;
/// Gets a quarter of each slash; has no account before the first.
pub const BENEFICIARY: u64 = 5_000;

parameter_types! {
	pub const SlashPaid: Perbill = Perbill::from_percent(25);
}

impl pallet_miners::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type BlockNumberProvider = System;
	type Models = SomeModels;
	type OnCapacity = Announce;
	type MinStake = ConstU128<{ 100 * MILL }>;
	type StakePerSlot = StakePerSlot;
	type UnbondingPeriod = ConstU32<UNBONDING>;
	type Draws = ConstU32<4>;
	type ReputationHalfLife = ConstU32<HALF_LIFE>;
	type ReputationFee = ConstU128<FULL_FEE>;
	type SlashOrigin = EnsureRoot<u64>;
	type SlashPaid = SlashPaid;
	type SlashBeneficiary = ConstU64<BENEFICIARY>;
	type ReceiptKeyDeposit = ConstU128<KEY_DEPOSIT>;
	type ReceiptKeyRetention = ConstU32<KEY_RETENTION>;
	type WeightInfo = ();
}

pub const FUNDS: Balance = 10_000 * MILL;
pub const RATE: Rate = Rate::PerToken { input: 10, output: 1_000 };

/// The operator of owner `who`.
pub fn operator(who: u64) -> u64 {
	who + 1_000
}

pub fn owner(who: u64) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

pub fn registered(who: u64) {
	assert_ok!(Miners::register(owner(who), operator(who), 200 * MILL));
}

/// Plancks that slashes have burned, by their events.
pub fn burned() -> Balance {
	let events = System::events().into_iter();
	events
		.filter_map(|record| match record.event {
			RuntimeEvent::Miners(crate::Event::Slashed { burned, .. }) => Some(burned),
			_ => None,
		})
		.sum()
}

/// Owners 1 to 80 have [`FUNDS`]; a keystore is there for benchmarks, which sign by host function.
pub fn externalities() -> TestState {
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	pallet_balances::GenesisConfig::<Test> {
		balances: (1..=80).map(|who| (who, FUNDS)).collect(),
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	let mut state = TestState::new(storage);
	state.register_extension(sp_keystore::KeystoreExt::new(sp_keystore::testing::MemoryKeystore::new()));
	state
}

/// Runs a test in block 1; every invariant is checked afterwards.
pub fn run(test: impl FnOnce()) {
	externalities().execute_with(|| {
		System::set_block_number(1);
		Announced::set(Vec::new());
		StakePerSlot::set(SLOT);
		let issuance = Balances::total_issuance();
		test();
		Miners::do_try_state().unwrap();
		for miner in crate::Miners::<Test>::iter_values().filter(|_| StakePerSlot::get() == SLOT) {
			assert!(miner.bonded >= SLOT * Balance::from(miner.slots_offered), "a slot is not backed by stake");
		}
		assert_eq!(Balances::total_issuance() + burned(), issuance, "a call changed the issuance");
	});
}
