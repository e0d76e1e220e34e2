use super::*;

/// Plancks per second.
const PRICE: u128 = 30_000_000;

/// A job of this workload that "miner1" has, at this rate; three blocks after the assignment.
fn assigned(workload: Workload, rate: Rate) {
	let model = model_of(kind_for(&workload));
	assert_ok!(Miners::register(signed(account("miner1")), operator_account("miner1"), 200 * MILL));
	assert_ok!(Miners::offer(signed(account("miner1")), model, rate, 1));
	assert_ok!(Jobs::submit(
		signed(account("alice")),
		model,
		b"hi".to_vec(),
		JobParams::of(workload),
		MAX_FEE,
		Some(account("miner1"))
	));
	next_blocks(3);
}

fn answer(output: &[u8], usage: Usage) -> DispatchResult {
	let proof = proof_by(&operator("miner1"), 0, 1, output, usage);
	without_weight(Jobs::complete(signed(operator_account("miner1")), 0, 1, output.to_vec(), proof))
}

fn time(gpu_ms: u32) -> Usage {
	Usage { gpu_ms, ..Usage::default() }
}

/// The four that have no output tokens.
fn without_answer_tokens() -> impl Iterator<Item = Workload> {
	WORKLOADS.into_iter().filter(|workload| workload.sampling().is_none())
}

#[test]
fn fee_should_be_for_the_time_when_the_work_has_no_tokens() {
	for workload in without_answer_tokens() {
		run(|| {
			assigned(workload, Rate::PerGpuSecond(PRICE));
			let before = free("miner1");
			assert_ok!(answer(b"x", time(2_500)));
			assert_eq!(free("miner1") - before, PRICE * 5 / 2);
		});
	}
}

#[test]
fn fee_should_be_for_the_input_when_an_embedding_is_paid_by_the_token() {
	run(|| {
		assigned(Workload::Embed, RATE);
		let before = free("miner1");
		assert_ok!(answer(&[0; 16], Usage { input_tokens: 2, ..Usage::default() }));
		assert_eq!(free("miner1") - before, 20_000);
	});
}

#[test]
fn complete_should_fail_when_tokens_are_counted_that_the_work_does_not_have() {
	for workload in without_answer_tokens() {
		run(|| {
			assigned(workload, Rate::PerGpuSecond(PRICE));
			let counted = Usage { output_tokens: 1, ..time(1) };
			assert_noop!(answer(b"x", counted), Error::<Test>::UsageOutOfBounds);
			let counted = Usage { input_tokens: 3, ..time(1) };
			assert_noop!(answer(b"x", counted), Error::<Test>::UsageOutOfBounds);
			let input = if workload == Workload::Embed { 2 } else { 0 };
			assert_ok!(answer(b"x", Usage { input_tokens: input, ..time(1) }));
		});
	}
}

#[test]
fn complete_should_fail_when_the_time_is_above_the_blocks_since_the_assignment() {
	for workload in without_answer_tokens() {
		run(|| {
			assigned(workload, Rate::PerGpuSecond(PRICE));
			assert_noop!(answer(b"x", time(3_001)), Error::<Test>::UsageOutOfBounds);
			assert_ok!(answer(b"x", time(3_000)));
		});
	}
}

#[test]
fn complete_should_fail_when_a_tasks_time_is_above_its_own_limit() {
	run(|| {
		assigned(Workload::Task { max_output_bytes: 10, max_seconds: 2 }, Rate::PerGpuSecond(PRICE));
		assert_noop!(answer(b"x", time(2_001)), Error::<Test>::UsageOutOfBounds);
		assert_ok!(answer(b"x", time(2_000)));
	});
}

#[test]
fn complete_should_fail_when_the_output_is_a_byte_longer_than_the_workload_allows() {
	for (workload, most) in WORKLOADS.into_iter().zip([16_384, 16_384, 16_384, 32_768, 32, 1_024, 2_000]) {
		run(|| {
			assigned(workload, Rate::PerGpuSecond(PRICE));
			let usage = Usage { output_tokens: u32::from(workload.sampling().is_some()), ..time(1) };
			assert_noop!(answer(&vec![b'x'; most + 1], usage), Error::<Test>::OutputTooLong);
			assert_ok!(answer(&vec![b'x'; most], usage));
		});
	}
}

#[test]
fn proof_should_hold_with_any_seed_when_the_work_does_not_draw() {
	for workload in WORKLOADS {
		run(|| {
			assigned(workload, Rate::PerGpuSecond(PRICE));
			let usage = Usage { output_tokens: u32::from(workload.sampling().is_some()), ..time(1) };
			let proof = proof_by(&operator("miner1"), 0, 1, b"x", usage);
			// As on another fork, where the chain gave another seed.
			crate::Jobs::<Test>::mutate(0, |job| {
				let Some(JobState::Assigned(assignment)) = job.as_mut().map(|job| &mut job.state) else {
					panic!("it is assigned")
				};
				assignment.seed ^= 1;
			});
			let send = || {
				let operator = signed(operator_account("miner1"));
				without_weight(Jobs::complete(operator, 0, 1, b"x".to_vec(), proof.clone()))
			};
			if matches!(workload, Workload::Image { .. }) {
				assert_noop!(send(), Error::<Test>::BadSignature);
			} else {
				assert_ok!(send());
			}
		});
	}
}

#[test]
fn quote_should_follow_the_size_of_the_work_when_miners_ask_for_time() {
	run(|| {
		let small = Workload::Bench { size: 512, rounds: 8 };
		let large = Workload::Bench { size: 512, rounds: 80 };
		assigned(small, Rate::PerGpuSecond(PRICE));
		assert_ok!(answer(b"x", time(1)));
		let lowest = |workload| Jobs::quote(1, JobParams::of(workload), 2).unwrap().prices.unwrap().lowest;
		assert!(lowest(large) > 9 * lowest(small));
		assert!(lowest(large) < 11 * lowest(small));
	});
}
