use super::*;

fn submit(input: &[u8], params: JobParams, max_fee: u128) -> DispatchResult {
	Jobs::submit(signed(account("alice")), MODEL, input.to_vec(), params, max_fee, None)
}

/// Deposit of a job with `bytes` bytes of input and 64 tokens of output.
fn deposit(bytes: u128) -> u128 {
	MILLI_MILL + 1_000_000 * (bytes + 64 * 256)
}

#[test]
fn submit_should_hold_fee_and_deposit_when_valid() {
	run(|| {
		assert_ok!(submit(b"hi", params(), MAX_FEE));
		assert_eq!(held("alice"), MAX_FEE + deposit(2));
		assert_eq!(free("alice"), FUNDS - MAX_FEE - deposit(2));
		System::assert_has_event(
			Event::Submitted { job: 0, client: account("alice"), model: MODEL, max_fee: MAX_FEE, deposit: deposit(2) }
				.into(),
		);
	});
}

#[test]
fn submit_should_store_the_input_as_sent_when_valid() {
	run(|| {
		assert_ok!(submit(&[0xff, 0, 7], params(), MAX_FEE));
		assert_eq!(Inputs::<Test>::get(0).unwrap().into_inner(), vec![0xff, 0, 7]);
	});
}

#[test]
fn submit_should_assign_at_the_end_of_the_block_when_a_miner_is_free() {
	run(|| {
		miner("miner1", 1);
		let job = submit_as("alice");
		assert_eq!(state(job), JobState::Queued);
		let now = System::block_number();
		next_blocks(1);
		let assigned = assignment(job);
		assert_eq!(assigned.owner, account("miner1"));
		assert_eq!(assigned.assigned_at, now);
		assert_eq!(assigned.deadline, now + params().timeout);
		assert_eq!(AssignmentsOf::<Test>::get(operator_account("miner1"), job), Some(1));
	});
}

#[test]
fn submit_should_assign_in_the_call_when_a_miner_is_named() {
	run(|| {
		miner("miner1", 1);
		miner("miner2", 1);
		assert_ok!(Jobs::submit(
			signed(account("alice")),
			MODEL,
			b"hi".to_vec(),
			params(),
			MAX_FEE,
			Some(account("miner2"))
		));
		assert_eq!(assignment(0).owner, account("miner2"));
	});
}

#[test]
fn submit_should_fail_when_the_named_miner_has_no_free_slot() {
	run(|| {
		miner("miner1", 1);
		submit_as("bob");
		next_blocks(1);
		assert_noop!(
			Jobs::submit(signed(account("alice")), MODEL, b"hi".to_vec(), params(), MAX_FEE, Some(account("miner1"))),
			pallet_miners::Error::<Test>::NoFreeSlot
		);
	});
}

#[test]
fn submit_should_fail_when_the_named_miner_does_not_exist() {
	run(|| {
		assert_noop!(
			Jobs::submit(signed(account("alice")), MODEL, b"hi".to_vec(), params(), MAX_FEE, Some(account("bob"))),
			pallet_miners::Error::<Test>::NotRegistered
		);
	});
}

#[test]
fn submit_should_fail_when_the_model_is_unknown() {
	run(|| {
		assert_noop!(
			Jobs::submit(signed(account("alice")), 9, b"hi".to_vec(), params(), MAX_FEE, None),
			Error::<Test>::UnknownModel
		);
	});
}

#[test]
fn submit_should_fail_when_the_model_is_retired() {
	run(|| {
		assert_ok!(Models::retire(signed(account("alice")), MODEL));
		assert_noop!(submit(b"hi", params(), MAX_FEE), Error::<Test>::UnknownModel);
	});
}

#[test]
fn submit_should_fail_when_the_input_is_empty() {
	run(|| {
		assert_noop!(submit(b"", params(), MAX_FEE), Error::<Test>::EmptyInput);
	});
}

#[test]
fn submit_should_fail_when_the_input_is_a_byte_too_long() {
	run(|| {
		assert_ok!(submit(&[b'a'; 16_384], params(), MAX_FEE));
		assert_noop!(submit(&[b'a'; 16_385], params(), MAX_FEE), Error::<Test>::InputTooLong);
	});
}

#[test]
fn submit_should_fail_when_the_timeout_is_out_of_range() {
	run(|| {
		for timeout in [0, 1, 601, u32::MAX] {
			let params = JobParams { timeout, ..params() };
			assert_noop!(submit(b"hi", params, MAX_FEE), Error::<Test>::TimeoutOutOfRange);
		}
	});
}

#[test]
fn submit_should_fail_when_the_fee_is_below_the_minimum() {
	run(|| {
		assert_noop!(submit(b"hi", params(), MIN_FEE - 1), Error::<Test>::MaxFeeTooLow);
	});
}

#[test]
fn submit_should_need_fee_and_deposit_above_the_existential_deposit() {
	run(|| {
		let spare = MILLI_MILL;
		let most = FUNDS - deposit(2) - spare;
		assert_noop!(submit(b"hi", params(), most + 1), pallet_escrow::Error::<Test>::InsufficientBalance);
		assert_ok!(submit(b"hi", params(), most));
		assert_eq!(free("alice"), spare);
	});
}

#[test]
fn submit_should_fail_when_fee_and_deposit_overflow() {
	run(|| {
		assert_noop!(submit(b"hi", params(), u128::MAX), pallet_escrow::Error::<Test>::Overflow);
	});
}
