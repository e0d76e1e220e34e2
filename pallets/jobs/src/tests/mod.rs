//! One file for each extrinsic, one for deadlines, one for draws and queues, one for clients that are their own miners,
//! one for changes of parameters, one for migrations, one for queries, one for the money of all of them, and `adversarial`
//! for what somebody would try on purpose, and one for each of what workloads may ask for and what they cost.

mod adversarial;
mod cancel;
mod claim;
mod complete;
mod deadlines;
mod draw;
mod fail;
mod golden;
mod invariants;
mod migrations;
mod parameters;
mod prune;
mod self_dealing;
mod submit;
mod views;
mod workload_bounds;
mod workload_fees;

pub(super) use crate::{mock::*, AssignmentsOf, Call, Error, Event, Inputs, JobState, Outputs};
pub(super) use frame::{deps::sp_runtime::AccountId32, testing_prelude::*};
pub(super) use millrace_primitives::{
	FailCode, JobParams, ModelKind, Outcome, Rate, Sampling, Usage, Workload, MILL, MILLI_MILL,
};

/// Registers a model of this kind; returns its number.
pub(super) fn model_of(kind: ModelKind) -> u32 {
	let model = pallet_models::NextModelId::<Test>::get();
	let name = format!("{} {model}", kind.name()).into_bytes().try_into().unwrap();
	let digest = BlakeTwo256::hash_of(&("model", model));
	let context = if kind.has_tokens() { CONTEXT } else { 0 };
	assert_ok!(Models::register(signed(account("bob")), name, kind, digest, H256::zero(), context, 0));
	model
}

/// A kind of model that does this work.
pub(super) fn kind_for(workload: &Workload) -> ModelKind {
	ModelKind::ALL.into_iter().find(|kind| workload.fits(*kind)).unwrap()
}

/// One of each workload, text first.
pub(super) const WORKLOADS: [Workload; 7] = [
	Workload::Chat(Sampling::greedy(64)),
	Workload::Generate(Sampling::greedy(64)),
	Workload::Conversation(Sampling::greedy(64)),
	Workload::Embed,
	Workload::Bench { size: 64, rounds: 2 },
	Workload::Image { width: 512, height: 512, steps: 20, guidance_milli: 7_000 },
	Workload::Task { max_output_bytes: 2_000, max_seconds: 3 },
];

/// The escrow's hold of an account.
pub(super) fn held(name: &str) -> u128 {
	use frame::traits::fungible::InspectHold;
	Balances::balance_on_hold(&pallet_escrow::HoldReason::<()>::Escrowed.into(), &account(name))
}

/// The reputation of an owner for the model, in thousandths, as of its last attempt.
pub(super) fn reputation(owner: AccountId32) -> u32 {
	pallet_miners::Offers::<Test>::get(MODEL, owner).unwrap().reputation / THOUSANDTH
}

/// Gives a miner a reputation in thousandths.
pub(super) fn set_reputation(name: &str, thousandths: u32) {
	pallet_miners::Offers::<Test>::mutate(MODEL, account(name), |offer| {
		let offer = offer.as_mut().unwrap();
		offer.reputation = thousandths * THOUSANDTH;
		offer.rated_at = System::block_number();
	});
}

const THOUSANDTH: u32 = pallet_miners::MAX_REPUTATION / 1_000;
