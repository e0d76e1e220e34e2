//! Holds everything that this crate knows of the chain against the metadata of the runtime in this repository.
//!
//! Values are made of zeros: they decode as whatever a type is (first variants, empty lists, no options), so that what
//! is tested is whether the fields that this crate names are there and of the right type.

use std::sync::Arc;

use codec::{Decode, Encode};
use libp2p_identity::PeerId;
use millrace_primitives::{
	job::payload_hash, AccountId32, Bid, ChannelReceipt, Checkpoint, CheckpointPayload, FailCode, JobParams, ModelKind,
	Obstacle, Outcome, Page, Prices, Proof, Quote, Rate, Receipt, RunningTotal, Score, Usage, Voucher, H256,
};
use millrace_runtime::{Runtime, RuntimeCall};
use subxt::{
	config::substrate::SpecVersionForRange,
	ext::{frame_decode::view_functions, scale_decode::DecodeAsType},
	Metadata, OfflineClient, OfflineClientAtBlock, SubstrateConfig,
};

use crate::{
	calls::{self, Call},
	channel, endpoint,
	event::{self, Event, JobEvent},
	query::{Bids, QuoteResult, Receipts, Refusal},
	receipt::json::ReceiptPublic,
	snapshot::existential_deposit,
	vectors,
	wire::{self, Shared},
};

/// The version of metadata that subxt takes from a node.
const METADATA_VERSION: u32 = 16;
/// More zeros than any value is long.
const ZEROS: [u8; 4_096] = [0; 4_096];

fn chain() -> OfflineClientAtBlock<SubstrateConfig> {
	// Some of the chain's constants are read from its state.
	let bytes = sp_io::TestExternalities::default()
		.execute_with(|| Runtime::metadata_at_version(METADATA_VERSION))
		.expect("the runtime has this version");
	let metadata = Metadata::decode(&mut &bytes[..]).expect("subxt reads it");
	let config = SubstrateConfig::builder()
		.set_genesis_hash(H256::zero())
		.set_metadata_for_spec_versions([(1, Arc::new(metadata))])
		.set_spec_version_for_block_ranges([SpecVersionForRange {
			block_range: 0..u64::MAX,
			spec_version: 1,
			transaction_version: 1,
		}])
		.build();
	OfflineClient::new_with_config(config).at_block(0u64).expect("a block of this version")
}

fn account() -> AccountId32 {
	AccountId32::new([7; 32])
}

fn voucher() -> Voucher {
	let total = RunningTotal { answers: 1, input_tokens: 2, output_tokens: 3, gpu_ms: 4, fee: 1 << 90 };
	Voucher { total, checkpoint: H256::repeat_byte(5), signature: [6; 64].into() }
}

fn checkpoint(last: bool) -> Checkpoint {
	let payload = CheckpointPayload {
		genesis: H256::repeat_byte(1),
		channel: 2,
		seq: 3,
		index: 4,
		request: H256::repeat_byte(5),
		output_hash: H256::repeat_byte(6),
		transcript_root: H256::repeat_byte(7),
		usage: Usage { input_tokens: 8, output_tokens: 9, gpu_ms: 10 },
		total: voucher().total,
		last,
	};
	Checkpoint { payload, signature: [11; 64].into() }
}

fn every_call() -> Vec<Call> {
	let rate = Rate::PerToken { input: 1, output: u128::MAX };
	let proof = Proof {
		transcript_root: H256::repeat_byte(1),
		usage: Usage { input_tokens: 1, output_tokens: 2, gpu_ms: 3 },
		signature: [9; 64].into(),
	};
	let params = JobParams { max_rate: Some(rate), ..JobParams::greedy(16) };
	vec![
		calls::submit(1, b"input".to_vec(), params, 1 << 100, Some(account())),
		calls::cancel(1),
		calls::claim(2),
		calls::complete(3, 1, b"output".to_vec(), proof),
		calls::fail(4, 2, FailCode::Drain),
		calls::prune(5),
		calls::register_miner(account(), 1 << 90),
		calls::stake(6),
		calls::unstake(7),
		calls::withdraw_unbonded(),
		calls::offer(1, rate, 4),
		calls::withdraw_offer(1),
		calls::set_ready(true),
		calls::deregister(),
		calls::set_receipt_key(ReceiptPublic([1; 32]), [2; 64]),
		calls::revoke_receipt_key(),
		calls::forget_receipt_key(ReceiptPublic([1; 32])),
		calls::register_model("name", ModelKind::Image, H256::repeat_byte(1), H256::repeat_byte(2), 4_096, 32),
		calls::retire_model(1),
		calls::set_session_keys(vec![1; 64], vec![2; 128]),
		calls::transfer(account(), 1 << 80),
		calls::set_parameter("MinFee", 1 << 40),
		calls::set_parameter("UnbondingPeriod", 1 << 20),
		calls::set_code(vec![7; 100]),
		calls::sudo(calls::set_parameter("ModelDeposit", 5)),
		endpoint::set_endpoint(PeerId::random(), &["/ip4/127.0.0.1/tcp/1".parse().expect("an address")]),
		channel::open(account(), 1, account(), 1 << 90, Some(rate)),
		channel::top_up(1, 1 << 80),
		channel::close(2, None),
		channel::close(2, Some(voucher())),
		channel::challenge(3, voucher()),
		channel::report_equivocation(4, checkpoint(false), checkpoint(true)),
	]
}

#[test]
fn calls_should_be_the_runtimes_when_they_are_encoded() {
	let chain = chain();
	for call in every_call() {
		let bytes = chain.transactions().call_data(&call).unwrap_or_else(|error| panic!("{call:?}: {error}"));
		let decoded = RuntimeCall::decode(&mut &bytes[..]).unwrap_or_else(|error| panic!("{call:?}: {error}"));
		assert_eq!(decoded.encode(), bytes, "{call:?}");
	}
}

#[test]
fn submit_should_carry_the_golden_parameters() {
	for (params, hash) in vectors::params() {
		let call = calls::submit(0, b"input".to_vec(), params, 1, None);
		let bytes = chain().transactions().call_data(&call).expect("the call encodes");
		// Pallet, call, the model's four bytes and the input with its length before, the fee's 16 bytes and no miner after.
		let params = &bytes[2 + 4 + 6..bytes.len() - 17];
		assert_eq!(payload_hash(params), hash);
	}
}

#[test]
fn receipt_should_have_the_golden_leaf_when_it_is_read() {
	for (receipt, genesis, leaf) in vectors::receipts::<AccountId32>() {
		let stored = receipt.encode();
		assert!(leaf.ends_with(&stored), "the leaf is a domain, a genesis hash and the stored bytes");
		let (read, length) = storage_value::<Shared<Receipt<AccountId32>>>("Receipts", "Receipts", &stored);
		assert_eq!((read.0.leaf(&genesis), length), (leaf, stored.len()));
	}
}

/// Decodes zeros as the value of a storage entry; returns how many it took.
fn storage_value<T: DecodeAsType>(pallet: &str, entry: &str, bytes: &[u8]) -> (T, usize) {
	let chain = chain();
	let metadata = chain.metadata_ref();
	let entry = metadata
		.pallet_by_name(pallet)
		.and_then(|pallet| pallet.storage()?.entry_by_name(entry))
		.unwrap_or_else(|| panic!("no {pallet}::{entry}"));
	let mut left = bytes;
	let value = T::decode_as_type(&mut left, entry.value_ty(), metadata.types())
		.unwrap_or_else(|error| panic!("{pallet}::{}: {error}", entry.name()));
	(value, bytes.len() - left.len())
}

#[test]
fn storage_should_have_every_field_when_it_is_read() {
	storage_value::<u8>("Jobs", "AssignmentsOf", &ZEROS);
	storage_value::<()>("Jobs", "JobsOf", &ZEROS);
	storage_value::<Shared<Vec<u8>>>("Jobs", "Inputs", &ZEROS);
	storage_value::<Shared<Vec<u8>>>("Jobs", "Outputs", &ZEROS);
	storage_value::<Shared<Receipt<AccountId32>>>("Receipts", "Receipts", &ZEROS);
	storage_value::<u64>("Receipts", "Order", &ZEROS);
	storage_value::<u32>("Receipts", "SetEnds", &ZEROS);
	storage_value::<u64>("Jobs", "NextJobId", &ZEROS);
	storage_value::<()>("Channels", "ChannelsOf", &ZEROS);
	storage_value::<channel::WireChannel>("Channels", "Channels", &ZEROS);
	storage_value::<endpoint::WireEndpoint>("Miners", "Endpoints", &ZEROS);
	storage_value::<Shared<ChannelReceipt<AccountId32>>>("Receipts", "ChannelReceipts", &ZEROS);
	storage_value::<wire::EscrowRow>("Escrow", "Rows", &ZEROS);
	storage_value::<wire::AnyModel>("Models", "Models", &ZEROS);
	storage_value::<u32>("Models", "ModelByName", &ZEROS);
	storage_value::<Shared<AccountId32>>("Miners", "OwnerOf", &ZEROS);
	storage_value::<wire::Miner>("Miners", "Miners", &ZEROS);
	storage_value::<wire::Offer>("Miners", "Offers", &ZEROS);
	// One key, of zeros.
	storage_value::<Vec<wire::ReceiptKey>>("Miners", "ReceiptKeys", &[&[4], &ZEROS[..]].concat());
	storage_value::<u128>("Balances", "TotalIssuance", &ZEROS);
	storage_value::<wire::AccountInfo>("System", "Account", &ZEROS);
	storage_value::<wire::LastRuntimeUpgrade>("System", "LastRuntimeUpgrade", &ZEROS);
	storage_value::<wire::Parameters>("Parameters", "Current", &ZEROS);
}

#[test]
fn model_should_have_its_kind_when_it_is_read() {
	let (_, length) = storage_value::<wire::AnyModel>("Models", "Models", &ZEROS);
	for (index, kind) in (0u8..).zip(ModelKind::ALL) {
		let mut bytes = ZEROS;
		// The last field of an entry.
		bytes[length - 1] = index;
		let (model, _) = storage_value::<wire::AnyModel>("Models", "Models", &bytes);
		assert_eq!(model.named(7).kind, kind);
	}
}

#[test]
fn job_should_have_every_state_when_it_is_read() {
	let (_, length) = storage_value::<wire::Job>("Jobs", "Jobs", &ZEROS);
	// A queued job ends with the state's variant.
	let state_at = length.checked_sub(1).expect("a job is longer");
	let mut bytes = ZEROS;
	bytes[state_at] = 1;
	let (job, _) = storage_value::<wire::Job>("Jobs", "Jobs", &bytes);
	assert!(matches!(job.numbered(0).state, crate::JobState::Assigned(_)));
	bytes[state_at] = 2;
	let (job, _) = storage_value::<wire::Job>("Jobs", "Jobs", &bytes);
	assert!(matches!(job.numbered(0).state, crate::JobState::Ended(_)));
}

#[test]
fn events_should_have_every_field_when_they_are_read() {
	let chain = chain();
	let decode = |pallet: &str, name: &str| {
		let pallet = chain.metadata_ref().pallet_by_name(pallet).unwrap_or_else(|| panic!("no {pallet}"));
		let index = pallet
			.event_variants()
			.and_then(|variants| variants.iter().find(|variant| variant.name == name))
			.unwrap_or_else(|| panic!("no event {name}"))
			.index;
		// One event, of transaction 0.
		let mut bytes = vec![4, 0, 0, 0, 0, 0, pallet.event_index(), index];
		bytes.extend_from_slice(&ZEROS);
		let events = chain.events().from_bytes(bytes);
		let event = events.iter().next().expect("one event").expect("it decodes");
		event::place(&event).unwrap_or_else(|error| panic!("{name}: {error}")).event
	};
	for name in [
		"Submitted",
		"Queued",
		"Assigned",
		"Completed",
		"Settled",
		"AttemptFailed",
		"Failed",
		"Expired",
		"Cancelled",
		"Pruned",
	] {
		assert!(matches!(decode("Jobs", name), Event::Job { job: 0, .. }), "{name}");
	}
	assert!(matches!(decode("Jobs", "Settled"), Event::Job { what: JobEvent::Settled { .. }, .. }));
	assert!(matches!(decode("Models", "Registered"), Event::ModelRegistered { .. }));
	assert!(matches!(decode("Channels", "Opened"), Event::ChannelOpened { .. }));
	assert!(matches!(decode("Channels", "Closing"), Event::ChannelClosing { .. }));
	assert!(matches!(decode("Channels", "Settled"), Event::ChannelSettled { .. }));
	assert!(matches!(decode("TransactionPayment", "TransactionFeePaid"), Event::FeePaid { .. }));
	assert!(matches!(decode("Balances", "Deposit"), Event::Deposited { .. }));
	assert!(matches!(decode("System", "ExtrinsicSuccess"), Event::Other { .. }));
}

#[test]
fn parameters_should_be_the_runtimes_when_governance_changed_none() {
	let chain = chain();
	let address = subxt::storage::dynamic::<(), wire::Parameters>("Parameters", "Current");
	let entry = chain.storage().entry(address).expect("the chain has it");
	let initial = entry.default_value().expect("it has a default").decode().expect("it decodes");
	let parameters = initial.with(existential_deposit(&chain.constants()).expect("it is a constant"));
	assert_eq!(parameters.min_fee, millrace_runtime::MILLI_MILL);
	assert_eq!(parameters.existential_deposit, millrace_runtime::EXISTENTIAL_DEPOSIT);
	assert!(parameters.min_timeout <= parameters.max_timeout);
}

#[test]
fn metadata_should_hold_no_constant_for_what_governance_sets() {
	let chain = chain();
	let set = ["MinFee", "DepositBase", "DepositPerByte", "QueueTimeout", "MinTimeout", "MaxTimeout"];
	let set = set.iter().chain(&["RetentionPeriod", "MinStake", "StakePerSlot", "UnbondingPeriod", "Deposit"]);
	for name in set {
		for pallet in ["Jobs", "Miners", "Models"] {
			let pallet = chain.metadata_ref().pallet_by_name(pallet).expect("it exists");
			assert!(pallet.constant_by_name(name).is_none(), "{name}");
		}
	}
}

/// A view function's arguments fit, and the metadata's type of its result takes all bytes of `result`.
fn view_fits<R: DecodeAsType>(
	pallet: &str,
	function: &str,
	args: impl view_functions::IntoEncodableValues,
	result: &[u8],
) -> R {
	let chain = chain();
	let payload = subxt::view_functions::dynamic::<_, R>(pallet, function, args);
	chain.view_functions().encode_args(&payload).unwrap_or_else(|error| panic!("{pallet}::{function}: {error}"));
	let metadata = chain.metadata_ref();
	let output = metadata
		.pallet_by_name(pallet)
		.and_then(|pallet| pallet.view_function_by_name(function))
		.unwrap_or_else(|| panic!("no {pallet}::{function}"))
		.output_ty();
	let mut left = result;
	subxt::dynamic::Value::decode_as_type(&mut left, output, metadata.types()).expect("the metadata's type fits");
	assert!(left.is_empty(), "{pallet}::{function}: {} bytes are left", left.len());
	R::decode_as_type(&mut &*result, output, metadata.types()).expect("our type fits")
}

#[test]
fn view_functions_should_fit_when_they_are_called() {
	let (params, after) = (Shared::from(JobParams::greedy(16)), Shared::from(None::<AccountId32>));
	let prices = Prices { miners: 1, lowest: 2, typical: 3, most: 4 };
	let quote = Quote { deposit: 5, min_fee: 6, prices: Some(prices) };
	let result = view_fits::<QuoteResult>("Jobs", "quote", (0u32, params, 9u32), &Ok::<_, ()>(quote.clone()).encode());
	assert!(result.is_ok_and(|shown| shown.0 == quote));

	let bid = Bid {
		owner: account(),
		operator: account(),
		rate: Rate::PerGpuSecond(1),
		slots: 2,
		free_slots: 3,
		score: Score { reputation: 4, free_stake: 5, cost: 6, score: 7 },
		obstacle: Some(Obstacle::RateAboveLimit),
	};
	let page = Page { items: vec![bid], next: Some(account()) };
	let args = (0u32, Shared::from(JobParams::greedy(16)), 9u32, after);
	assert_eq!(view_fits::<Bids>("Miners", "bids", args, &page.encode()).0, page);

	let (receipt, _) = storage_value::<Shared<Receipt<AccountId32>>>("Receipts", "Receipts", &ZEROS);
	let receipt = Receipt { miner: Some(account()), outcome: Outcome::Cancelled, ..receipt.0 };
	let page = Page { items: vec![receipt], next: Some(1u64) };
	let args = (Shared::from(account()), Shared::from(Some(1u64)));
	assert_eq!(view_fits::<Receipts>("Receipts", "receipts_of", args, &page.encode()).0, page);
}

#[test]
fn refusal_should_be_named_when_a_query_is_refused() {
	let chain = chain();
	let jobs = chain.metadata_ref().pallet_by_name("Jobs").expect("there is one");
	let index = jobs.error_index();
	let error = crate::Error::of_pallet(chain.metadata_ref(), index, 0);
	assert!(error.to_string().contains("Jobs::UnknownModel"), "{error}");
	let bytes = [1, 3, index, 0, 0, 0, 0];
	let refused = view_fits::<QuoteResult>("Jobs", "quote", (0u32, Shared::from(JobParams::greedy(1)), 9u32), &bytes);
	assert!(matches!(refused, Err(Refusal::Module(_))));
}
