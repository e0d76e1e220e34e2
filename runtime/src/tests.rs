//! What only the assembled runtime can show.

use frame_support::{
	dispatch::{DispatchClass, GetDispatchInfo},
	traits::{Get, StorageVersion},
	weights::constants::WEIGHT_REF_TIME_PER_MILLIS,
};
use sp_genesis_builder::PresetId;
use sp_keyring::Sr25519Keyring;
use sp_runtime::traits::TransactionExtension;

use crate::{configs::system::RuntimeBlockWeights, *};

/// A chain at genesis of a preset.
fn genesis(preset: &str) -> sp_io::TestExternalities {
	let mut ext = sp_io::TestExternalities::default();
	ext.execute_with(|| {
		let patch = genesis::get_preset(&PresetId::from(preset)).expect("the preset exists");
		let mut config = serde_json::to_value(RuntimeGenesisConfig::default()).expect("the default is JSON");
		merge(&mut config, serde_json::from_slice(&patch).expect("the preset is JSON"));
		let json = serde_json::to_vec(&config).expect("JSON is bytes");
		frame_support::genesis_builder_helper::build_state::<RuntimeGenesisConfig>(json).expect("the state builds");
	});
	ext
}

fn merge(target: &mut serde_json::Value, patch: serde_json::Value) {
	match (target, patch) {
		(serde_json::Value::Object(target), serde_json::Value::Object(patch)) => {
			for (key, value) in patch {
				merge(target.entry(key).or_insert(serde_json::Value::Null), value);
			}
		}
		(target, patch) => *target = patch,
	}
}

#[test]
fn presets_should_name_their_validators_and_endow_the_development_accounts() {
	for (preset, validators) in [(genesis::DEV_RUNTIME_PRESET, 1), (genesis::LOCAL_TESTNET_RUNTIME_PRESET, 3)] {
		genesis(preset).execute_with(|| {
			assert_eq!(Session::validators().len(), validators);
			assert_eq!(Babe::authorities().len(), validators);
			assert_eq!(Grandpa::grandpa_authorities().len(), validators);
			assert_eq!(Balances::free_balance(Sr25519Keyring::Ferdie.to_account_id()), 1_000_000 * MILL);
			assert_eq!(Balances::free_balance(Sr25519Keyring::AliceStash.to_account_id()), 1_000_000 * MILL);
		});
	}
	assert_eq!(genesis::get_preset(&PresetId::from("no such preset")), None);
	for name in genesis::preset_names() {
		assert!(genesis::get_preset(&name).is_some());
	}
}

#[test]
fn genesis_should_register_the_model_that_comes_with_the_source() {
	let file = include_bytes!("../../models/millrace-tiny.gguf");
	genesis(genesis::DEV_RUNTIME_PRESET).execute_with(|| {
		let model = pallet_models::Models::<Runtime>::get(0).expect("the preset registers one model");
		assert_eq!(model.name.as_slice(), b"millrace-tiny");
		assert_eq!(model.digest.0, sp_io::hashing::sha2_256(file));
		let template = gguf_value(file, b"tokenizer.chat_template", |bytes| {
			let len = u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes"));
			bytes[8..8 + len as usize].to_vec()
		});
		assert_eq!(model.template_hash.0, sp_io::hashing::blake2_256(&template));
		let context = gguf_value(file, b"llama.context_length", |bytes| {
			u32::from_le_bytes(bytes[..4].try_into().expect("4 bytes"))
		});
		assert_eq!(model.context_length, context);
	});
}

/// Reads what follows a key and its 4-byte type in a GGUF file.
fn gguf_value<R>(file: &[u8], key: &[u8], read: impl Fn(&[u8]) -> R) -> R {
	let at = file.windows(key.len()).position(|window| window == key).expect("the file has the key");
	read(&file[at + key.len() + 4..])
}

#[test]
fn epoch_should_bring_a_full_segment_of_primary_vrf_outputs() {
	let (numerator, denominator) = BABE_GENESIS_EPOCH_CONFIG.c;
	assert!(EPOCH_DURATION_IN_SLOTS * numerator / denominator > 350);
	assert_eq!(Babe::slot_duration(), MILLISECS_PER_BLOCK);
}

#[test]
fn epoch_should_be_as_long_as_the_constant_unless_genesis_says_otherwise() {
	use crate::configs::consensus::EpochDuration;
	genesis(genesis::DEV_RUNTIME_PRESET).execute_with(|| {
		assert_eq!(EpochDuration::get(), EPOCH_DURATION_IN_SLOTS);
		sp_io::storage::set(&sp_io::hashing::twox_128(b":EpochDuration:"), &10u64.to_le_bytes());
		assert_eq!(<Runtime as pallet_babe::Config>::EpochDuration::get(), 10);
	});
}

#[test]
fn full_block_should_fit_the_proposing_time() {
	let weights = RuntimeBlockWeights::get();
	// An author has half of a slot, and leaves a tenth of that to itself.
	let proposing = MILLISECS_PER_BLOCK / 2 * 9 / 10;
	assert!(weights.max_block.ref_time() <= proposing * WEIGHT_REF_TIME_PER_MILLIS);
}

#[test]
fn normal_calls_should_have_room_when_hooks_declare_the_whole_block() {
	let weights = RuntimeBlockWeights::get();
	assert!(weights.get(DispatchClass::Normal).reserved.is_some_and(|reserved| reserved.ref_time() > 0));
}

#[test]
fn transfer_should_cost_less_than_a_thousandth_of_a_mill() {
	genesis(genesis::DEV_RUNTIME_PRESET).execute_with(|| {
		let call = RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
			dest: Sr25519Keyring::Bob.to_account_id().into(),
			value: MILL,
		});
		let mut info = call.get_dispatch_info();
		info.extension_weight = tx_extension().weight(&call);
		let fee = TransactionPayment::compute_fee(150, &info, 0);
		assert!(fee > MILLI_MILL / 10 && fee < MILLI_MILL, "{fee}");
	});
}

#[test]
fn clients_should_see_only_extensions_that_they_know() {
	let names: Vec<_> = TxExtension::metadata().into_iter().map(|extension| extension.identifier).collect();
	assert_eq!(
		names,
		[
			"AuthorizeCall",
			"CheckNonZeroSender",
			"CheckSpecVersion",
			"CheckTxVersion",
			"CheckGenesis",
			"CheckMortality",
			"CheckNonce",
			"CheckWeight",
			"ChargeTransactionPayment",
			"CheckMetadataHash",
			"WeightReclaim",
		]
	);
}

/// The view functions of our pallets: pallet, name, id.
fn view_functions() -> Vec<(&'static str, &'static str, [u8; 32])> {
	[
		("Jobs", Jobs::pallet_view_functions_metadata()),
		("Miners", Miners::pallet_view_functions_metadata()),
		("Escrow", Escrow::pallet_view_functions_metadata()),
		("Receipts", Receipts::pallet_view_functions_metadata()),
		("Channels", Channels::pallet_view_functions_metadata()),
		("ChannelEscrow", ChannelEscrow::pallet_view_functions_metadata()),
	]
	.into_iter()
	.flat_map(|(pallet, functions)| functions.into_iter().map(move |function| (pallet, function.name, function.id)))
	.collect()
}

#[test]
fn every_view_function_should_be_documented_with_its_id() {
	let page = include_str!("../../docs/queries.md");
	let functions = view_functions();
	assert_eq!(functions.len(), 15);
	let mut missing = Vec::new();
	for (pallet, name, id) in functions {
		let suffix: String = id[16..].iter().map(|byte| format!("{byte:02x}")).collect();
		let documented = page.lines().any(|line| {
			line.starts_with(&format!("| `{pallet}.{name}(")) && line.ends_with(&format!("| `0x{suffix}` |"))
		});
		if !documented {
			missing.push(format!("{pallet}.{name} 0x{suffix}"));
		}
	}
	assert!(missing.is_empty(), "docs/queries.md lacks these, or their ids: {missing:#?}");
}

/// The names of a call, event or error enum.
fn variants<T: scale_info::StaticTypeInfo>() -> Vec<&'static str> {
	match T::type_info().type_def {
		scale_info::TypeDef::Variant(variants) => variants.variants.iter().map(|variant| variant.name).collect(),
		_ => panic!("it is an enum"),
	}
}

#[test]
fn every_call_event_and_error_should_be_documented_with_its_pallet() {
	let page = include_str!("../../docs/protocol.md");
	let documented = |pallet: &str, names: Vec<&str>| {
		let heading = format!("### `{pallet}`");
		let section = page.split(&heading).nth(1).unwrap_or_else(|| panic!("docs/protocol.md lacks {pallet}"));
		let section = section.split("\n### ").next().unwrap_or_default();
		for name in names.into_iter().filter(|name| !name.starts_with("__")) {
			let row = section.lines().any(|line| {
				let cell = line.split('`').nth(1).unwrap_or_default();
				line.starts_with('|') && cell.split('(').next() == Some(name)
			});
			assert!(row, "docs/protocol.md lacks {pallet}::{name}");
		}
	};
	documented("Models", variants::<pallet_models::Call<Runtime>>());
	documented("Models", variants::<pallet_models::Event<Runtime>>());
	documented("Models", variants::<pallet_models::Error<Runtime>>());
	documented("Miners", variants::<pallet_miners::Call<Runtime>>());
	documented("Miners", variants::<pallet_miners::Event<Runtime>>());
	documented("Miners", variants::<pallet_miners::Error<Runtime>>());
	documented("Jobs", variants::<pallet_jobs::Call<Runtime>>());
	documented("Jobs", variants::<pallet_jobs::Event<Runtime>>());
	documented("Jobs", variants::<pallet_jobs::Error<Runtime>>());
	documented("Channels", variants::<pallet_channels::Call<Runtime>>());
	documented("Channels", variants::<pallet_channels::Event<Runtime>>());
	documented("Channels", variants::<pallet_channels::Error<Runtime>>());
	documented("Escrow", variants::<pallet_escrow::Event<Runtime>>());
	documented("Escrow", variants::<pallet_escrow::Error<Runtime>>());
	documented("Receipts", variants::<pallet_receipts::Event<Runtime>>());
	documented("Parameters", variants::<pallet_parameters::Call<Runtime>>());
	documented("Parameters", variants::<pallet_parameters::Event<Runtime>>());
	documented("Parameters", variants::<pallet_parameters::Error<Runtime>>());
}

#[test]
fn quote_should_come_through_the_runtime_api() {
	use codec::{Decode, Encode};
	use frame_support::view_functions::ViewFunctionId;
	use millrace_primitives::{JobParams, Quote, Rate};

	genesis(genesis::DEV_RUNTIME_PRESET).execute_with(|| {
		let bob = Sr25519Keyring::Bob.to_account_id();
		Miners::register(RuntimeOrigin::signed(bob.clone()), Sr25519Keyring::Dave.to_account_id(), 1_000 * MILL)
			.expect("Bob can stake");
		Miners::offer(RuntimeOrigin::signed(bob), 0, Rate::PerGpuSecond(MILL), 1).expect("the model exists");
		let (_, _, id) = view_functions().into_iter().find(|(_, name, _)| *name == "quote").expect("there is one");
		let id = ViewFunctionId {
			prefix: id[..16].try_into().expect("16 bytes"),
			suffix: id[16..].try_into().expect("16 bytes"),
		};
		let ask = |max_tokens| {
			let input = (0u32, JobParams::greedy(max_tokens), 5u32).encode();
			let answer = Runtime::execute_view_function(id.clone(), input).expect("it is dispatched");
			Result::<Quote, sp_runtime::DispatchError>::decode(&mut &answer[..]).expect("it is a quote")
		};
		// 50 tokens are taken for a GPU-second; the attempt can take 60.
		let prices = ask(50).expect("it is accepted").prices.expect("Bob is ready");
		assert_eq!((prices.miners, prices.lowest, prices.typical, prices.most), (1, MILL, MILL, 60 * MILL));
		assert_eq!(ask(0), Err(pallet_jobs::Error::<Runtime>::MaxTokensZero.into()));
	});
}

fn tx_extension() -> TxExtension {
	use sp_runtime::generic::Era;
	(
		frame_system::AuthorizeCall::new(),
		frame_system::CheckNonZeroSender::new(),
		frame_system::CheckSpecVersion::new(),
		frame_system::CheckTxVersion::new(),
		frame_system::CheckGenesis::new(),
		frame_system::CheckMortality::from(Era::Immortal),
		frame_system::CheckNonce::from(0),
		frame_system::CheckWeight::new(),
		feeless::PrioritizeFeeless(pallet_transaction_payment::ChargeTransactionPayment::from(0).into()),
		frame_metadata_hash_extension::CheckMetadataHash::new(false),
		frame_system::WeightReclaim::new(),
	)
}

#[test]
fn stake_should_answer_for_a_channel_until_its_disputes_are_over() {
	use frame_support::traits::Get;

	type Lifetime = <Runtime as pallet_channels::Config>::Lifetime;
	type Challenge = <Runtime as pallet_channels::Config>::ChallengeWindow;
	type Dispute = <Runtime as pallet_channels::Config>::DisputeWindow;
	let longest = <Lifetime as Get<u32>>::get() + <Challenge as Get<u32>>::get() + <Dispute as Get<u32>>::get();
	let lowest = configs::parameters::LowestParameters::get().unbonding_period;
	assert!(longest < lowest, "a channel lives {longest} blocks, stake can unbond in {lowest}");
}

#[test]
fn submission_should_cost_more_than_what_makes_a_reputation() {
	use millrace_primitives::JobParams;

	genesis(genesis::DEV_RUNTIME_PRESET).execute_with(|| {
		let submit = pallet_jobs::Call::submit {
			model: 0,
			input: b"a".to_vec(),
			params: JobParams::greedy(1),
			max_fee: MILL,
			miner: None,
		};
		let info = RuntimeCall::Jobs(submit).get_dispatch_info();
		// The extension's weight is left out, so that the fee is below the real one.
		let fee = TransactionPayment::compute_fee(100, &info, 0);
		let full = configs::millrace::ReputationFee::get();
		assert!(fee >= full, "{fee} plancks buy a success that must earn {full}");
	});
}

#[test]
fn answer_should_go_before_everything_and_cost_nothing_when_it_is_the_assignees() {
	use millrace_primitives::{FailCode, JobParams, Rate};
	use sp_runtime::{traits::TxBaseImplication, transaction_validity::TransactionSource::External};

	genesis(genesis::DEV_RUNTIME_PRESET).execute_with(|| {
		let [owner, operator, client, stranger] =
			[Sr25519Keyring::Bob, Sr25519Keyring::Dave, Sr25519Keyring::Charlie, Sr25519Keyring::Eve]
				.map(|key| key.to_account_id());
		let signed = RuntimeOrigin::signed;
		System::set_block_number(1);
		Miners::register(signed(owner.clone()), operator.clone(), 1_000 * MILL).expect("Bob can stake");
		Miners::offer(signed(owner.clone()), 0, Rate::PerGpuSecond(MILL), 1).expect("the model exists");
		Jobs::submit(signed(client), 0, b"hi".to_vec(), JobParams::greedy(8), MILL, Some(owner)).expect("Bob is free");

		let call = RuntimeCall::Jobs(pallet_jobs::Call::fail { job: 0, attempt: 1, code: FailCode::Drain });
		let priority = |who: &AccountId, tip| {
			let charge = pallet_transaction_payment::ChargeTransactionPayment::<Runtime>::from(tip);
			let extension =
				feeless::PrioritizeFeeless(pallet_skip_feeless_payment::SkipCheckIfFeeless::<Runtime, _>::from(charge));
			let info = call.get_dispatch_info();
			let (validity, ..) = extension
				.validate(signed(who.clone()), &call, &info, 150, (), &TxBaseImplication(()), External)
				.expect("both can pay");
			validity.priority
		};
		assert_eq!(priority(&operator, 0), feeless::FEELESS_PRIORITY);
		assert!(priority(&stranger, 0) < feeless::FEELESS_PRIORITY);
	});
}

#[test]
fn copies_of_an_answer_should_find_no_place_in_a_block_when_the_first_was_free() {
	use millrace_primitives::{FailCode, JobParams, Rate};
	use sp_runtime::{
		traits::DispatchTransaction,
		transaction_validity::{InvalidTransaction, TransactionValidityError},
	};

	genesis(genesis::DEV_RUNTIME_PRESET).execute_with(|| {
		let [owner, client] = [Sr25519Keyring::Bob, Sr25519Keyring::Charlie].map(|key| key.to_account_id());
		// As `register` makes it: with the existential deposit and nothing to pay a fee from.
		let operator = AccountId::from([7; 32]);
		let signed = RuntimeOrigin::signed;
		System::set_block_number(1);
		Miners::register(signed(owner.clone()), operator.clone(), 1_000 * MILL).expect("Bob can stake");
		Miners::offer(signed(owner.clone()), 0, Rate::PerGpuSecond(MILL), 1).expect("the model exists");
		Jobs::submit(signed(client), 0, b"hi".to_vec(), JobParams::greedy(8), MILL, Some(owner)).expect("Bob is free");

		let issuance = Balances::total_issuance();
		let send = || {
			let call = RuntimeCall::Jobs(pallet_jobs::Call::fail { job: 0, attempt: 1, code: FailCode::Drain });
			let charge = pallet_transaction_payment::ChargeTransactionPayment::<Runtime>::from(0);
			let extension =
				feeless::PrioritizeFeeless(pallet_skip_feeless_payment::SkipCheckIfFeeless::<Runtime, _>::from(charge));
			let info = call.get_dispatch_info();
			extension.dispatch_transaction(signed(operator.clone()), call, &info, 150, 0)
		};
		assert!(send().expect("the first is valid").is_ok());
		for _ in 0..3 {
			let refused = send().map(|_| ());
			assert_eq!(refused, Err(TransactionValidityError::Invalid(InvalidTransaction::Payment)));
		}
		assert_eq!(Balances::free_balance(&operator), MILLI_MILL);
		assert_eq!(Balances::total_issuance(), issuance);
	});
}

/// Turns the state into one of the first version, in which a job is open that Bob's miner has.
fn first_version() {
	use millrace_primitives::{JobParams, Rate};
	let [owner, operator, client] =
		[Sr25519Keyring::Bob, Sr25519Keyring::Dave, Sr25519Keyring::Charlie].map(|key| key.to_account_id());
	let signed = RuntimeOrigin::signed;
	System::set_block_number(1);
	Miners::register(signed(owner.clone()), operator, 1_000 * MILL).expect("Bob can stake");
	Miners::offer(signed(owner.clone()), 0, Rate::PerGpuSecond(MILL), 1).expect("the model exists");
	Jobs::submit(signed(client), 0, b"hi".to_vec(), JobParams::greedy(8), MILL, Some(owner)).expect("Bob is free");
	pallet_jobs::TermsOf::<Runtime>::remove(0);
	StorageVersion::new(1).put::<Jobs>();
	frame_system::LastRuntimeUpgrade::<Runtime>::put(frame_system::LastRuntimeUpgradeInfo {
		spec_version: 1.into(),
		spec_name: VERSION.spec_name,
	});
}

#[test]
fn upgrade_should_bring_every_pallet_to_its_version_when_the_chain_has_the_first_runtime() {
	genesis(genesis::DEV_RUNTIME_PRESET).execute_with(|| {
		first_version();
		Executive::execute_on_runtime_upgrade();
		assert_eq!(StorageVersion::get::<Jobs>(), pallet_jobs::STORAGE_VERSION);
		let terms = migrations::TermsOfVersion1::get();
		assert_eq!(pallet_jobs::TermsOf::<Runtime>::get(0), Some(terms));
		// What governance starts from is what was constant before.
		let parameters = pallet_parameters::Current::<Runtime>::get();
		assert_eq!((parameters.queue_timeout, parameters.retention_period), (terms.queue_timeout, terms.retention));
		assert_eq!(Jobs::do_try_state(), Ok(()));
		assert_eq!(Parameters::do_try_state(), Ok(()));
	});
}

#[test]
fn upgrade_should_fit_a_block_when_as_many_jobs_are_open_as_it_migrates() {
	let jobs = pallet_jobs::migrations::MAX_JOBS as u64;
	let weight = <Runtime as frame_system::Config>::DbWeight::get().reads_writes(jobs, jobs);
	assert!(weight.all_lt(RuntimeBlockWeights::get().max_block), "{weight}");
}

#[cfg(feature = "try-runtime")]
#[test]
fn upgrade_should_pass_its_own_checks_when_the_chain_has_the_first_runtime() {
	genesis(genesis::DEV_RUNTIME_PRESET).execute_with(|| {
		first_version();
		Executive::try_runtime_upgrade(frame_support::traits::UpgradeCheckSelect::All).expect("all checks hold");
	});
}

#[test]
fn parameters_should_be_changed_by_governance_alone() {
	use pallet_parameters::Parameter;
	genesis(genesis::DEV_RUNTIME_PRESET).execute_with(|| {
		let alice = RuntimeOrigin::signed(Sr25519Keyring::Alice.to_account_id());
		let parameter = Parameter::MinFee(2 * MILLI_MILL);
		Parameters::set(alice.clone(), parameter).expect_err("the sudo key is not root by itself");
		let call = RuntimeCall::Parameters(pallet_parameters::Call::set { parameter });
		Sudo::sudo(alice, alloc::boxed::Box::new(call)).expect("Alice has the sudo key");
		assert_eq!(pallet_parameters::MinFee::<Runtime>::get(), 2 * MILLI_MILL);
	});
}
