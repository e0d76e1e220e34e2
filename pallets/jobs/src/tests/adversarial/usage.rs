//! Usage that is not what it was, and prices that do not fit.

use super::*;

/// miner1 says that it took `usage`.
fn claim_usage(job: u64, usage: Usage) -> DispatchResult {
	let proof = proof_by(&operator("miner1"), job, 1, b"42", usage);
	without_weight(Jobs::complete(signed(operator_account("miner1")), job, 1, b"42".to_vec(), proof))
}

/// A job of alice's that miner1 has at `rate`, one block after the assignment.
fn assigned_at(rate: Rate, max_fee: u128) -> u64 {
	if pallet_miners::Miners::<Test>::get(account("miner1")).is_none() {
		miner("miner1", 1);
	}
	assert_ok!(Miners::offer(signed(account("miner1")), MODEL, rate, 1));
	let job = submit_to("miner1", params(), max_fee);
	next_blocks(1);
	job
}

/// 2 bytes + 8 of the template; 64 tokens; one block.
const MOST: Usage = Usage { input_tokens: 10, output_tokens: 64, gpu_ms: 1_000 };

#[test]
fn inflated_usage_should_earn_nothing_when_above_what_the_chain_knows() {
	run(|| {
		let job = assigned_at(RATE, MAX_FEE);
		let before = books();
		for usage in [
			Usage { input_tokens: 11, ..MOST },
			Usage { output_tokens: 65, ..MOST },
			Usage { gpu_ms: 1_001, ..MOST },
			Usage { input_tokens: u32::MAX, ..MOST },
			Usage { output_tokens: u32::MAX, ..MOST },
			Usage { gpu_ms: u32::MAX, ..MOST },
			Usage { input_tokens: u32::MAX, output_tokens: u32::MAX, gpu_ms: u32::MAX },
		] {
			assert_noop!(claim_usage(job, usage), Error::<Test>::UsageOutOfBounds);
		}
		assert_eq!(books(), before);
		assert_ok!(claim_usage(job, MOST));
		let most = 10 * 10_000 + 64 * 1_000_000;
		assert_gains(&before, &[(account("miner1"), most), (account("alice"), -most)]);
	});
}

#[test]
fn zero_usage_should_earn_nothing_when_there_is_no_output_token_in_it() {
	run(|| {
		let job = assigned_at(RATE, MAX_FEE);
		let before = books();
		assert_noop!(claim_usage(job, Usage::default()), Error::<Test>::UsageOutOfBounds);
		assert_eq!(books(), before);
		assert_ok!(claim_usage(job, Usage { input_tokens: 0, output_tokens: 1, gpu_ms: 0 }));
		assert_gains(&before, &[(account("miner1"), 1_000_000), (account("alice"), -1_000_000)]);
	});
}

#[test]
fn nothing_should_be_paid_when_the_price_or_the_time_is_zero() {
	for (rate, usage) in [(Rate::PerToken { input: 0, output: 0 }, MOST), (RATE_BY_TIME, Usage { gpu_ms: 0, ..MOST })] {
		run(|| {
			let job = assigned_at(rate, MAX_FEE);
			let before = books();
			assert_ok!(claim_usage(job, usage));
			ended(job, Outcome::Settled);
			assert_gains(&before, &[]);
			assert_eq!(held("alice"), deposit(job));
		});
	}
}

const RATE_BY_TIME: Rate = Rate::PerGpuSecond(20_000_000_000);

#[test]
fn waiting_time_should_not_be_charged_when_the_job_stood_in_the_queue() {
	run(|| {
		let job = submit_as("alice");
		next_blocks(20);
		miner("miner1", 1);
		assert_ok!(Miners::offer(signed(account("miner1")), MODEL, RATE_BY_TIME, 1));
		next_blocks(2);
		let elapsed = System::block_number() - assignment(job).assigned_at;
		assert!(elapsed < 20);
		let before = books();
		let most = elapsed * 1_000;
		assert_noop!(claim_usage(job, Usage { gpu_ms: most + 1, ..USAGE }), Error::<Test>::UsageOutOfBounds);
		assert_noop!(claim_usage(job, Usage { gpu_ms: 20_000, ..USAGE }), Error::<Test>::UsageOutOfBounds);
		assert_eq!(books(), before);
		assert_ok!(claim_usage(job, Usage { gpu_ms: most, ..USAGE }));
		let fee = i128::from(elapsed) * 20_000_000_000;
		assert_gains(&before, &[(account("miner1"), fee), (account("alice"), -fee)]);
	});
}

#[test]
fn time_of_an_earlier_attempt_should_not_be_charged_when_another_miner_answers() {
	run(|| {
		let job = assigned();
		next_blocks(params().timeout);
		miner("miner2", 1);
		assert_ok!(Miners::offer(signed(account("miner2")), MODEL, RATE_BY_TIME, 1));
		next_blocks(2);
		let elapsed = System::block_number() - assignment(job).assigned_at;
		let before = books();
		let send = |gpu_ms| {
			let usage = Usage { gpu_ms, ..USAGE };
			let proof = proof_by(&operator("miner2"), job, 2, b"42", usage);
			Jobs::complete(signed(operator_account("miner2")), job, 2, b"42".to_vec(), proof)
		};
		assert_noop!(send(elapsed * 1_000 + 1), Error::<Test>::UsageOutOfBounds);
		assert_eq!(books(), before);
		assert_ok!(send(elapsed * 1_000));
		let fee = i128::from(elapsed) * 20_000_000_000;
		assert_gains(&before, &[(account("miner2"), fee), (account("alice"), -fee)]);
	});
}

#[test]
fn job_should_not_cost_more_than_agreed_when_it_starts_small_and_finishes_huge() {
	run(|| {
		miner("miner1", 1);
		assert_ok!(Miners::offer(signed(account("miner1")), MODEL, Rate::PerGpuSecond(MILL), 1));
		let small = JobParams { timeout: 600, ..JobParams::greedy(1) };
		let job = submit_to("miner1", small, MIN_FEE);
		next_blocks(600);
		let before = books();
		let send = |output: Vec<u8>, usage| {
			let proof = proof_by(&operator("miner1"), job, 1, &output, usage);
			Jobs::complete(signed(operator_account("miner1")), job, 1, output, proof)
		};
		let usage = Usage { input_tokens: 10, output_tokens: 1, gpu_ms: 600_000 };
		assert_noop!(send(vec![b'a'; 257], usage), Error::<Test>::OutputTooLong);
		assert_noop!(send(vec![b'a'; 1 << 20], usage), Error::<Test>::OutputTooLong);
		assert_noop!(send(b"42".to_vec(), Usage { output_tokens: 2, ..usage }), Error::<Test>::UsageOutOfBounds);
		assert_eq!(books(), before);
		// Ten minutes of GPU time are 600 MILL; a thousandth of one was agreed.
		assert_ok!(send(vec![b'a'; 256], usage));
		assert_gains(&before, &[(account("miner1"), MIN_FEE as i128), (account("alice"), -(MIN_FEE as i128))]);
	});
}

#[test]
fn fee_should_be_the_maximum_when_tokens_times_price_pass_64_or_128_bits() {
	// Cut off at 64 or 128 bits, each of these products would be 0.
	for (price, second) in [(1u128 << 58, 1u128 << 61), (1 << 122, 1 << 125)] {
		for rate in [Rate::PerToken { input: 0, output: price }, Rate::PerGpuSecond(second)] {
			run(|| {
				let job = assigned_at(rate, MAX_FEE);
				let before = books();
				assert_ok!(claim_usage(job, Usage { input_tokens: 0, output_tokens: 64, gpu_ms: 1_000 }));
				let fee = MAX_FEE as i128;
				assert_gains(&before, &[(account("miner1"), fee), (account("alice"), -fee)]);
			});
		}
	}
}

#[test]
fn residue_should_stay_with_the_client_when_a_fee_is_divided() {
	run(|| {
		let price = 999_983u128;
		for gpu_ms in [0, 1, 2, 7, 499, 500, 501, 998, 999, 1_000] {
			let job = assigned_at(Rate::PerGpuSecond(price), MAX_FEE);
			let before = books();
			assert_ok!(claim_usage(job, Usage { gpu_ms, ..MOST }));
			let paid = gained(&before, &account("miner1"));
			let exact = (price * u128::from(gpu_ms)) as i128;
			assert!(paid * 1_000 <= exact && exact < (paid + 1) * 1_000, "{gpu_ms}: {paid}");
			assert_gains(&before, &[(account("miner1"), paid), (account("alice"), -paid)]);
			let refund = MAX_FEE - paid as u128;
			System::assert_has_event(
				Event::Settled { job, owner: account("miner1"), fee: paid as u128, refund }.into(),
			);
		}
	});
}
