//! A chain with channels, miners and real signatures.

use frame::{
	deps::{
		sp_core::{sr25519, Pair},
		sp_runtime::{AccountId32, Perbill},
	},
	testing_prelude::*,
};
use millrace_primitives::{
	traits::OnCapacity, Balance, BlockNumber, ChannelId, Checkpoint, CheckpointPayload, ModelId, ModelKind, Rate,
	RunningTotal, Usage, Voucher, VoucherPayload, MILL, MILLI_MILL,
};

use crate as pallet_channels;

construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Models: pallet_models,
		Miners: pallet_miners,
		Escrow: pallet_escrow,
		Channels: pallet_channels,
		Receipts: pallet_receipts,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = MockBlockU32<Test>;
	type AccountId = AccountId32;
	type Lookup = IdentityLookup<AccountId32>;
	type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
	type Balance = Balance;
	type ExistentialDeposit = ConstU128<MILLI_MILL>;
}

impl pallet_models::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Deposit = ConstU128<MILL>;
	type MaxContextLength = ConstU32<4_096>;
	type WeightInfo = ();
}

/// No job waits for anything.
pub struct NoJobs;

impl OnCapacity for NoJobs {
	fn on_capacity(_: ModelId) {}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_wait(_: ModelId) {}
}

parameter_types! {
	pub const SlashPaid: Perbill = Perbill::from_percent(50);
	pub SlashPot: AccountId32 = AccountId32::new([9; 32]);
	pub const AgendaWeight: Weight = Weight::from_parts(AGENDA_WEIGHT, 0);
}

impl pallet_miners::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type BlockNumberProvider = System;
	type Models = Models;
	type OnCapacity = NoJobs;
	type MinStake = ConstU128<MILL>;
	type StakePerSlot = ConstU128<MILL>;
	type UnbondingPeriod = ConstU32<UNBONDING>;
	type Draws = ConstU32<4>;
	type ReputationHalfLife = ConstU32<100>;
	type ReputationFee = ConstU128<MILLI_MILL>;
	type SlashOrigin = EnsureRoot<AccountId32>;
	type SlashPaid = SlashPaid;
	type SlashBeneficiary = SlashPot;
	type ReceiptKeyDeposit = ConstU128<MILL>;
	type ReceiptKeyRetention = ConstU32<500>;
	type WeightInfo = ();
}

impl pallet_escrow::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Payers = Channels;
}

impl pallet_receipts::Config for Test {
	type BlockNumberProvider = System;
	type AuthoritySet = ConstU64<0>;
	type RetentionPeriod = ConstU32<1_000_000>;
	type RetentionWeight = AgendaWeight;
}

impl pallet_channels::Config for Test {
	type Escrow = Escrow;
	type Models = Models;
	type Miners = Miners;
	type Receipts = Receipts;
	type BlockNumberProvider = System;
	type MinDeposit = ConstU128<MILLI_MILL>;
	type StorageDeposit = ConstU128<STORAGE>;
	type Lifetime = ConstU32<LIFETIME>;
	type ChallengeWindow = ConstU32<CHALLENGE>;
	type DisputeWindow = ConstU32<DISPUTE>;
	type EquivocationSlash = ConstU128<SLASH>;
	type AgendaWeight = AgendaWeight;
	type WeightInfo = ();
}

pub const UNBONDING: BlockNumber = 200;
pub const LIFETIME: BlockNumber = 100;
pub const CHALLENGE: BlockNumber = 10;
pub const DISPUTE: BlockNumber = 20;
pub const STORAGE: Balance = 3 * MILLI_MILL;
pub const SLASH: Balance = 2 * MILL;
/// Enough for some channels a block in the prices of the test's weights.
pub const AGENDA_WEIGHT: u64 = 100;
pub const FUNDS: Balance = 1_000 * MILL;
pub const STAKE: Balance = 100 * MILL;
pub const DEPOSIT: Balance = 10 * MILL;
pub const MODEL: ModelId = 0;
pub const RATE: Rate = Rate::PerToken { input: 1_000, output: MILLI_MILL };

/// The key of a name.
pub fn pair(name: &str) -> sr25519::Pair {
	sr25519::Pair::from_string(&format!("//{name}"), None).unwrap()
}

/// The account of a name.
pub fn account(name: &str) -> AccountId32 {
	pair(name).public().into()
}

pub fn signed(name: &str) -> RuntimeOrigin {
	RuntimeOrigin::signed(account(name))
}

/// Alice opens a channel to the miner, her session key is "session".
pub fn open() -> ChannelId {
	let id = crate::NextChannelId::<Test>::get();
	assert_ok!(Channels::open(signed("alice"), account("miner"), MODEL, account("session"), DEPOSIT, None));
	id
}

/// The total after one answer that cost `fee`.
pub fn owed(fee: Balance) -> RunningTotal {
	RunningTotal { answers: 1, input_tokens: 3, output_tokens: 5, gpu_ms: 7, fee }
}

/// A voucher of `signer` for the channel.
pub fn voucher_by(signer: &str, channel: ChannelId, fee: Balance) -> Voucher {
	let payload =
		VoucherPayload { genesis: System::block_hash(0), channel, total: owed(fee), checkpoint: H256::repeat_byte(5) };
	let signature = pair(signer).sign(&payload.signing_hash());
	Voucher { total: payload.total, checkpoint: payload.checkpoint, signature }
}

/// A voucher of the session key.
pub fn voucher(channel: ChannelId, fee: Balance) -> Voucher {
	voucher_by("session", channel, fee)
}

/// A checkpoint whose answer is `output`.
pub fn checkpoint(channel: ChannelId, output: &[u8]) -> CheckpointPayload {
	CheckpointPayload {
		genesis: System::block_hash(0),
		channel,
		seq: 1,
		index: 0,
		request: H256::repeat_byte(1),
		output_hash: BlakeTwo256::hash(output),
		transcript_root: H256::repeat_byte(2),
		usage: Usage { input_tokens: 3, output_tokens: 5, gpu_ms: 7 },
		total: owed(MILL),
		last: true,
	}
}

/// The checkpoint, signed.
pub fn sign(signer: &str, payload: CheckpointPayload) -> Checkpoint {
	Checkpoint { signature: pair(signer).sign(&payload.signing_hash()), payload }
}

pub fn state(channel: ChannelId) -> crate::ChannelState {
	crate::Channels::<Test>::get(channel).unwrap().state
}

pub fn free(name: &str) -> Balance {
	Balances::free_balance(account(name))
}

pub fn next_blocks(blocks: BlockNumber) {
	System::run_to_block::<AllPalletsWithSystem>(System::block_number() + blocks);
}

/// A chain with some accounts, and a keystore for those who sign by host function.
pub fn externalities() -> TestState {
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	let balances = ["alice", "bob", "miner", "operator"].map(|name| (account(name), FUNDS)).to_vec();
	pallet_balances::GenesisConfig::<Test> { balances, ..Default::default() }.assimilate_storage(&mut storage).unwrap();
	let mut ext = TestState::new(storage);
	ext.register_extension(sp_keystore::KeystoreExt::new(sp_keystore::testing::MemoryKeystore::new()));
	ext
}

/// Alice, Bob, a miner's owner with [`STAKE`] bonded and one offer; every invariant is checked afterwards.
pub fn run(test: impl FnOnce()) {
	externalities().execute_with(|| {
		System::set_block_number(1);
		frame_system::BlockHash::<Test>::insert(0, H256::repeat_byte(8));
		let digest = H256::repeat_byte(3);
		assert_ok!(Models::register(
			signed("bob"),
			b"tiny".to_vec().try_into().unwrap(),
			ModelKind::Text,
			digest,
			H256::repeat_byte(4),
			512,
			8
		));
		assert_ok!(Miners::register(signed("miner"), account("operator"), STAKE));
		assert_ok!(Miners::offer(signed("miner"), MODEL, RATE, 1));
		test();
		check();
		// The leaves of receipts wait for the end of the block.
		Receipts::on_finalize(System::block_number());
		Receipts::do_try_state().unwrap();
	});
}

/// What must hold within a block, too.
pub fn check() {
	Channels::do_try_state().unwrap();
	Escrow::do_try_state().unwrap();
	Miners::do_try_state().unwrap();
}
