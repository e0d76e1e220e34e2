//! A chain on which nothing is wrong.

use millrace_client::{Miner, Model, NodeHealth, Offer, Parameters};
use millrace_primitives::{AccountId32, ModelKind, Rate, H256, MILL};

use super::Facts;

pub(crate) const OWNER: [u8; 32] = [1; 32];
pub(crate) const OPERATOR: [u8; 32] = [2; 32];
pub(crate) const RATE: Rate = Rate::PerGpuSecond(MILL / 50);

/// sha256 of the repository's model.
pub(crate) const TINY: &str = "0436419a87554aa9c54268a38e607d18ef688302b4f434a110f314f4af6d3294";

pub(crate) fn parameters() -> Parameters {
	Parameters {
		min_fee: 1,
		deposit_base: 1,
		deposit_per_byte: 1,
		queue_timeout: 60,
		min_timeout: 5,
		max_timeout: 600,
		retention_period: 100,
		min_stake: 100 * MILL,
		stake_per_slot: 100 * MILL,
		unbonding_period: 100,
		model_deposit: MILL,
		existential_deposit: MILL / 1_000,
	}
}

pub(crate) fn facts() -> Facts {
	let (owner, operator) = (AccountId32::new(OWNER), AccountId32::new(OPERATOR));
	let mut digest = [0; 32];
	hex::decode_to_slice(TINY, &mut digest).unwrap();
	Facts {
		url: "ws://127.0.0.1:9944".into(),
		genesis: H256::repeat_byte(7),
		best: 100,
		health: NodeHealth { syncing: false, peers: 3, needs_peers: true },
		ahead_secs: -1,
		operator: Some(operator.clone()),
		drained: false,
		endpoint: None,
		miner: Some(Miner {
			owner: owner.clone(),
			operator,
			bonded: 100 * MILL,
			unbonding: Vec::new(),
			slots_offered: 1,
			slots_used: 0,
			ready: true,
			models: vec![0],
		}),
		offers: vec![Offer { model: 0, owner: owner.clone(), rate: RATE, slots: 1, used: 0, reputation: 0 }],
		models: vec![Model {
			id: 0,
			owner,
			name: "millrace-tiny".into(),
			kind: ModelKind::Text,
			digest: digest.into(),
			template_hash: H256::zero(),
			context_length: 512,
			template_tokens: 19,
			deposit: 0,
			retired: false,
		}],
		parameters: parameters(),
	}
}
