//! Transactions, as anybody can send them to a node: decoded by the runtime, and carried out on a small chain.

use std::cell::RefCell;

use codec::{Decode, DecodeAll, Encode};
use frame_support::{
	dispatch::{CheckIfFeeless, GetDispatchInfo},
	storage::with_transaction,
	traits::fungible::Mutate,
};
use millrace_primitives::{
	job::{payload_hash, work_hash},
	JobParams, ModelKind, ProofPayload, Rate, H256,
};
use millrace_runtime::{
	AccountId, Balances, Executive, Jobs, Miners, Models, Runtime, RuntimeCall, RuntimeOrigin, System, TxExtension,
	UncheckedExtrinsic, MILL,
};
use pallet_jobs::JobState;
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve};
use sp_runtime::{
	traits::{Dispatchable, TransactionExtension},
	transaction_validity::{TransactionSource, TransactionValidity},
	DispatchError, TransactionOutcome,
};

use super::scale;

/// Charlie's operator.
const OPERATOR: Sr25519Keyring = Bob;

thread_local! {
	static CHAIN: RefCell<TestExternalities> = RefCell::new(chain());
}

/// Who sends a call.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Sender {
	/// Nobody.
	None,
	/// The owner of a miner.
	Owner,
	/// Its operator, who signs proofs as they should be signed.
	Operator,
	/// The client of the jobs.
	Client,
	/// The owner of the model.
	Modeller,
	/// Somebody else.
	Stranger,
}

/// Whether `data` was a [`Sender`] and a call, or an extrinsic.
pub fn check(data: &[u8]) -> bool {
	let called = <(Sender, RuntimeCall)>::decode_all(&mut &*data);
	if let Ok((sender, call)) = &called {
		assert_eq!(scale::read::<RuntimeCall>(&call.encode()).as_ref(), Some(call));
		// What a block's author adds without a signature panics where it is wrong, by the SDK's design. No pool takes it.
		if matches!((sender, call), (Sender::None, RuntimeCall::Timestamp(_))) {
			let bare = UncheckedExtrinsic::new_bare(call.clone());
			rolled_back(|| assert!(validate(bare).is_err(), "a pool takes an inherent"));
		} else {
			rolled_back(|| send(sender, call.clone()));
		}
	}
	let extrinsic = scale::read::<UncheckedExtrinsic>(data);
	if let Some(extrinsic) = extrinsic.clone() {
		rolled_back(|| {
			let _ = validate(extrinsic);
		});
	}
	called.is_ok() || extrinsic.is_some()
}

fn validate(extrinsic: UncheckedExtrinsic) -> TransactionValidity {
	Executive::validate_transaction(TransactionSource::External, extrinsic, System::block_hash(0))
}

fn rolled_back(act: impl FnOnce()) {
	let act = || {
		act();
		TransactionOutcome::Rollback(Ok::<_, DispatchError>(()))
	};
	CHAIN.with_borrow_mut(|chain| chain.execute_with(|| with_transaction(act).expect("nothing fails")));
}

fn send(sender: &Sender, call: RuntimeCall) {
	let account = match sender {
		Sender::None => None,
		Sender::Owner => Some(Charlie),
		Sender::Operator => Some(OPERATOR),
		Sender::Client => Some(Dave),
		Sender::Modeller => Some(Alice),
		Sender::Stranger => Some(Eve),
	};
	let origin = account.map_or(RuntimeOrigin::none(), |key| RuntimeOrigin::signed(key.to_account_id()));
	let call = if account == Some(OPERATOR) { signed(call) } else { call };
	let _ = (call.get_dispatch_info(), extension().weight(&call));
	let issuance = Balances::total_issuance();
	let free = call.is_feeless(&origin);
	let result = call.clone().dispatch(origin);
	assert!(!free || result.is_ok(), "a call that fails for free: {call:?}: {result:?}");
	assert!(Balances::total_issuance() <= issuance, "money was made");
}

/// The call, with a true signature if it is a proof for a job that is assigned.
fn signed(call: RuntimeCall) -> RuntimeCall {
	let RuntimeCall::Jobs(pallet_jobs::Call::complete { job: id, attempt, output, mut proof }) = call else {
		return call;
	};
	let job = pallet_jobs::Jobs::<Runtime>::get(id);
	if let Some((job, JobState::Assigned(assignment))) = job.map(|job| (job.clone(), job.state)) {
		let payload = ProofPayload {
			genesis: System::block_hash(0),
			job: id,
			attempt,
			work: work_hash(job.model, &job.params, &job.input_hash, assignment.seed),
			output_hash: payload_hash(&output),
			transcript_root: proof.transcript_root,
			usage: proof.usage,
		};
		proof.signature = OPERATOR.sign(&payload.signing_hash());
	}
	RuntimeCall::Jobs(pallet_jobs::Call::complete { job: id, attempt, output, proof })
}

fn extension() -> TxExtension {
	// Every part of it is encoded as what it is for: an immortal transaction, the first one, without a tip.
	TxExtension::decode(&mut &[0; 16][..]).expect("zeros are an extension")
}

/// A chain with a model, a miner, and three jobs: one that it has, one that waits, one that was withdrawn.
fn chain() -> TestExternalities {
	let mut chain = TestExternalities::default();
	chain.execute_with(|| {
		System::set_block_number(1);
		let of = |key: Sr25519Keyring| key.to_account_id();
		for key in [Alice, Bob, Charlie, Dave, Eve] {
			Balances::mint_into(&of(key), 1_000_000 * MILL).expect("it is little");
		}
		let signed = |key| RuntimeOrigin::signed(of(key));
		let name = b"tiny".to_vec().try_into().expect("it is short");
		Models::register(signed(Alice), name, ModelKind::Text, H256::repeat_byte(1), H256::repeat_byte(2), 512, 19)
			.expect("a model can be registered");
		Miners::register(signed(Charlie), of(OPERATOR), 1_000 * MILL).expect("a miner can be registered");
		Miners::offer(signed(Charlie), 0, Rate::PerGpuSecond(MILL), 1).expect("the model exists");
		let submit = |miner: Option<AccountId>| {
			Jobs::submit(signed(Dave), 0, b"hi".to_vec(), JobParams::greedy(8), MILL, miner).expect("a sound job");
		};
		submit(Some(of(Charlie)));
		submit(None);
		submit(None);
		Jobs::cancel(signed(Dave), 2).expect("it has no miner");
		System::set_block_number(3);
	});
	chain.commit_all().expect("nothing is open");
	chain
}
