use millrace_primitives::{Sampling, Usage, Workload};

use super::{
	fixtures::{assignment, generated, TestSigner},
	*,
};

fn core(slots: usize) -> Core {
	Core::new(H256::repeat_byte(1), slots, Box::new(TestSigner))
}

fn see(core: &mut Core, number: BlockNumber, jobs: &[Assignment]) -> Vec<Action> {
	core.handle(Event::Snapshot { number, assignments: jobs.to_vec() })
}

fn ticket(job: u64) -> Ticket {
	assignment(job).ticket
}

fn runs(actions: &[Action]) -> Vec<(Ticket, u64)> {
	actions
		.iter()
		.filter_map(|action| match action {
			Action::Start { run, assignment } => Some((assignment.ticket, *run)),
			_ => None,
		})
		.collect()
}

fn proofs(actions: &[Action]) -> Vec<Arc<Answer>> {
	actions
		.iter()
		.filter_map(|action| match action {
			Action::SubmitProof { answer, .. } => Some(answer.clone()),
			_ => None,
		})
		.collect()
}

fn fails(actions: &[Action]) -> Vec<FailCode> {
	actions
		.iter()
		.filter_map(|action| match action {
			Action::SubmitFail { code, .. } => Some(*code),
			_ => None,
		})
		.collect()
}

fn finish(core: &mut Core, job: u64, run: u64, text: &str) -> Vec<Action> {
	core.handle(Event::EngineFinished { ticket: ticket(job), run, generated: generated(text) })
}

fn dropped(job: u64) -> Event {
	Event::TxDropped { ticket: ticket(job), error: "dropped".into() }
}

#[test]
fn assignment_should_start_when_it_is_first_seen() {
	let mut core = core(1);
	let actions = see(&mut core, 10, &[assignment(1)]);
	assert_eq!(runs(&actions), vec![(ticket(1), 0)]);
	assert!(runs(&see(&mut core, 11, &[assignment(1)])).is_empty());
}

#[test]
fn assignment_should_wait_when_all_slots_are_taken() {
	let mut core = core(1);
	assert_eq!(runs(&see(&mut core, 10, &[assignment(1), assignment(2)])).len(), 1);
	assert_eq!(core.counts(), Counts { running: 1, queued: 1, submitting: 0 });
	let actions = finish(&mut core, 1, 0, "hi");
	assert_eq!(runs(&actions), vec![(ticket(2), 1)]);
}

#[test]
fn answer_should_be_persisted_before_it_is_sent_when_the_engine_finishes() {
	let mut core = core(1);
	see(&mut core, 10, &[assignment(1)]);
	let actions = finish(&mut core, 1, 0, "hi");
	let written = actions
		.iter()
		.position(|action| matches!(action, Action::Persist(Row { state: RowState::Finished(_), .. })))
		.unwrap();
	let sent = actions.iter().position(|action| matches!(action, Action::SubmitProof { .. })).unwrap();
	assert!(written < sent);
}

#[test]
fn gpu_time_should_be_held_to_the_blocks_since_the_assignment_when_it_is_signed() {
	let mut core = core(1);
	see(&mut core, 12, &[assignment(1)]);
	let mut slow = generated("hi");
	slow.usage = Usage { input_tokens: 1_000, output_tokens: 1_000, gpu_ms: 1_000_000 };
	let actions = core.handle(Event::EngineFinished { ticket: ticket(1), run: 0, generated: slow });
	let usage = proofs(&actions)[0].proof.usage;
	assert_eq!(usage, Usage { input_tokens: 12, output_tokens: 8, gpu_ms: 3_000 });
}

#[test]
fn proof_should_verify_when_rebuilt_from_the_answer() {
	let mut core = core(1);
	see(&mut core, 10, &[assignment(1)]);
	let answer = proofs(&finish(&mut core, 1, 0, "hi"))[0].clone();
	let payload = ProofPayload {
		genesis: H256::repeat_byte(1),
		job: 1,
		attempt: 1,
		work: assignment(1).work(),
		output_hash: payload_hash(b"hi"),
		transcript_root: transcript::root(&answer.transcript),
		usage: answer.proof.usage,
	};
	assert_eq!(answer.proof.signature.0[..32], payload.signing_hash());
}

#[test]
fn same_answer_should_be_sent_again_when_the_transaction_is_dropped() {
	let mut core = core(1);
	see(&mut core, 10, &[assignment(1)]);
	let first = proofs(&finish(&mut core, 1, 0, "hi"));
	assert!(proofs(&core.handle(dropped(1))).is_empty());
	let again: Vec<_> = (11..=13).flat_map(|n| proofs(&see(&mut core, n, &[assignment(1)]))).collect();
	assert_eq!(again, first);
}

#[test]
fn pauses_should_grow_up_to_a_bound_when_every_transaction_is_dropped() {
	for tries in 1..100 {
		let pause = backoff(ticket(1), tries);
		assert!((1..2 * MAX_BACKOFF).contains(&pause));
	}
	assert!(backoff(ticket(1), 60) >= MAX_BACKOFF);
}

#[test]
fn answer_should_be_sent_again_when_its_block_is_left_by_a_reorganisation() {
	let mut core = core(1);
	see(&mut core, 10, &[assignment(1)]);
	let first = proofs(&finish(&mut core, 1, 0, "hi"));
	core.handle(Event::TxIncluded { ticket: ticket(1), number: 11 });
	assert!(core.is_idle());
	assert!(see(&mut core, 11, &[]).is_empty());
	assert_eq!(proofs(&see(&mut core, 12, &[assignment(1)])), first);
}

#[test]
fn included_answer_should_stay_when_an_older_snapshot_arrives_late() {
	let mut core = core(1);
	see(&mut core, 10, &[assignment(1)]);
	finish(&mut core, 1, 0, "hi");
	core.handle(Event::TxIncluded { ticket: ticket(1), number: 11 });
	assert!(proofs(&see(&mut core, 10, &[assignment(1)])).is_empty());
}

#[test]
fn inference_should_be_cancelled_when_the_assignment_vanishes() {
	let mut core = core(1);
	see(&mut core, 10, &[assignment(1)]);
	let actions = see(&mut core, 11, &[]);
	assert!(actions.contains(&Action::Cancel { run: 0 }));
	assert!(actions.contains(&Action::Forget(ticket(1))));
	assert!(finish(&mut core, 1, 0, "late").is_empty());
}

#[test]
fn result_should_be_ignored_when_it_is_of_a_cancelled_run() {
	let mut core = core(1);
	see(&mut core, 10, &[assignment(1)]);
	see(&mut core, 11, &[]);
	assert_eq!(runs(&see(&mut core, 12, &[assignment(1)])), vec![(ticket(1), 1)]);
	assert!(proofs(&finish(&mut core, 1, 0, "old")).is_empty());
	assert_eq!(proofs(&finish(&mut core, 1, 1, "new"))[0].output, b"new");
}

#[test]
fn attempt_should_fail_when_a_signed_number_belongs_to_another_job() {
	let mut core = core(1);
	see(&mut core, 10, &[assignment(1)]);
	finish(&mut core, 1, 0, "hi");
	let mut other = assignment(1);
	other.input_hash = H256::repeat_byte(9);
	let actions = see(&mut core, 11, &[other]);
	assert_eq!(fails(&actions), vec![FailCode::Denied]);
	assert!(runs(&actions).is_empty() && proofs(&actions).is_empty());
}

#[test]
fn inference_should_restart_when_a_running_number_belongs_to_another_job() {
	let mut core = core(1);
	see(&mut core, 10, &[assignment(1)]);
	let mut other = assignment(1);
	other.input_hash = H256::repeat_byte(9);
	let actions = see(&mut core, 11, &[other]);
	assert!(actions.contains(&Action::Cancel { run: 0 }));
	assert_eq!(runs(&actions), vec![(ticket(1), 1)]);
}

/// What is signed when an engine answers a job of this workload with this output and usage.
fn answered(workload: Workload, output: &[u8], usage: Usage) -> Vec<Action> {
	let mut core = core(1);
	let mut asked = assignment(1);
	asked.params.workload = workload;
	see(&mut core, 10, std::slice::from_ref(&asked));
	see(&mut core, 20, &[asked]);
	let generated = Generated { output: output.to_vec(), usage, transcript: Vec::new(), ..generated("") };
	core.handle(Event::EngineFinished { ticket: ticket(1), run: 0, generated })
}

#[test]
fn answer_should_count_no_tokens_when_its_work_has_none() {
	let usage = Usage { input_tokens: 3, output_tokens: 4, gpu_ms: 500 };
	let sent = |workload| match proofs(&answered(workload, b"x", usage)).first() {
		Some(answer) => answer.proof.usage,
		None => panic!("no proof was sent"),
	};
	assert_eq!(sent(Workload::Embed), Usage { output_tokens: 0, ..usage });
	for workload in [Workload::Bench { size: 64, rounds: 1 }, Workload::Task { max_output_bytes: 9, max_seconds: 1 }] {
		assert_eq!(sent(workload), Usage { gpu_ms: 500, ..Usage::default() });
	}
	let slow = Usage { gpu_ms: 900_000, ..Usage::default() };
	let task = answered(Workload::Task { max_output_bytes: 9, max_seconds: 1 }, b"x", slow);
	assert_eq!(proofs(&task)[0].proof.usage.gpu_ms, 1_000);
}

#[test]
fn answer_should_fail_when_it_is_longer_than_the_workload_allows() {
	let bench = Workload::Bench { size: 64, rounds: 1 };
	assert_eq!(proofs(&answered(bench, &[0; 32], Usage::default())).len(), 1);
	assert_eq!(fails(&answered(bench, &[0; 33], Usage::default())), vec![FailCode::EngineError]);
	assert_eq!(fails(&answered(bench, &[], Usage::default())), vec![FailCode::EmptyOutput]);
}

#[test]
fn seed_should_not_matter_when_the_temperature_is_zero() {
	let (mut a, mut b) = (assignment(1), assignment(1));
	b.seed = 99;
	assert_eq!(a.work(), b.work());
	let warm = Workload::Chat(Sampling { temperature_milli: 800, ..Sampling::greedy(8) });
	(a.params.workload, b.params.workload) = (warm, warm);
	assert_ne!(a.work(), b.work());
}

#[test]
fn failure_should_be_sent_with_its_code_when_the_engine_fails() {
	let mut core = core(1);
	see(&mut core, 10, &[assignment(1)]);
	let code = FailCode::ContextTooLong;
	let actions = core.handle(Event::EngineFailed { ticket: ticket(1), run: 0, code, message: "too long".into() });
	assert_eq!(fails(&actions), vec![code]);
	assert!(actions
		.iter()
		.any(|action| matches!(action, Action::Persist(Row { state: RowState::Failing { .. }, .. }))));
}

#[test]
fn attempt_should_fail_as_empty_when_the_answer_has_no_bytes() {
	let mut core = core(1);
	see(&mut core, 10, &[assignment(1)]);
	assert_eq!(fails(&finish(&mut core, 1, 0, "")), vec![FailCode::EmptyOutput]);
}

#[test]
fn attempt_should_fail_when_the_answer_is_longer_than_the_chain_takes() {
	let mut core = core(1);
	see(&mut core, 10, &[assignment(1)]);
	let long = "x".repeat(8 * 256 + 1);
	assert_eq!(fails(&finish(&mut core, 1, 0, &long)), vec![FailCode::EngineError]);
}

#[test]
fn attempt_should_fail_as_timeout_when_the_deadline_is_near() {
	let mut core = core(1);
	see(&mut core, 10, &[assignment(1), assignment(2)]);
	assert!(fails(&see(&mut core, 67, &[assignment(1), assignment(2)])).is_empty());
	let actions = see(&mut core, 68, &[assignment(1), assignment(2)]);
	assert_eq!(fails(&actions), vec![FailCode::Timeout; 2]);
	assert!(actions.contains(&Action::Cancel { run: 0 }));
}

#[test]
fn attempt_should_fail_when_the_chain_refuses_its_proof_again_and_again() {
	let mut core = core(1);
	see(&mut core, 10, &[assignment(1)]);
	finish(&mut core, 1, 0, "hi");
	let mut failed = Vec::new();
	for number in 11..60 {
		let mut actions = core.handle(Event::TxFailed { ticket: ticket(1), error: "BadSignature".into() });
		actions.extend(see(&mut core, number, &[assignment(1)]));
		failed.extend(fails(&actions));
	}
	assert_eq!(failed.first(), Some(&FailCode::EngineError));
}

#[test]
fn recovered_answer_should_be_sent_without_an_inference_when_still_assigned() {
	let mut first = core(1);
	see(&mut first, 10, &[assignment(1)]);
	let sent = proofs(&finish(&mut first, 1, 0, "hi"));
	let mut second = core(1);
	let row = Row { assignment: assignment(1), state: RowState::Finished(sent[0].clone()) };
	assert!(second.recover(vec![row]).is_empty());
	let actions = see(&mut second, 20, &[assignment(1)]);
	assert!(runs(&actions).is_empty());
	assert_eq!(proofs(&actions), sent);
}

#[test]
fn recovered_answer_should_be_forgotten_when_its_assignment_is_finally_gone() {
	let mut core = core(1);
	let answer = Arc::new(fixtures::answer(1));
	core.recover(vec![Row { assignment: assignment(1), state: RowState::Submitted(answer) }]);
	assert!(see(&mut core, 20, &[]).is_empty());
	assert!(core.handle(Event::Finalized(19)).is_empty());
	assert_eq!(core.handle(Event::Finalized(20)), vec![Action::Forget(ticket(1))]);
}

#[test]
fn interrupted_inference_should_run_again_when_recovered() {
	let mut core = core(1);
	let row = Row { assignment: assignment(1), state: RowState::Running };
	assert_eq!(core.recover(vec![row]), vec![Action::Forget(ticket(1))]);
	assert_eq!(runs(&see(&mut core, 20, &[assignment(1)])).len(), 1);
}

#[test]
fn new_and_waiting_work_should_fail_when_draining() {
	let mut core = core(1);
	see(&mut core, 10, &[assignment(1), assignment(2)]);
	assert_eq!(fails(&core.handle(Event::DrainRequested)), vec![FailCode::Drain]);
	let actions = see(&mut core, 11, &[assignment(1), assignment(2), assignment(3)]);
	assert_eq!(fails(&actions), vec![FailCode::Drain]);
	assert!(runs(&actions).is_empty());
	assert_eq!(proofs(&finish(&mut core, 1, 0, "hi")).len(), 1);
}

#[test]
fn running_work_should_fail_when_the_drain_takes_too_long() {
	let mut core = core(1);
	see(&mut core, 10, &[assignment(1)]);
	core.handle(Event::DrainRequested);
	let actions = core.handle(Event::DrainTimeout);
	assert_eq!(fails(&actions), vec![FailCode::Drain]);
	assert!(!core.is_idle());
	core.handle(Event::TxIncluded { ticket: ticket(1), number: 11 });
	assert!(core.is_idle());
}

#[test]
fn vanished_answer_should_be_forgotten_when_nothing_is_ever_final() {
	let mut core = core(1);
	see(&mut core, 10, &[assignment(1)]);
	finish(&mut core, 1, 0, "hi");
	see(&mut core, 11, &[]);
	assert!(see(&mut core, 11 + KEEP_UNFINALIZED, &[]).contains(&Action::Forget(ticket(1))));
}

#[test]
fn proof_should_sign_the_golden_bytes_when_the_transcript_is_the_golden_one() {
	let transcripts = crate::vectors::transcripts();
	let (payload, hash) = crate::vectors::proofs().pop().expect("the last one has a transcript");
	let (transcript, root) = transcripts.last().expect("the longest is the last").clone();
	assert_eq!(payload.transcript_root, root);
	let mut core = Core::new(payload.genesis, 1, Box::new(TestSigner));
	let ticket = Ticket { job: payload.job, attempt: payload.attempt };
	let asked = Assignment {
		ticket,
		params: millrace_primitives::JobParams::greedy(64),
		input_hash: payload_hash(b"What is 17 plus 25?"),
		..assignment(payload.job)
	};
	assert_eq!(asked.work(), payload.work);
	see(&mut core, 10, &[asked]);
	let output = b"17 + 25 = 42.".to_vec();
	let generated = Generated { output, transcript, usage: payload.usage, ..generated("") };
	let actions = core.handle(Event::EngineFinished { ticket, run: 0, generated });
	let answer = proofs(&actions).pop().expect("the proof is sent");
	assert_eq!(answer.proof.transcript_root, root);
	assert_eq!(answer.proof.usage, payload.usage);
	// The signer of the tests gives the message back.
	assert_eq!(answer.proof.signature.0[..32], hash.0);
}

fn bounds(max_input_bytes: u32, max_queue: usize) -> Event {
	Event::Bounds(Bounds { max_input_bytes, max_queue, closed: None })
}

#[test]
fn assignment_should_be_denied_when_its_input_is_over_the_limit() {
	let mut core = core(1);
	core.handle(bounds(7, 10));
	assert_eq!(fails(&see(&mut core, 11, &[assignment(1)])), [FailCode::Denied]);
	core.handle(bounds(8, 10));
	assert_eq!(runs(&see(&mut core, 12, &[assignment(2)])).len(), 1);
}

#[test]
fn assignment_should_be_denied_when_enough_wait_already() {
	let mut core = core(1);
	core.handle(bounds(8, 1));
	let all = [assignment(1), assignment(2), assignment(3)];
	let actions = see(&mut core, 11, &all);
	assert_eq!(runs(&actions).len(), 1);
	assert_eq!(fails(&actions), [FailCode::Denied]);
	assert_eq!((core.counts().running, core.counts().queued), (1, 1));
}

#[test]
fn assignment_should_be_denied_when_the_miner_is_closed_and_taken_when_it_opens() {
	let mut core = core(1);
	core.handle(Event::Bounds(Bounds { closed: Some("the disk is full".into()), ..Bounds::default() }));
	let actions = see(&mut core, 11, &[assignment(1)]);
	assert_eq!(fails(&actions), [FailCode::Denied]);
	let said = |action: &Action| matches!(action, Action::Log { detail, .. } if detail.contains("the disk is full"));
	assert!(actions.iter().any(said));
	core.handle(Event::Bounds(Bounds::default()));
	assert_eq!(runs(&see(&mut core, 12, &[assignment(2)])).len(), 1);
}

#[test]
fn inference_should_go_on_when_a_node_behind_does_not_have_its_assignment_yet() {
	let mut core = core(1);
	see(&mut core, 10, &[assignment(1)]);
	assert!(see(&mut core, 9, &[]).is_empty());
	// Nothing is sent to a chain that does not have it.
	assert!(proofs(&finish(&mut core, 1, 0, "hi")).is_empty());
	assert_eq!(proofs(&see(&mut core, 10, &[assignment(1)])).len(), 1);
}

#[test]
fn answer_should_not_be_forgotten_when_a_node_behind_does_not_have_its_assignment_yet() {
	let mut core = core(1);
	let answer = Arc::new(fixtures::answer(1));
	core.recover(vec![Row { assignment: assignment(1), state: RowState::Submitted(answer.clone()) }]);
	see(&mut core, 5, &[]);
	assert!(core.handle(Event::Finalized(5)).is_empty());
	assert_eq!(proofs(&see(&mut core, 11, &[assignment(1)])), [answer]);
}

#[test]
fn same_answer_should_be_sent_when_a_forgotten_attempt_comes_back() {
	let mut core = core(1);
	see(&mut core, 10, &[assignment(1)]);
	let sent = proofs(&finish(&mut core, 1, 0, "hi"));
	see(&mut core, 11, &[]);
	assert_eq!(core.handle(Event::Finalized(11)), vec![Action::Forget(ticket(1))]);
	assert_eq!(core.unknown(&[assignment(1)]), [ticket(1)]);
	core.recover(vec![Row { assignment: assignment(1), state: RowState::Submitted(sent[0].clone()) }]);
	let actions = see(&mut core, 12, &[assignment(1)]);
	assert!(runs(&actions).is_empty());
	assert_eq!(proofs(&actions), sent);
}
