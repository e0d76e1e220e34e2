//! Accounts that are emptied, nearly empty, or on both sides of a payment.

use super::*;

#[test]
fn job_should_be_paid_from_its_escrow_when_the_client_drains_its_account_in_the_same_block() {
	run(|| {
		miner("miner1", 1);
		let job = submit_as("alice");
		assert_ok!(Balances::transfer_all(signed(account("alice")), account("bob"), false));
		assert_eq!((free("alice"), held("alice")), (MILLI_MILL, MAX_FEE + deposit(job)));
		next_blocks(1);
		let before = books();
		assert_ok!(complete("miner1", job, 1));
		assert_gains(&before, &[(account("miner1"), FEE as i128), (account("alice"), -(FEE as i128))]);
		assert_eq!(free("alice"), MILLI_MILL + MAX_FEE - FEE);
	});
}

#[test]
fn submission_should_be_refused_when_the_account_was_drained_before_it_in_the_same_block() {
	run(|| {
		assert_ok!(Balances::transfer_all(signed(account("alice")), account("bob"), true));
		let before = books();
		assert_noop!(
			Jobs::submit(signed(account("alice")), MODEL, b"hi".to_vec(), params(), MAX_FEE, None),
			pallet_escrow::Error::<Test>::InsufficientBalance
		);
		assert_eq!(books(), before);
		assert_eq!(crate::NextJobId::<Test>::get(), 0);
	});
}

#[test]
fn second_job_should_be_refused_when_the_balance_reaches_for_one() {
	run(|| {
		let probe = submit_as("alice");
		let one = MAX_FEE + deposit(probe);
		assert_ok!(Jobs::cancel(signed(account("alice")), probe));
		assert_ok!(Jobs::prune(signed(account("alice")), probe));
		assert_ok!(Balances::transfer_keep_alive(signed(account("alice")), account("bob"), FUNDS - one - MILLI_MILL));
		submit_as("alice");
		assert_eq!((free("alice"), held("alice")), (MILLI_MILL, one));
		assert_noop!(
			Jobs::submit(signed(account("alice")), MODEL, b"hi".to_vec(), params(), MIN_FEE, None),
			pallet_escrow::Error::<Test>::InsufficientBalance
		);
	});
}

#[test]
fn refund_should_reach_a_client_that_has_nothing_but_the_existential_deposit() {
	run(|| {
		let job = submit_as("alice");
		assert_ok!(Balances::transfer_all(signed(account("alice")), account("bob"), false));
		assert_ok!(Jobs::cancel(signed(account("alice")), job));
		assert_eq!(free("alice"), MILLI_MILL + MAX_FEE);
		let deposit = deposit(job);
		assert_ok!(Jobs::prune(signed(account("alice")), job));
		assert_eq!((free("alice"), held("alice")), (MILLI_MILL + MAX_FEE + deposit, 0));
	});
}

#[test]
fn one_planck_should_arrive_when_the_owner_has_nothing_but_the_existential_deposit() {
	run(|| {
		miner("miner1", 1);
		assert_ok!(Miners::offer(signed(account("miner1")), MODEL, Rate::PerToken { input: 0, output: 1 }, 1));
		let job = submit_as("alice");
		next_blocks(1);
		assert_ok!(Balances::transfer_all(signed(account("miner1")), account("bob"), false));
		let before = books();
		let proof = proof_by(&operator("miner1"), job, 1, b"4", Usage { input_tokens: 9, output_tokens: 1, gpu_ms: 0 });
		assert_ok!(Jobs::complete(signed(operator_account("miner1")), job, 1, b"4".to_vec(), proof));
		assert_gains(&before, &[(account("miner1"), 1), (account("alice"), -1)]);
		assert_eq!(free("miner1"), MILLI_MILL + 1);
	});
}

#[test]
fn miner_should_gain_nothing_when_it_is_its_own_client() {
	run(|| {
		miner("miner1", 1);
		let before = books();
		let job = submit_as("miner1");
		next_blocks(1);
		assert_ok!(complete("miner1", job, 1));
		ended(job, Outcome::Settled);
		assert_ok!(Jobs::prune(signed(account("miner1")), job));
		assert_eq!(books(), before);
	});
}

#[test]
fn operator_should_get_its_refund_when_it_is_the_client() {
	run(|| {
		miner("miner1", 1);
		assert_ok!(Balances::transfer_keep_alive(signed(account("bob")), operator_account("miner1"), 10 * MILL));
		let before = books();
		let client = operator_account("miner1");
		assert_ok!(Jobs::submit(signed(client.clone()), MODEL, b"hi".to_vec(), params(), MAX_FEE, None));
		next_blocks(1);
		let proof = proof_by(&operator("miner1"), 0, 1, b"42", Usage { input_tokens: 2, ..USAGE });
		assert_ok!(Jobs::complete(signed(client.clone()), 0, 1, b"42".to_vec(), proof));
		let fee = 2 * 10_000 + 4 * 1_000_000;
		assert_gains(&before, &[(account("miner1"), fee), (client, -fee)]);
	});
}

#[test]
fn deposit_should_come_back_once_when_pruned_by_hand_and_by_the_agenda() {
	run(|| {
		let job = submit_as("alice");
		assert_ok!(Jobs::cancel(signed(account("alice")), job));
		assert_ok!(Jobs::prune(signed(account("alice")), job));
		assert_noop!(Jobs::prune(signed(account("alice")), job), Error::<Test>::UnknownJob);
		next_blocks(RETENTION + 1);
		assert_eq!((free("alice"), held("alice")), (FUNDS, 0));
	});
}

#[test]
fn numbers_should_end_with_an_error_when_they_are_used_up() {
	run(|| {
		crate::NextJobId::<Test>::put(u64::MAX);
		let before = books();
		assert_noop!(
			Jobs::submit(signed(account("alice")), MODEL, b"hi".to_vec(), params(), MAX_FEE, None),
			Error::<Test>::IdsExhausted
		);
		assert_eq!(books(), before);
		crate::NextJobId::<Test>::put(0);
	});
}
