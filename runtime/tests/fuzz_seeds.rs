//! The seeds of the fuzz target that carries transactions out.

#[path = "../../fuzz/properties/extrinsic.rs"]
mod extrinsic;
#[path = "../../fuzz/properties/scale.rs"]
mod scale;
#[path = "../../fuzz/properties/seeds.rs"]
mod seeds;

use codec::Encode;
use extrinsic::Sender;
use millrace_primitives::{FailCode, JobParams, Proof, Rate, Usage, H256};
use millrace_runtime::{RuntimeCall, UncheckedExtrinsic, MILL};
use sp_core::sr25519::Signature;
use sp_keyring::Sr25519Keyring::Charlie;

#[test]
fn extrinsic_should_hold_when_it_is_a_seed() {
	use pallet_jobs::Call as Job;
	use pallet_miners::Call as Miner;
	let complete = Job::complete {
		job: 0,
		attempt: 1,
		output: b"42".to_vec(),
		proof: Proof {
			transcript_root: H256::repeat_byte(3),
			usage: Usage { input_tokens: 4, output_tokens: 2, gpu_ms: 900 },
			signature: Signature::from_raw([0; 64]),
		},
	};
	let submit = Job::submit {
		model: 0,
		input: b"hi".to_vec(),
		params: JobParams::greedy(8),
		max_fee: MILL,
		miner: Some(Charlie.to_account_id()),
	};
	let transfer = pallet_balances::Call::transfer_keep_alive { dest: Charlie.to_account_id().into(), value: MILL };
	let calls = vec![RuntimeCall::Jobs(Job::prune { job: 2 }), RuntimeCall::Balances(transfer)];
	let called = |sender: Sender, call: RuntimeCall| (sender, call).encode();
	let jobs = |sender, call| called(sender, RuntimeCall::Jobs(call));
	let miners = |sender, call| called(sender, RuntimeCall::Miners(call));
	let remark = frame_system::Call::remark { remark: vec![1, 2, 3] };
	let made = [
		("complete", jobs(Sender::Operator, complete)),
		("fail", jobs(Sender::Operator, Job::fail { job: 0, attempt: 1, code: FailCode::Drain })),
		("submit", jobs(Sender::Client, submit)),
		("cancel", jobs(Sender::Client, Job::cancel { job: 1 })),
		("claim", jobs(Sender::Operator, Job::claim { job: 1 })),
		("offer", miners(Sender::Owner, Miner::offer { model: 0, rate: Rate::PerGpuSecond(1), slots: 2 })),
		("unstake", miners(Sender::Owner, Miner::unstake { amount: MILL })),
		("set-ready", miners(Sender::Operator, Miner::set_ready { ready: false })),
		("retire", called(Sender::Modeller, RuntimeCall::Models(pallet_models::Call::retire { model: 0 }))),
		("batch", called(Sender::Client, RuntimeCall::Utility(pallet_utility::Call::batch_all { calls }))),
		("inherent", called(Sender::None, RuntimeCall::Timestamp(pallet_timestamp::Call::set { now: 15_006_000 }))),
		("bare", UncheckedExtrinsic::new_bare(RuntimeCall::System(remark)).encode()),
	];
	seeds::hold("extrinsic", &made, extrinsic::check);
}
