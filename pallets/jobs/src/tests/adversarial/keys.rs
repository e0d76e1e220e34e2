//! Somebody else's key, and what a key's own holder changes while a job is open.

use super::*;

#[test]
fn strangers_should_change_nothing_when_they_call_for_a_job_of_others() {
	run(|| {
		miner("miner2", 1);
		assert_ok!(Miners::set_ready(signed(account("miner2")), false));
		let job = assigned();
		let before = books();
		for name in ["bob", "miner1", "miner2"] {
			assert_noop!(Jobs::cancel(signed(account(name)), job), Error::<Test>::NotClient);
			assert_noop!(Jobs::prune(signed(account(name)), job), Error::<Test>::NotClient);
			let code = FailCode::BadInput;
			assert_noop!(Jobs::fail(signed(account(name)), job, 1, code), Error::<Test>::NotAssignee);
			let proof = proof_by(&pair(name), job, 1, b"42", USAGE);
			assert_noop!(
				Jobs::complete(signed(account(name)), job, 1, b"42".to_vec(), proof),
				Error::<Test>::NotAssignee
			);
		}
		assert_noop!(complete("miner2", job, 1), Error::<Test>::NotAssignee);
		assert_noop!(Jobs::cancel(signed(operator_account("miner1")), job), Error::<Test>::NotClient);
		// The client's own key gives its money back no more than a stranger's: a miner works for it.
		assert_noop!(Jobs::cancel(signed(account("alice")), job), Error::<Test>::NotQueued);
		assert_noop!(Jobs::prune(signed(account("alice")), job), Error::<Test>::NotEnded);
		assert_eq!(books(), before);
	});
}

#[test]
fn proof_should_be_refused_when_somebody_else_brings_it() {
	run(|| {
		let job = assigned();
		let before = books();
		// Seen in the pool, sent first: the signature is right, the sender is not.
		let proof = proof_by(&operator("miner1"), job, 1, b"42", USAGE);
		for who in [account("bob"), account("miner1"), account("alice")] {
			assert_noop!(
				Jobs::complete(signed(who), job, 1, b"42".to_vec(), proof.clone()),
				Error::<Test>::NotAssignee
			);
		}
		assert_eq!(books(), before);
	});
}

#[test]
fn fee_should_go_to_the_owner_of_the_assignment_and_to_nobody_else() {
	run(|| {
		let job = assigned();
		let before = books();
		assert_ok!(complete("miner1", job, 1));
		assert_gains(&before, &[(account("miner1"), FEE as i128), (account("alice"), -(FEE as i128))]);
		assert_eq!(gained(&before, &operator_account("miner1")), 0);
	});
}

#[test]
fn unsigned_and_root_origins_should_be_refused_by_every_call() {
	run(|| {
		let job = assigned();
		let proof = proof_by(&operator("miner1"), job, 1, b"42", USAGE);
		for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
			let submit = Jobs::submit(origin.clone(), MODEL, b"hi".to_vec(), params(), MAX_FEE, None);
			assert_eq!(submit, Err(BadOrigin.into()));
			assert_noop!(Jobs::cancel(origin.clone(), job), BadOrigin);
			assert_noop!(Jobs::claim(origin.clone(), job), BadOrigin);
			assert_noop!(Jobs::complete(origin.clone(), job, 1, b"42".to_vec(), proof.clone()), BadOrigin);
			assert_noop!(Jobs::fail(origin.clone(), job, 1, FailCode::Denied), BadOrigin);
			assert_noop!(Jobs::prune(origin, job), BadOrigin);
		}
	});
}

#[test]
fn readiness_should_not_change_when_a_stranger_sets_it() {
	run(|| {
		miner("miner1", 1);
		for name in ["bob", "miner2"] {
			assert_noop!(Miners::set_ready(signed(account(name)), false), pallet_miners::Error::<Test>::NotRegistered);
		}
		miner("miner2", 1);
		assert_ok!(Miners::set_ready(signed(operator_account("miner2")), false));
		let ready = |name| pallet_miners::Miners::<Test>::get(account(name)).unwrap().ready;
		assert!(ready("miner1") && !ready("miner2"));
	});
}

/// Anybody can be named as an operator without being asked; that must not take away what its own key could do before.
#[test]
fn owner_should_keep_its_own_readiness_when_a_stranger_names_it_as_operator() {
	run(|| {
		miner("miner1", 1);
		assert_ok!(Miners::register(signed(account("miner2")), account("miner1"), 200 * MILL));
		assert_ok!(Miners::set_ready(signed(account("miner1")), false));
		let ready = |name| pallet_miners::Miners::<Test>::get(account(name)).unwrap().ready;
		assert!(!ready("miner1"));
		assert!(ready("miner2"));
	});
}

#[test]
fn job_should_be_refused_when_the_miner_does_not_offer_its_model() {
	run(|| {
		assert_ok!(Models::register(
			signed(account("bob")),
			b"other".to_vec().try_into().unwrap(),
			ModelKind::Text,
			H256::repeat_byte(2),
			H256::zero(),
			CONTEXT,
			8
		));
		assert_ok!(Miners::register(signed(account("miner1")), operator_account("miner1"), 200 * MILL));
		assert_ok!(Miners::offer(signed(account("miner1")), 1, RATE, 1));
		let job = submit_as("alice");
		let named = Some(account("miner1"));
		assert_noop!(
			Jobs::submit(signed(account("alice")), MODEL, b"hi".to_vec(), params(), MAX_FEE, named),
			pallet_miners::Error::<Test>::NoOffer
		);
		next_blocks(1);
		assert_eq!(state(job), JobState::Queued);
		let before = books();
		assert_noop!(Jobs::claim(signed(operator_account("miner1")), job), pallet_miners::Error::<Test>::NoOffer);
		assert_noop!(complete("miner1", job, 1), Error::<Test>::NotAssigned);
		assert_eq!(books(), before);
	});
}

#[test]
fn receipt_should_name_the_digest_of_the_submission_when_the_model_is_swapped() {
	run(|| {
		let job = assigned();
		let register = |name: &[u8], digest| {
			let name = name.to_vec().try_into().unwrap();
			Models::register(
				signed(account("miner1")),
				name,
				ModelKind::Text,
				H256::repeat_byte(digest),
				H256::zero(),
				CONTEXT,
				8,
			)
		};
		// Neither the weights nor the name can be taken over, not even from a retired entry.
		assert_noop!(Models::retire(signed(account("miner1")), MODEL), pallet_models::Error::<Test>::NotOwner);
		assert_ok!(Models::retire(signed(account("alice")), MODEL));
		assert_noop!(register(b"tiny", 2), pallet_models::Error::<Test>::NameTaken);
		assert_noop!(register(b"tiny2", 1), pallet_models::Error::<Test>::DigestTaken);
		assert_ok!(register(b"tiny2", 2));
		let before = books();
		assert_ok!(complete("miner1", job, 1));
		assert_gains(&before, &[(account("miner1"), FEE as i128), (account("alice"), -(FEE as i128))]);
		assert_eq!(pallet_receipts::Receipts::<Test>::get(job).unwrap().model_digest, H256::repeat_byte(1));
	});
}

#[test]
fn terms_should_stay_when_the_offer_changes_while_the_job_is_open() {
	run(|| {
		let job = assigned();
		let terms = assignment(job);
		let owner = signed(account("miner1"));
		for rate in [Rate::PerToken { input: u128::MAX, output: u128::MAX }, Rate::PerGpuSecond(u128::MAX)] {
			assert_ok!(Miners::offer(owner.clone(), MODEL, rate, 1));
		}
		assert_noop!(Miners::offer(owner.clone(), MODEL, RATE, 0), pallet_miners::Error::<Test>::ZeroSlots);
		assert_noop!(Miners::withdraw_offer(owner, MODEL), pallet_miners::Error::<Test>::JobsOpen);
		assert_eq!(assignment(job), terms);
		let before = books();
		assert_ok!(complete("miner1", job, 1));
		assert_gains(&before, &[(account("miner1"), FEE as i128), (account("alice"), -(FEE as i128))]);
	});
}

#[test]
fn stake_and_keys_should_stay_in_place_when_a_job_is_open() {
	run(|| {
		let job = assigned();
		let owner = signed(account("miner1"));
		let before = books();
		assert_noop!(Miners::unstake(owner.clone(), 1), pallet_miners::Error::<Test>::JobsOpen);
		assert_noop!(Miners::deregister(owner.clone()), pallet_miners::Error::<Test>::JobsOpen);
		assert_noop!(Miners::withdraw_offer(owner.clone(), MODEL), pallet_miners::Error::<Test>::JobsOpen);
		// No other key can take the operator's place, and the operator can serve nobody else.
		assert_noop!(
			Miners::register(owner, account("bob"), 100 * MILL),
			pallet_miners::Error::<Test>::AlreadyRegistered
		);
		assert_noop!(
			Miners::register(signed(account("miner2")), operator_account("miner1"), 100 * MILL),
			pallet_miners::Error::<Test>::OperatorTaken
		);
		assert_eq!(books(), before);
		assert_ok!(complete("miner1", job, 1));
		assert_ok!(Miners::unstake(signed(account("miner1")), 1));
	});
}

#[test]
fn job_should_settle_when_everybody_sends_all_their_money_away_first() {
	run(|| {
		let job = assigned();
		let parties = [account("alice"), account("miner1"), operator_account("miner1")];
		for who in parties.clone() {
			assert!(Balances::transfer_allow_death(signed(who.clone()), account("bob"), 2 * FUNDS).is_err());
			assert_ok!(Balances::transfer_all(signed(who.clone()), account("bob"), false));
			assert_eq!(Balances::free_balance(&who), MILLI_MILL, "a hold or a role keeps the account alive");
		}
		let before = books();
		assert_ok!(complete("miner1", job, 1));
		assert_gains(&before, &[(account("miner1"), FEE as i128), (account("alice"), -(FEE as i128))]);
		assert_eq!(free("miner1"), MILLI_MILL + FEE);
		assert_ok!(Jobs::prune(signed(account("alice")), job));
		assert_eq!(held("alice"), 0);
	});
}

#[test]
fn money_should_come_back_by_itself_when_the_miner_vanishes_and_nobody_looks() {
	run(|| {
		let before = free("alice");
		let job = assigned();
		set_reputation("miner1", 800);
		let miner_before = books()[&account("miner1")];
		// From here on nobody calls anything.
		next_blocks(params().timeout);
		assert_eq!(state(job), JobState::Queued);
		assert!(reputation(account("miner1")) < 800);
		next_blocks(QUEUE_TIMEOUT);
		ended(job, Outcome::Expired);
		next_blocks(RETENTION);
		assert!(crate::Jobs::<Test>::get(job).is_none());
		assert_eq!((free("alice"), held("alice")), (before, 0));
		assert_eq!(books()[&account("miner1")], miner_before);
	});
}
