//! Every refused call has its own error and moves no money but its own fee.

use millrace_client::{calls, Call, Error, JobRequest, Signer, Submitter};
use millrace_primitives::{
	job::{payload_hash, work_hash},
	transcript, FailCode, JobParams, Proof, ProofPayload, Rate, Usage, H256, MILL,
};
use millrace_tests::{
	world::{account, RATE},
	World,
};
use sp_core::sr25519::Signature;

const USAGE: Usage = Usage { input_tokens: 1, output_tokens: 1, gpu_ms: 0 };

/// Sends a call that must be refused with `Pallet::Error`; the sender's held money must not move, nor anything else of
/// it but the fee of the transaction.
async fn refused(world: &World, sender: &Submitter, uri: &str, call: Call, expected: &str) {
	let before = world.money(uri).await;
	let result = match sender.send(call).await {
		Ok(handle) => handle.in_block().await.map(|_| ()),
		Err(error) => Err(error),
	};
	match result {
		Err(Error::Dispatch { pallet, error, docs }) => {
			assert_eq!(format!("{pallet}::{error}"), expected);
			assert!(!docs.is_empty(), "{expected} says nothing to its reader");
		}
		other => panic!("expected {expected}, got {other:?}"),
	}
	let after = world.money(uri).await;
	assert_eq!(after.held, before.held, "{expected}");
	assert!(before.free - after.free < MILL / 10, "{expected} cost {}", before.free - after.free);
}

fn submit(model: u32, input: &[u8], params: JobParams, max_fee: u128) -> Call {
	calls::submit(model, input.to_vec(), params, max_fee, None)
}

#[tokio::test(flavor = "multi_thread")]
async fn submission_should_be_refused_when_something_is_wrong_with_it() {
	let world = World::empty().await;
	let (params, fee) = (JobParams::greedy(32), MILL / 10);
	let context = world.client.model(0).await.unwrap().unwrap().context_length;
	for (call, expected) in [
		(submit(99, b"hi", params, fee), "Jobs::UnknownModel"),
		(submit(0, b"", params, fee), "Jobs::EmptyInput"),
		(submit(0, &[b'a'; 16 * 1024 + 1], params, fee), "Jobs::InputTooLong"),
		(submit(0, b"hi", JobParams::greedy(0), fee), "Jobs::MaxTokensZero"),
		(submit(0, b"hi", JobParams::greedy(context + 1), fee), "Jobs::MaxTokensAboveContext"),
		(submit(0, b"hi", params, 1), "Jobs::MaxFeeTooLow"),
		(submit(0, b"hi", params, 2_000_000 * MILL), "Escrow::InsufficientBalance"),
		(calls::cancel(12_345), "Jobs::UnknownJob"),
	] {
		refused(&world, &world.charlie, "//Charlie", call, expected).await;
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn miner_call_should_be_refused_when_something_is_wrong_with_it() {
	let world = World::with_offer(2).await;
	let dave = world.client.submitter(Signer::from_uri("//Dave").unwrap());
	for (call, expected) in [
		(calls::register_miner(account("//Bob//operator"), 1_000 * MILL), "Miners::OperatorTaken"),
		(calls::register_miner(account("//Dave//operator"), MILL), "Miners::StakeTooLow"),
		(calls::register_miner(account("//Dave"), 1_000 * MILL), "Miners::OperatorIsOwner"),
		(calls::offer(0, RATE, 1), "Miners::NotRegistered"),
	] {
		refused(&world, &dave, "//Dave", call, expected).await;
	}
	for (call, expected) in [
		(calls::offer(0, RATE, 1_000), "Miners::StakeTooLowForSlots"),
		(calls::offer(99, RATE, 1), "Miners::UnknownModel"),
		(calls::unstake(999 * MILL), "Miners::StakeTooLowForSlots"),
	] {
		refused(&world, &world.bob, "//Bob", call, expected).await;
	}
	// With a job open nothing can be unstaked.
	world.submit(world.request("What is 17 plus 25?", 32)).await;
	let (block, _) = world.client.best_block().await.unwrap();
	while world.client.best_block().await.unwrap().0 <= block {
		tokio::time::sleep(std::time::Duration::from_millis(100)).await;
	}
	refused(&world, &world.bob, "//Bob", calls::unstake(MILL), "Miners::JobsOpen").await;
}

/// A proof of job `job`, which asks `request`, attempt `attempt` by the key `uri`.
fn proof(world: &World, uri: &str, request: &JobRequest, job: u64, attempt: u8, output: &[u8], usage: Usage) -> Proof {
	let transcript_root: H256 = transcript::root(&[]);
	let payload = ProofPayload {
		genesis: world.client.genesis_hash(),
		job,
		attempt,
		// The requests are greedy: no seed.
		work: work_hash(request.model, &request.params, &payload_hash(&request.input), 0),
		output_hash: payload_hash(output),
		transcript_root,
		usage,
	};
	let signature = Signature::from_raw(Signer::from_uri(uri).unwrap().sign_proof(&payload));
	Proof { transcript_root, usage, signature }
}

#[tokio::test(flavor = "multi_thread")]
async fn proof_should_be_refused_when_something_is_wrong_with_it() {
	const OPERATOR: &str = "//Bob//operator";
	let world = World::with_offer(1).await;
	// Refused calls are not free: the operator needs money for this test only.
	for uri in [OPERATOR, "//Dave//operator"] {
		world.charlie.send(calls::transfer(account(uri), MILL)).await.unwrap().in_block().await.unwrap();
	}
	let operator = world.client.submitter(Signer::from_uri(OPERATOR).unwrap());
	let stranger = world.client.submitter(Signer::from_uri("//Dave//operator").unwrap());

	let mut request = world.request("What is 17 plus 25?", 2);
	request.params.timeout = 30;
	request.miner = Some(account("//Bob"));
	let (job, ..) = world.submit(request.clone()).await;

	let complete = |uri, attempt, output: &[u8], usage| {
		calls::complete(job, attempt, output.to_vec(), proof(&world, uri, &request, job, attempt, output, usage))
	};
	refused(&world, &stranger, "//Dave//operator", complete("//Dave//operator", 1, b"42", USAGE), "Jobs::NotAssignee")
		.await;
	refused(&world, &world.charlie, "//Charlie", calls::cancel(job), "Jobs::NotQueued").await;
	refused(&world, &world.bob, "//Bob", calls::cancel(job), "Jobs::NotClient").await;
	for (call, expected) in [
		(complete(OPERATOR, 2, b"42", USAGE), "Jobs::WrongAttempt"),
		(complete(OPERATOR, 1, b"", USAGE), "Jobs::EmptyOutput"),
		(complete(OPERATOR, 1, &[b'a'; 2 * 256 + 1], USAGE), "Jobs::OutputTooLong"),
		(complete(OPERATOR, 1, b"42", Usage { output_tokens: 3, ..USAGE }), "Jobs::UsageOutOfBounds"),
		(complete(OPERATOR, 1, b"42", Usage { input_tokens: 10_000, ..USAGE }), "Jobs::UsageOutOfBounds"),
		(complete(OPERATOR, 1, b"42", Usage { gpu_ms: u32::MAX, ..USAGE }), "Jobs::UsageOutOfBounds"),
		(
			calls::complete(job, 1, b"42".to_vec(), proof(&world, "//Dave//operator", &request, job, 1, b"42", USAGE)),
			"Jobs::BadSignature",
		),
		(calls::fail(job, 2, FailCode::Denied), "Jobs::WrongAttempt"),
	] {
		refused(&world, &operator, OPERATOR, call, expected).await;
	}

	// The good one is free, its repetition is not.
	let before = world.money(OPERATOR).await;
	operator.send(complete(OPERATOR, 1, b"42", USAGE)).await.unwrap().in_block().await.unwrap();
	assert_eq!(world.money(OPERATOR).await, before, "an accepted proof costs its sender nothing");
	refused(&world, &operator, OPERATOR, complete(OPERATOR, 1, b"42", USAGE), "Jobs::NotAssigned").await;

	// After the deadline there is no attempt left to prove.
	request.params.timeout = 5;
	let (late, ..) = world.submit(request.clone()).await;
	let deadline = world.client.job(late).await.unwrap().unwrap().due;
	while world.client.best_block().await.unwrap().0 < deadline {
		tokio::time::sleep(std::time::Duration::from_millis(200)).await;
	}
	let call = calls::complete(late, 1, b"42".to_vec(), proof(&world, OPERATOR, &request, late, 1, b"42", USAGE));
	refused(&world, &operator, OPERATOR, call, "Jobs::NotAssigned").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rate_limit_should_keep_dear_miners_away() {
	let world = World::with_offer(1).await;
	let mut request = world.request("What is 17 plus 25?", 32);
	request.params.max_rate = Some(Rate::PerGpuSecond(MILL / 50 - 1));
	let call = calls::submit(0, request.input, request.params, request.max_fee, Some(account("//Bob")));
	refused(&world, &world.charlie, "//Charlie", call, "Miners::RateAboveLimit").await;
}
