//! The states from which a chain can start.

use alloc::{vec, vec::Vec};

use frame_support::build_struct_json_patch;
use hex_literal::hex;
use millrace_primitives::ModelKind;
use pallet_models::GenesisModel;
use serde_json::Value;
use sp_core::H256;
use sp_genesis_builder::PresetId;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

use crate::{
	AccountId, BabeConfig, Balance, BalancesConfig, ModelsConfig, RuntimeGenesisConfig, SessionConfig, SessionKeys,
	SudoConfig, BABE_GENESIS_EPOCH_CONFIG, MILL,
};

pub use sp_genesis_builder::{DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};

/// What each development account owns.
const ENDOWMENT: Balance = 1_000_000 * MILL;

/// The model that comes with the source, `models/millrace-tiny.gguf`: a client needs no other to try the chain.
fn tiny_model() -> GenesisModel<AccountId> {
	GenesisModel {
		owner: Sr25519Keyring::Alice.to_account_id(),
		name: "millrace-tiny".into(),
		kind: ModelKind::Text,
		digest: H256(hex!("0436419a87554aa9c54268a38e607d18ef688302b4f434a110f314f4af6d3294")),
		template_hash: H256(hex!("827b1b44d7e035c3f79e595cfd2472e7f08a2764ccbb98d1d4e95d96f882ae0b")),
		context_length: 512,
		// Its tokens are bytes: "user\n", "assistant\n", a line break, and three control tokens.
		template_tokens: 19,
	}
}

/// A validator whose keys are the publicly known ones of a development name.
struct Validator {
	account: Sr25519Keyring,
	babe: Sr25519Keyring,
	grandpa: Ed25519Keyring,
}

// The accounts are the stashes, so that the fees of a client like Alice do not flow back to her.
const ALICE: Validator =
	Validator { account: Sr25519Keyring::AliceStash, babe: Sr25519Keyring::Alice, grandpa: Ed25519Keyring::Alice };
const BOB: Validator =
	Validator { account: Sr25519Keyring::BobStash, babe: Sr25519Keyring::Bob, grandpa: Ed25519Keyring::Bob };
const CHARLIE: Validator = Validator {
	account: Sr25519Keyring::CharlieStash,
	babe: Sr25519Keyring::Charlie,
	grandpa: Ed25519Keyring::Charlie,
};

impl Validator {
	fn genesis(&self) -> (AccountId, AccountId, SessionKeys) {
		let account = self.account.to_account_id();
		let keys = SessionKeys { babe: self.babe.public().into(), grandpa: self.grandpa.public().into() };
		(account.clone(), account, keys)
	}
}

/// A chain that anybody can control: all its keys are publicly known.
fn testnet(validators: &[Validator]) -> Value {
	build_struct_json_patch!(RuntimeGenesisConfig {
		balances: BalancesConfig {
			balances: Sr25519Keyring::well_known().map(|key| (key.to_account_id(), ENDOWMENT)).collect::<Vec<_>>(),
		},
		babe: BabeConfig { epoch_config: BABE_GENESIS_EPOCH_CONFIG },
		session: SessionConfig { keys: validators.iter().map(Validator::genesis).collect::<Vec<_>>() },
		models: ModelsConfig { models: vec![tiny_model()] },
		sudo: SudoConfig { key: Some(Sr25519Keyring::Alice.to_account_id()) },
	})
}

/// The genesis patch named `id`, as JSON.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
	let patch = match id.as_ref() {
		DEV_RUNTIME_PRESET => testnet(&[ALICE]),
		LOCAL_TESTNET_RUNTIME_PRESET => testnet(&[ALICE, BOB, CHARLIE]),
		_ => return None,
	};
	serde_json::to_vec(&patch).ok()
}

/// The names of all presets.
pub fn preset_names() -> Vec<PresetId> {
	vec![PresetId::from(DEV_RUNTIME_PRESET), PresetId::from(LOCAL_TESTNET_RUNTIME_PRESET)]
}
