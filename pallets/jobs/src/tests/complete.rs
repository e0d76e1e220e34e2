use super::*;
use frame::deps::frame_support::dispatch::CheckIfFeeless;

fn assigned() -> u64 {
	miner("miner1", 1);
	let job = submit_as("alice");
	next_blocks(1);
	job
}

fn complete_with(output: &[u8], usage: Usage) -> DispatchResult {
	let proof = proof_by(&operator("miner1"), 0, 1, output, usage);
	without_weight(Jobs::complete(signed(operator_account("miner1")), 0, 1, output.to_vec(), proof))
}

#[test]
fn complete_should_pay_and_refund_to_the_planck_when_valid() {
	run(|| {
		let job = assigned();
		let miner_before = free("miner1");
		assert_ok!(complete("miner1", job, 1));
		assert_eq!(free("miner1"), miner_before + FEE);
		assert_ok!(Jobs::prune(signed(account("alice")), job));
		assert_eq!(free("alice"), FUNDS - FEE);
		assert_eq!(held("alice"), 0);
		System::assert_has_event(
			Event::Settled { job, owner: account("miner1"), fee: FEE, refund: MAX_FEE - FEE }.into(),
		);
	});
}

#[test]
fn complete_should_weigh_a_search_only_when_a_job_waits_for_the_slot() {
	for waiting in [false, true] {
		run(|| {
			let job = assigned();
			if waiting {
				submit_as("bob");
				next_blocks(1);
			}
			let proof = proof_by(&operator("miner1"), job, 1, b"42", USAGE);
			let post = Jobs::complete(signed(operator_account("miner1")), job, 1, b"42".to_vec(), proof).unwrap();
			let search = if waiting { <() as crate::WeightInfo>::search() } else { Weight::zero() };
			assert_eq!(post.actual_weight, Some(<() as crate::WeightInfo>::complete(2).saturating_add(search)));
		});
	}
}

#[test]
fn complete_should_weigh_less_when_the_miner_keeps_its_place_on_the_ready_list() {
	// Nine free slots and ten have the same place; none and one have not.
	for (slots, in_place) in [(1, false), (10, true)] {
		run(|| {
			assert_ok!(Miners::register(signed(account("miner2")), operator_account("miner2"), 500 * MILL));
			assert_ok!(Miners::offer(signed(account("miner2")), MODEL, RATE, slots));
			let job = submit_as("alice");
			next_blocks(1);
			let proof = proof_by(&operator("miner2"), job, 1, b"42", USAGE);
			let post = Jobs::complete(signed(operator_account("miner2")), job, 1, b"42".to_vec(), proof).unwrap();
			let weight = if in_place {
				<() as crate::WeightInfo>::complete_in_place(2)
			} else {
				<() as crate::WeightInfo>::complete(2)
			};
			assert_eq!(post.actual_weight, Some(weight));
		});
	}
}

#[test]
fn complete_should_store_output_and_receipt_when_valid() {
	run(|| {
		let job = assigned();
		assert_ok!(complete("miner1", job, 1));
		assert_eq!(Outputs::<Test>::get(job).unwrap().into_inner(), b"42".to_vec());
		let receipt = pallet_receipts::Receipts::<Test>::get(job).unwrap();
		assert_eq!(receipt.fee, FEE);
		assert_eq!(receipt.outcome, Outcome::Settled);
		assert_eq!(receipt.miner, Some(account("miner1")));
		assert_eq!(receipt.output_hash, BlakeTwo256::hash(b"42"));
		assert_eq!(receipt.usage, USAGE);
		assert_eq!(receipt.model_digest, H256::repeat_byte(1));
	});
}

#[test]
fn complete_should_charge_no_more_than_the_maximum_when_the_usage_is_dear() {
	run(|| {
		miner("miner1", 1);
		assert_ok!(Jobs::submit(signed(account("alice")), MODEL, b"hi".to_vec(), params(), MIN_FEE, None));
		assert_ok!(Miners::offer(
			signed(account("miner1")),
			MODEL,
			Rate::PerToken { input: u128::MAX, output: u128::MAX },
			1
		));
		next_blocks(1);
		let before = free("miner1");
		let proof = proof_by(&operator("miner1"), 0, 1, b"42", Usage { input_tokens: 2, output_tokens: 64, gpu_ms: 0 });
		assert_ok!(Jobs::complete(signed(operator_account("miner1")), 0, 1, b"42".to_vec(), proof));
		assert_eq!(free("miner1"), before + MIN_FEE);
	});
}

#[test]
fn complete_should_charge_gpu_time_by_the_millisecond_when_so_offered() {
	run(|| {
		miner("miner1", 1);
		assert_ok!(Miners::offer(signed(account("miner1")), MODEL, Rate::PerGpuSecond(20_000_000_001), 1));
		let job = submit_as("alice");
		next_blocks(1);
		let before = free("miner1");
		assert_ok!(complete("miner1", job, 1));
		// 20,000,000,001 x 7 / 1000, rounded down.
		assert_eq!(free("miner1"), before + 140_000_000);
	});
}

#[test]
fn complete_should_keep_the_rate_of_the_assignment_when_the_offer_changes() {
	run(|| {
		let job = assigned();
		assert_ok!(Miners::offer(
			signed(account("miner1")),
			MODEL,
			Rate::PerToken { input: 20_000, output: 2_000_000 },
			1
		));
		let before = free("miner1");
		assert_ok!(complete("miner1", job, 1));
		assert_eq!(free("miner1"), before + FEE);
	});
}

#[test]
fn complete_should_fail_when_from_another_miner() {
	run(|| {
		let job = assigned();
		miner("miner2", 1);
		assert_noop!(complete("miner2", job, 1), Error::<Test>::NotAssignee);
	});
}

#[test]
fn complete_should_fail_when_from_the_owner_itself() {
	run(|| {
		let job = assigned();
		let proof = proof_by(&pair("miner1"), job, 1, b"42", USAGE);
		assert_noop!(
			Jobs::complete(signed(account("miner1")), job, 1, b"42".to_vec(), proof),
			Error::<Test>::NotAssignee
		);
	});
}

#[test]
fn complete_should_fail_when_the_attempt_is_an_older_one() {
	run(|| {
		let job = assigned();
		next_blocks(params().timeout + 1);
		miner("miner2", 1);
		next_blocks(2);
		assert_eq!(assignment(job).attempt, 2);
		assert_noop!(complete("miner1", job, 1), Error::<Test>::NotAssignee);
		assert_noop!(complete("miner2", job, 1), Error::<Test>::WrongAttempt);
		assert_ok!(complete("miner2", job, 2));
	});
}

#[test]
fn complete_should_fail_when_repeated() {
	run(|| {
		let job = assigned();
		assert_ok!(complete("miner1", job, 1));
		assert_noop!(complete("miner1", job, 1), Error::<Test>::NotAssigned);
	});
}

#[test]
fn complete_should_be_accepted_up_to_the_deadline_and_not_after() {
	run(|| {
		let job = assigned();
		let deadline = assignment(job).deadline;
		System::run_to_block::<AllPalletsWithSystem>(deadline);
		assert_ok!(complete("miner1", job, 1));

		let late = submit_as("alice");
		next_blocks(1);
		let deadline = assignment(late).deadline;
		System::run_to_block::<AllPalletsWithSystem>(deadline);
		// The next block's hook takes the job away before any call of that block.
		next_blocks(1);
		assert_noop!(complete("miner1", late, 1), Error::<Test>::NotAssigned);
	});
}

#[test]
fn complete_should_fail_when_the_deadline_has_passed_and_the_agenda_lags() {
	run(|| {
		let job = assigned();
		AgendaWeight::set(Weight::zero());
		next_blocks(params().timeout + 1);
		assert_noop!(complete("miner1", job, 1), Error::<Test>::DeadlinePassed);
		AgendaWeight::set(Weight::from_parts(1_000, 0));
	});
}

#[test]
fn complete_should_fail_when_the_output_is_empty() {
	run(|| {
		assigned();
		assert_noop!(complete_with(b"", USAGE), Error::<Test>::EmptyOutput);
	});
}

#[test]
fn complete_should_bound_the_output_by_max_tokens() {
	run(|| {
		miner("miner1", 1);
		assert_ok!(Jobs::submit(signed(account("alice")), MODEL, b"hi".to_vec(), JobParams::greedy(2), MAX_FEE, None));
		next_blocks(1);
		let usage = Usage { input_tokens: 2, output_tokens: 2, gpu_ms: 0 };
		assert_noop!(complete_with(&[b'a'; 513], usage), Error::<Test>::OutputTooLong);
		assert_ok!(complete_with(&[b'a'; 512], usage));
	});
}

#[test]
fn complete_should_bound_each_number_of_the_usage() {
	run(|| {
		assigned();
		// 19 bytes + 8 of the template; 64 tokens; one block since the assignment.
		let most = Usage { input_tokens: 27, output_tokens: 64, gpu_ms: 1_000 };
		for usage in [
			Usage { input_tokens: 28, ..most },
			Usage { output_tokens: 65, ..most },
			Usage { output_tokens: 0, ..most },
			Usage { gpu_ms: 1_001, ..most },
			Usage { input_tokens: u32::MAX, output_tokens: u32::MAX, gpu_ms: u32::MAX },
		] {
			assert_noop!(complete_with(b"42", usage), Error::<Test>::UsageOutOfBounds);
		}
		assert_ok!(complete_with(b"42", most));
	});
}

#[test]
fn complete_should_fail_when_the_proof_is_signed_for_something_else() {
	run(|| {
		let job = assigned();
		let send = |proof| Jobs::complete(signed(operator_account("miner1")), job, 1, b"42".to_vec(), proof);
		let operator = operator("miner1");
		assert_noop!(send(proof_by(&pair("bob"), job, 1, b"42", USAGE)), Error::<Test>::BadSignature);
		assert_noop!(send(proof_by(&operator, job + 1, 1, b"42", USAGE)), Error::<Test>::BadSignature);
		assert_noop!(send(proof_by(&operator, job, 2, b"42", USAGE)), Error::<Test>::BadSignature);
		assert_noop!(send(proof_by(&operator, job, 1, b"43", USAGE)), Error::<Test>::BadSignature);
		let mut proof = proof_by(&operator, job, 1, b"42", USAGE);
		proof.usage.gpu_ms += 1;
		assert_noop!(send(proof), Error::<Test>::BadSignature);
	});
}

#[test]
fn complete_should_be_free_exactly_when_it_would_succeed() {
	run(|| {
		let job = assigned();
		let call = |who: &str, attempt, output: &[u8]| {
			let proof = proof_by(&operator(who), job, attempt, output, USAGE);
			let call: RuntimeCall = Call::complete { job, attempt, output: output.to_vec(), proof }.into();
			call.is_feeless(&signed(operator_account(who)))
		};
		assert!(call("miner1", 1, b"42"));
		assert!(!call("miner1", 2, b"42"));
		assert!(!call("miner1", 1, b""));
		assert!(!call("miner2", 1, b"42"));
		assert_ok!(complete("miner1", job, 1));
		assert!(!call("miner1", 1, b"42"));
	});
}

#[test]
fn complete_should_raise_the_reputation_when_the_job_was_drawn() {
	run(|| {
		let job = assigned();
		assert_ok!(complete("miner1", job, 1));
		assert_eq!(reputation(account("miner1")), 1_000 / 32);
	});
}

#[test]
fn complete_should_put_a_root_in_the_header_when_accepted() {
	run(|| {
		let job = assigned();
		assert_ok!(complete("miner1", job, 1));
		let leaf = pallet_receipts::Receipts::<Test>::get(job).unwrap().leaf(&System::block_hash(0));
		let block = System::block_number();
		Jobs::on_finalize(block);
		Receipts::on_finalize(block);
		let root = BlakeTwo256::hash(&leaf);
		let item = frame::deps::sp_runtime::DigestItem::Consensus(*b"MILL", (root, 1u32).encode());
		assert!(System::digest().logs().contains(&item));
	});
}
