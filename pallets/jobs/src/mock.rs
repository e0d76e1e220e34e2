//! A chain of our pallets, without consensus: randomness is a number that each block changes.

use frame::{
	deps::{
		frame_support::{
			storage::{with_transaction, TransactionOutcome},
			weights::RuntimeDbWeight,
		},
		sp_core::{sr25519, Pair},
		sp_runtime::AccountId32,
	},
	testing_prelude::*,
};
use millrace_primitives::{
	job::work_hash, traits::BlockRandomness, Balance, BlockNumber, JobId, JobParams, ModelKind, Proof, ProofPayload,
	Rate, Usage, MILL, MILLI_MILL,
};
use pallet_parameters::{Parameter, Parameters};

use crate as pallet_jobs;

construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Models: pallet_models,
		Miners: pallet_miners,
		Escrow: pallet_escrow,
		Jobs: pallet_jobs,
		Receipts: pallet_receipts,
		Settings: pallet_parameters,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = MockBlockU32<Test>;
	type AccountId = AccountId32;
	type Lookup = IdentityLookup<AccountId32>;
	type AccountData = pallet_balances::AccountData<Balance>;
	type DbWeight = DbWeight;
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
	type Deposit = pallet_parameters::ModelDeposit<Test>;
	type MaxContextLength = ConstU32<1_048_576>;
	type WeightInfo = ();
}

impl pallet_miners::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type BlockNumberProvider = System;
	type Models = Models;
	type OnCapacity = Jobs;
	type MinStake = pallet_parameters::MinStake<Test>;
	type StakePerSlot = pallet_parameters::StakePerSlot<Test>;
	type UnbondingPeriod = pallet_parameters::UnbondingPeriod<Test>;
	type Draws = ConstU32<4>;
	type ReputationHalfLife = ConstU32<HALF_LIFE>;
	type ReputationFee = ConstU128<FEE>;
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
	type Payers = Jobs;
}

impl pallet_receipts::Config for Test {
	type BlockNumberProvider = System;
	type AuthoritySet = ConstU64<0>;
	type RetentionPeriod = ConstU32<1_000_000>;
	type RetentionWeight = AgendaWeight;
}

/// What the mock's chain starts with.
pub const INITIAL: Parameters = Parameters {
	min_fee: MIN_FEE,
	deposit_base: MILLI_MILL,
	deposit_per_byte: 1_000_000,
	queue_timeout: QUEUE_TIMEOUT,
	min_timeout: 2,
	max_timeout: 600,
	retention_period: RETENTION,
	min_stake: 100 * MILL,
	stake_per_slot: 50 * MILL,
	unbonding_period: UNBONDING,
	model_deposit: MILL,
};

parameter_types! {
	pub const InitialParameters: Parameters = INITIAL;
	pub const LowestParameters: Parameters = Parameters {
		min_fee: 1,
		deposit_base: 1,
		deposit_per_byte: 1,
		queue_timeout: 1,
		min_timeout: 2,
		max_timeout: 50,
		retention_period: 1,
		min_stake: 1,
		stake_per_slot: 1,
		unbonding_period: 4_000,
		model_deposit: 1,
	};
	pub const HighestParameters: Parameters = Parameters {
		min_fee: MILL,
		deposit_base: MILL,
		deposit_per_byte: MILL,
		queue_timeout: 600,
		min_timeout: 50,
		max_timeout: 600,
		retention_period: 1_000,
		min_stake: 1_000 * MILL,
		stake_per_slot: 1_000 * MILL,
		unbonding_period: 10_000,
		model_deposit: 1_000 * MILL,
	};
}

impl pallet_parameters::Config for Test {
	type AdminOrigin = EnsureRoot<AccountId32>;
	type Initial = InitialParameters;
	type Lowest = LowestParameters;
	type Highest = HighestParameters;
	type WeightInfo = ();
}

parameter_types! {
	/// What a database access costs: nothing, but for tests that count them.
	pub static DbWeight: RuntimeDbWeight = NO_WEIGHT;
	pub const SlashPaid: Perbill = Perbill::from_percent(25);
	pub SlashPot: AccountId32 = account("pot");
	pub static AgendaWeight: Weight = Weight::from_parts(1_000, 0);
	/// Whether the mock's consensus has a VRF output.
	pub static HasRandomness: bool = true;
	/// Plancks burned by slashes whose events are forgotten.
	pub static BurnedBefore: Balance = 0;
	/// Changed by a test to draw differently.
	pub static Salt: u32 = 0;
}

/// A hash of the block's number and the test's salt.
pub struct MockRandomness;

impl BlockRandomness for MockRandomness {
	fn current() -> Option<[u8; 32]> {
		HasRandomness::get().then(|| BlakeTwo256::hash_of(&(System::block_number(), Salt::get())).0)
	}

	fn parent() -> Option<[u8; 32]> {
		HasRandomness::get().then(|| BlakeTwo256::hash_of(&(System::block_number().saturating_sub(1), Salt::get())).0)
	}
}

/// Blocks in which a miner's reputation halves.
pub const HALF_LIFE: BlockNumber = 10_000;
pub const NO_WEIGHT: RuntimeDbWeight = RuntimeDbWeight { read: 0, write: 0 };
pub const QUEUE_TIMEOUT: BlockNumber = 60;
pub const RETENTION: BlockNumber = 100;
pub const UNBONDING: BlockNumber = 5_000;
pub const MIN_FEE: Balance = MILLI_MILL;

impl pallet_jobs::Config for Test {
	type Escrow = Escrow;
	type Models = Models;
	type Miners = Miners;
	type Receipts = Receipts;
	type Randomness = MockRandomness;
	type BlockNumberProvider = System;
	type MinFee = pallet_parameters::MinFee<Test>;
	type DepositBase = pallet_parameters::DepositBase<Test>;
	type DepositPerByte = pallet_parameters::DepositPerByte<Test>;
	type QueueTimeout = pallet_parameters::QueueTimeout<Test>;
	type MinTimeout = pallet_parameters::MinTimeout<Test>;
	type MaxTimeout = pallet_parameters::MaxTimeout<Test>;
	type RetentionPeriod = pallet_parameters::RetentionPeriod<Test>;
	type WalkDraws = ConstU32<4>;
	type AgendaWeight = AgendaWeight;
	type WeightInfo = ();
}

/// Plancks that each of the accounts has at genesis.
pub const FUNDS: Balance = 10_000 * MILL;
/// The rate of [`miner`]s.
pub const RATE: Rate = Rate::PerToken { input: 10_000, output: 1_000_000 };
pub const MAX_FEE: Balance = MILL;
pub const MODEL: u32 = 0;
pub const CONTEXT: u32 = 512;

pub fn pair(name: &str) -> sr25519::Pair {
	sr25519::Pair::from_string(&format!("//{name}"), None).unwrap()
}

pub fn account(name: &str) -> AccountId32 {
	pair(name).public().into()
}

/// The operator of the miner that `name` owns.
pub fn operator(name: &str) -> sr25519::Pair {
	pair(&format!("{name}//operator"))
}

pub fn operator_account(name: &str) -> AccountId32 {
	operator(name).public().into()
}

/// What a call gave, whatever it weighed.
pub fn without_weight(result: DispatchResultWithPostInfo) -> DispatchResult {
	result.map(|_| ()).map_err(|error| error.error)
}

pub fn signed(who: AccountId32) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

/// Registers a miner with 200 MILL that offers `slots` slots.
pub fn miner(name: &str, slots: u32) {
	assert_ok!(Miners::register(signed(account(name)), operator_account(name), 200 * MILL));
	assert_ok!(Miners::offer(signed(account(name)), MODEL, RATE, slots));
}

/// Governance changes a parameter.
pub fn set(parameter: Parameter) {
	assert_ok!(Settings::set(RuntimeOrigin::root(), parameter));
}

pub fn submit_as(client: &str) -> JobId {
	let job = crate::NextJobId::<Test>::get();
	assert_ok!(Jobs::submit(signed(account(client)), MODEL, b"What is 17 plus 25?".to_vec(), params(), MAX_FEE, None));
	job
}

pub fn params() -> JobParams {
	JobParams::greedy(64)
}

pub const USAGE: Usage = Usage { input_tokens: 19, output_tokens: 4, gpu_ms: 7 };
/// 19 x 10,000 + 4 x 1,000,000.
pub const FEE: Balance = 4_190_000;

/// What the chain has asked in `job` at last; zero for a job that there is not.
fn work(id: JobId) -> H256 {
	crate::Jobs::<Test>::get(id).map_or_else(H256::zero, |job| {
		let seed = if let crate::JobState::Assigned(assignment) = job.state { assignment.seed } else { 0 };
		work_hash(job.model, &job.params, &job.input_hash, seed)
	})
}

pub fn proof_by(signer: &sr25519::Pair, job: JobId, attempt: u8, output: &[u8], usage: Usage) -> Proof {
	let payload = ProofPayload {
		genesis: System::block_hash(0),
		job,
		attempt,
		work: work(job),
		output_hash: BlakeTwo256::hash(output),
		transcript_root: H256::repeat_byte(7),
		usage,
	};
	Proof { transcript_root: payload.transcript_root, usage, signature: signer.sign(&payload.signing_hash()) }
}

/// The operator of `miner` answers "42" for [`USAGE`].
pub fn complete(miner: &str, job: JobId, attempt: u8) -> DispatchResult {
	let proof = proof_by(&operator(miner), job, attempt, b"42", USAGE);
	without_weight(Jobs::complete(signed(operator_account(miner)), job, attempt, b"42".to_vec(), proof))
}

pub fn next_blocks(blocks: BlockNumber) {
	System::run_to_block::<AllPalletsWithSystem>(System::block_number() + blocks);
}

pub fn free(name: &str) -> Balance {
	Balances::free_balance(account(name))
}

pub fn state(job: JobId) -> crate::JobState<AccountId32> {
	crate::Jobs::<Test>::get(job).unwrap().state
}

/// The assignment that must be there.
pub fn assignment(job: JobId) -> crate::Assignment<AccountId32> {
	match state(job) {
		crate::JobState::Assigned(assignment) => assignment,
		other => panic!("job {job} is {other:?}"),
	}
}

pub fn check_all() {
	Models::do_try_state().unwrap();
	Miners::do_try_state().unwrap();
	Escrow::do_try_state().unwrap();
	Jobs::do_try_state().unwrap();
	// As if the block ended here: until then its receipts wait for their root.
	let _ = with_transaction(|| {
		Receipts::on_finalize(System::block_number());
		Receipts::do_try_state().unwrap();
		TransactionOutcome::Rollback(DispatchResult::Ok(()))
	});
	Settings::do_try_state().unwrap();
	for (id, job) in crate::Jobs::<Test>::iter() {
		let row = pallet_escrow::Rows::<Test>::get(id).expect("a stored job has a row");
		let ended = matches!(job.state, crate::JobState::Ended(_));
		assert_eq!(row.settled, ended, "job {id}");
		assert_eq!(crate::TermsOf::<Test>::contains_key(id), !ended, "job {id}");
	}
	assert_eq!(pallet_escrow::Rows::<Test>::iter().count(), crate::Jobs::<Test>::iter().count());
}

/// Plancks that slashes have burned in this test, by their events.
pub fn burned() -> Balance {
	let events = System::events().into_iter();
	let burned = events.filter_map(|record| match record.event {
		RuntimeEvent::Miners(pallet_miners::Event::Slashed { burned, .. }) => Some(burned),
		_ => None,
	});
	BurnedBefore::get() + burned.sum::<Balance>()
}

/// Forgets all events, but not what was burned.
pub fn forget_events() {
	BurnedBefore::set(burned());
	System::reset_events();
}

/// A chain with one model, and a keystore for those who sign by host function.
pub fn externalities() -> TestState {
	let names = ["alice", "bob", "carol", "miner1", "miner2", "miner3", "miner4"];
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	pallet_balances::GenesisConfig::<Test> {
		balances: names.iter().map(|name| (account(name), FUNDS)).collect(),
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	pallet_models::GenesisConfig::<Test> {
		models: vec![pallet_models::GenesisModel {
			owner: account("alice"),
			name: "tiny".into(),
			kind: ModelKind::Text,
			digest: H256::repeat_byte(1),
			template_hash: H256::zero(),
			context_length: CONTEXT,
			template_tokens: 8,
		}],
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	let mut ext = TestState::new(storage);
	ext.register_extension(sp_keystore::KeystoreExt::new(sp_keystore::testing::MemoryKeystore::new()));
	ext
}

/// Runs a test in block 1, and checks every invariant afterwards.
pub fn run(test: impl FnOnce()) {
	externalities().execute_with(|| {
		BurnedBefore::set(0);
		next_blocks(1);
		let issuance = Balances::total_issuance();
		test();
		next_blocks(1);
		check_all();
		assert_eq!(Balances::total_issuance() + burned(), issuance, "a call changed the issuance");
	});
}
