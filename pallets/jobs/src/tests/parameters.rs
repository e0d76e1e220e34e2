//! A price, window or fee changed mid-job: what is under way keeps what it began with.

use super::*;
use pallet_parameters::Parameter;

/// Deposit of [`submit_as`]'s job at these prices: 19 bytes of input, 64 tokens of output.
fn deposit(base: u128, per_byte: u128) -> u128 {
	base + per_byte * (19 + 64 * 256)
}

fn stake_of(name: &str) -> u128 {
	use frame::traits::fungible::InspectHold;
	Balances::balance_on_hold(&pallet_miners::HoldReason::Stake.into(), &account(name))
}

#[test]
fn job_should_settle_as_submitted_when_the_least_fee_rises_mid_job() {
	run(|| {
		miner("miner1", 1);
		assert_ok!(Jobs::submit(signed(account("alice")), MODEL, b"hi".to_vec(), params(), MIN_FEE, None));
		set(Parameter::MinFee(2 * MIN_FEE));
		next_blocks(1);
		assert_noop!(
			Jobs::submit(signed(account("alice")), MODEL, b"hi".to_vec(), params(), 2 * MIN_FEE - 1, None),
			Error::<Test>::MaxFeeTooLow
		);
		let before = free("miner1");
		let usage = Usage { input_tokens: 2, ..USAGE };
		let proof = proof_by(&operator("miner1"), 0, 1, b"42", usage);
		assert_ok!(Jobs::complete(signed(operator_account("miner1")), 0, 1, b"42".to_vec(), proof));
		let fee = RATE.capped_fee(&usage, MIN_FEE);
		assert_eq!(free("miner1"), before + fee);
		assert_ok!(Jobs::prune(signed(account("alice")), 0));
		assert_eq!(free("alice"), FUNDS - fee);
	});
}

#[test]
fn prune_should_give_back_what_was_held_when_the_deposits_change_mid_job() {
	run(|| {
		let dear = submit_as("alice");
		assert_eq!(held("alice"), MAX_FEE + deposit(MILLI_MILL, 1_000_000));
		set(Parameter::DepositPerByte(10));
		set(Parameter::DepositBase(7));
		let cheap = submit_as("bob");
		assert_eq!(held("bob"), MAX_FEE + deposit(7, 10));
		assert_eq!(held("alice"), MAX_FEE + deposit(MILLI_MILL, 1_000_000));
		set(Parameter::DepositPerByte(1_000_000_000));
		for (client, job) in [("alice", dear), ("bob", cheap)] {
			assert_ok!(Jobs::cancel(signed(account(client)), job));
			assert_ok!(Jobs::prune(signed(account(client)), job));
			assert_eq!((free(client), held(client)), (FUNDS, 0));
		}
	});
}

#[test]
fn job_should_wait_as_long_as_at_its_submission_when_the_queue_timeout_falls() {
	run(|| {
		let early = submit_as("alice");
		set(Parameter::QueueTimeout(10));
		let late = submit_as("bob");
		next_blocks(10);
		assert_eq!(state(early), JobState::Queued);
		assert_eq!(state(late), JobState::Ended(Outcome::Expired));
		next_blocks(QUEUE_TIMEOUT - 11);
		assert_eq!(state(early), JobState::Queued);
		next_blocks(1);
		assert_eq!(state(early), JobState::Ended(Outcome::Expired));
		assert_ok!(Jobs::prune(signed(account("alice")), early));
		assert_eq!(free("alice"), FUNDS);
	});
}

#[test]
fn job_should_wait_as_long_as_at_its_submission_when_it_comes_back_after_the_timeout_fell() {
	run(|| {
		miner("miner1", 1);
		let job = submit_as("alice");
		next_blocks(1);
		set(Parameter::QueueTimeout(10));
		assert_ok!(Jobs::fail(signed(operator_account("miner1")), job, 1, FailCode::Timeout));
		next_blocks(QUEUE_TIMEOUT - 1);
		assert_eq!(state(job), JobState::Queued);
		next_blocks(1);
		assert_eq!(state(job), JobState::Ended(Outcome::Expired));
	});
}

#[test]
fn attempt_should_keep_its_deadline_when_the_timeouts_change_mid_job() {
	run(|| {
		let timeout = params().timeout;
		let waiting = submit_as("alice");
		next_blocks(1);
		set(Parameter::MaxTimeout(50));
		set(Parameter::MinTimeout(50));
		assert!(timeout > 50);
		let refused = |timeout| {
			let params = JobParams { timeout, ..params() };
			Jobs::submit(signed(account("bob")), MODEL, b"hi".to_vec(), params, MAX_FEE, None)
		};
		for timeout in [49, 51] {
			assert_noop!(refused(timeout), Error::<Test>::TimeoutOutOfRange);
		}
		// Assigned only now, and yet by what it was submitted with.
		miner("miner1", 1);
		next_blocks(1);
		let now = System::block_number();
		next_blocks(1);
		assert_eq!(assignment(waiting).deadline, now + timeout);
		next_blocks(timeout - 1);
		let before = free("miner1");
		assert_ok!(complete("miner1", waiting, 1));
		assert_eq!(free("miner1"), before + FEE);
	});
}

#[test]
fn answer_should_stay_readable_as_long_as_at_the_submission_when_the_retention_falls() {
	run(|| {
		miner("miner1", 1);
		let job = submit_as("alice");
		next_blocks(1);
		set(Parameter::RetentionPeriod(5));
		assert_ok!(complete("miner1", job, 1));
		next_blocks(RETENTION - 1);
		assert!(Outputs::<Test>::get(job).is_some());
		assert!(held("alice") > 0);
		next_blocks(1);
		assert!(Outputs::<Test>::get(job).is_none());
		assert_eq!((free("alice"), held("alice")), (FUNDS - FEE, 0));
	});
}

#[test]
fn deposit_should_come_back_when_promised_although_the_retention_rises() {
	run(|| {
		let job = submit_as("alice");
		assert_ok!(Jobs::cancel(signed(account("alice")), job));
		set(Parameter::RetentionPeriod(1_000));
		let second = submit_as("bob");
		assert_ok!(Jobs::cancel(signed(account("bob")), second));
		next_blocks(RETENTION);
		assert_eq!((free("alice"), held("alice")), (FUNDS, 0));
		assert!(held("bob") > 0);
	});
}

#[test]
fn jobs_should_end_as_assigned_and_none_be_added_when_a_slot_costs_more_than_the_stake() {
	run(|| {
		// 200 MILL of stake: 3 slots at 50, 1 at 150.
		miner("miner1", 3);
		let (first, second) = (submit_as("alice"), submit_as("alice"));
		next_blocks(1);
		set(Parameter::StakePerSlot(150 * MILL));
		check_all();
		let waiting = submit_as("bob");
		next_blocks(1);
		assert_eq!(state(waiting), JobState::Queued);
		assert_noop!(
			Jobs::claim(signed(operator_account("miner1")), waiting),
			pallet_miners::Error::<Test>::StakeTooLowForSlots
		);
		let before = free("miner1");
		assert_ok!(complete("miner1", first, 1));
		next_blocks(1);
		// One job is left, which is all that the stake reaches for.
		assert_eq!(state(waiting), JobState::Queued);
		assert_ok!(complete("miner1", second, 1));
		assert_eq!(free("miner1"), before + 2 * FEE);
		next_blocks(1);
		assert_eq!(assignment(waiting).owner, account("miner1"));
		assert_eq!(stake_of("miner1"), 200 * MILL);
	});
}

#[test]
fn miner_should_get_jobs_again_when_it_stakes_what_a_slot_costs_now() {
	run(|| {
		miner("miner1", 1);
		set(Parameter::StakePerSlot(250 * MILL));
		let job = submit_as("alice");
		next_blocks(1);
		assert_eq!(state(job), JobState::Queued);
		assert_ok!(Miners::stake(signed(account("miner1")), 50 * MILL));
		assert_ok!(Miners::set_ready(signed(account("miner1")), true));
		next_blocks(2);
		assert_eq!(assignment(job).owner, account("miner1"));
	});
}

#[test]
fn offer_should_meet_the_new_price_when_it_is_changed_after_a_slot_became_dearer() {
	run(|| {
		miner("miner1", 3);
		set(Parameter::StakePerSlot(100 * MILL));
		assert_noop!(
			Miners::offer(signed(account("miner1")), MODEL, RATE, 3),
			pallet_miners::Error::<Test>::StakeTooLowForSlots
		);
		assert_noop!(Miners::unstake(signed(account("miner1")), 1), pallet_miners::Error::<Test>::StakeTooLowForSlots);
		assert_ok!(Miners::offer(signed(account("miner1")), MODEL, RATE, 2));
	});
}

#[test]
fn miner_should_keep_working_and_be_able_to_leave_when_the_least_stake_rises_above_its_own() {
	run(|| {
		miner("miner1", 1);
		let before = free("miner1");
		set(Parameter::MinStake(500 * MILL));
		assert_noop!(
			Miners::register(signed(account("miner2")), operator_account("miner2"), 200 * MILL),
			pallet_miners::Error::<Test>::StakeTooLow
		);
		let job = submit_as("alice");
		next_blocks(1);
		assert_ok!(complete("miner1", job, 1));
		// A part would leave less than the new minimum; all of it may go.
		assert_noop!(Miners::unstake(signed(account("miner1")), 50 * MILL), pallet_miners::Error::<Test>::StakeTooLow);
		assert_ok!(Miners::deregister(signed(account("miner1"))));
		next_blocks(UNBONDING);
		assert_ok!(Miners::withdraw_unbonded(signed(account("miner1"))));
		assert_eq!((free("miner1"), stake_of("miner1")), (before + FEE + 200 * MILL, 0));
	});
}

#[test]
fn unbonding_stake_should_keep_its_date_when_the_period_changes() {
	run(|| {
		miner("miner1", 1);
		let before = free("miner1");
		assert_ok!(Miners::unstake(signed(account("miner1")), 40 * MILL));
		set(Parameter::UnbondingPeriod(4_000));
		next_blocks(1);
		assert_ok!(Miners::unstake(signed(account("miner1")), 30 * MILL));
		check_all();
		// The later part is free first.
		next_blocks(4_000);
		assert_ok!(Miners::withdraw_unbonded(signed(account("miner1"))));
		assert_eq!((free("miner1"), stake_of("miner1")), (before + 30 * MILL, 170 * MILL));
		set(Parameter::UnbondingPeriod(10_000));
		next_blocks(UNBONDING - 4_002);
		assert_noop!(
			Miners::withdraw_unbonded(signed(account("miner1"))),
			pallet_miners::Error::<Test>::NothingToWithdraw
		);
		next_blocks(1);
		assert_ok!(Miners::withdraw_unbonded(signed(account("miner1"))));
		assert_eq!((free("miner1"), stake_of("miner1")), (before + 70 * MILL, 130 * MILL));
	});
}

#[test]
fn model_should_give_back_what_was_held_when_the_deposit_changes() {
	run(|| {
		let register = |who: &str, digest| {
			let name = who.as_bytes().to_vec().try_into().unwrap();
			assert_ok!(Models::register(
				signed(account(who)),
				name,
				ModelKind::Text,
				H256::repeat_byte(digest),
				H256::zero(),
				CONTEXT,
				8
			));
		};
		register("bob", 2);
		assert_eq!(free("bob"), FUNDS - MILL);
		set(Parameter::ModelDeposit(5 * MILL));
		register("carol", 3);
		assert_eq!(free("carol"), FUNDS - 5 * MILL);
		assert_ok!(Models::retire(signed(account("bob")), 1));
		assert_ok!(Models::retire(signed(account("carol")), 2));
		assert_eq!((free("bob"), free("carol")), (FUNDS, FUNDS));
	});
}
