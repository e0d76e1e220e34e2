use super::*;
use crate::Unbonding;
use frame::traits::fungible::InspectHold;

fn held(who: u64) -> Balance {
	Balances::balance_on_hold(&HoldReason::Stake.into(), &who)
}

fn slash(who: u64, amount: Balance) -> Balance {
	let taken = <Miners as Stakes<u64>>::slash(&who, amount).0;
	Miners::do_try_state().unwrap();
	taken
}

#[test]
fn slash_should_burn_one_part_and_pay_the_other() {
	run(|| {
		registered(1);
		let free = Balances::free_balance(1);
		assert_ok!(Miners::slash(RuntimeOrigin::root(), 1, 40 * MILL));
		System::assert_last_event(Event::Slashed { owner: 1, burned: 30 * MILL, paid: 10 * MILL }.into());
		assert_eq!((stored(1).bonded, held(1)), (160 * MILL, 160 * MILL));
		assert_eq!(Balances::free_balance(BENEFICIARY), 10 * MILL);
		assert_eq!(Balances::free_balance(1), free);
		assert_eq!(burned(), 30 * MILL);
	});
}

#[test]
fn slash_should_burn_all_when_the_beneficiary_cannot_receive() {
	run(|| {
		registered(1);
		// A quarter of this is below the existential deposit.
		assert_eq!(slash(1, 3 * MILLI_MILL), 3 * MILLI_MILL);
		assert_eq!((Balances::free_balance(BENEFICIARY), burned()), (0, 3 * MILLI_MILL));
	});
}

#[test]
fn slash_should_take_what_is_there_when_the_bond_is_smaller() {
	run(|| {
		registered(1);
		assert_eq!(slash(1, 1_000 * MILL), 200 * MILL);
		assert_eq!((stored(1).bonded, held(1)), (0, 0));
		assert_eq!(slash(1, MILL), 0);
		assert_noop!(Miners::slash(RuntimeOrigin::root(), 1, MILL), Error::<Test>::NothingToSlash);
	});
}

#[test]
fn slash_should_take_the_newest_part_first_when_the_stake_unbonds() {
	run(|| {
		assert_ok!(Miners::register(owner(1), operator(1), 400 * MILL));
		for block in 1..=3 {
			System::set_block_number(block);
			assert_ok!(Miners::unstake(owner(1), 100 * MILL));
		}
		assert_eq!(slash(1, 250 * MILL), 250 * MILL);
		let left = |amount, until| Unbonding { amount, until };
		assert_eq!(stored(1).bonded, 0);
		assert_eq!(stored(1).unbonding, vec![left(100 * MILL, 1 + UNBONDING), left(50 * MILL, 2 + UNBONDING)]);
		System::set_block_number(3 + UNBONDING);
		assert_ok!(Miners::withdraw_unbonded(owner(1)));
		assert_eq!(Balances::free_balance(1), FUNDS - MILLI_MILL - 250 * MILL);
		assert!(crate::Miners::<Test>::get(1).is_none());
	});
}

#[test]
fn slash_should_reach_stake_that_could_be_withdrawn_but_was_not() {
	run(|| {
		registered(1);
		assert_ok!(Miners::deregister(owner(1)));
		System::set_block_number(1_000 + UNBONDING);
		assert_eq!(slash(1, 150 * MILL), 150 * MILL);
		assert_ok!(Miners::withdraw_unbonded(owner(1)));
		assert_eq!(Balances::free_balance(1), FUNDS - MILLI_MILL - 150 * MILL);
	});
}

#[test]
fn slash_should_add_up_when_repeated() {
	run(|| {
		registered(1);
		assert_eq!(slash(1, 70 * MILL), 70 * MILL);
		assert_eq!(slash(1, 70 * MILL), 70 * MILL);
		assert_eq!(slash(1, 70 * MILL), 60 * MILL);
		assert_eq!((stored(1).bonded, held(1)), (0, 0));
		assert_eq!(Balances::free_balance(BENEFICIARY), 50 * MILL);
	});
}

#[test]
fn slash_should_withdraw_free_slots_that_are_no_longer_backed() {
	run(|| {
		assert_ok!(Miners::register(owner(1), operator(1), 300 * MILL));
		for (model, slots) in [(0, 1), (1, 3), (2, 2)] {
			assert_ok!(Miners::offer(owner(1), model, RATE, slots));
		}
		// 149 MILL back two slots: those of the models added first.
		assert_eq!(slash(1, 151 * MILL), 151 * MILL);
		assert_eq!(stored(1).slots_offered, 2);
		assert_eq!(stored(1).models, vec![0, 1]);
		assert_eq!((ReadyLists::<Test>::get(1).slots, ReadyLists::<Test>::get(2).slots), (1, 0));
		System::assert_has_event(Event::OfferWithdrawn { owner: 1, model: 2 }.into());
		System::assert_has_event(Event::OfferSet { owner: 1, model: 1, rate: RATE, slots: 1 }.into());
		assert!(pool::draw(2).is_none());
	});
}

#[test]
fn slash_should_leave_jobs_alone_and_no_slot_behind_them() {
	run(|| {
		registered(1);
		assert_ok!(Miners::offer(owner(1), 0, RATE, 4));
		for seed in 0..2 {
			draw_by(seed).unwrap();
		}
		assert_eq!(slash(1, 125 * MILL), 125 * MILL);
		// 75 MILL back one slot.
		assert_eq!((offered(1).slots, offered(1).used), (1, 2));
		System::assert_last_event(Event::OfferSet { owner: 1, model: 0, rate: RATE, slots: 1 }.into());
		assert!(draw_by(2).is_none());
		release(1, SUCCESS);
		assert_eq!((offered(1).slots, offered(1).used), (1, 1));
		assert!(draw_by(2).is_none());
		Miners::do_try_state().unwrap();
		release(1, SUCCESS);
		assert_eq!((offered(1).slots, offered(1).used), (1, 0));
		assert!(draw_by(3).is_some());
	});
}

#[test]
fn slash_should_end_the_miner_when_it_takes_all_with_a_job_open() {
	run(|| {
		registered(1);
		assert_ok!(Miners::offer(owner(1), 0, RATE, 4));
		draw_by(0).unwrap();
		assert_eq!(slash(1, Balance::MAX), 200 * MILL);
		assert_eq!((offered(1).slots, offered(1).used), (0, 1));
		System::assert_last_event(Event::OfferWithdrawn { owner: 1, model: 0 }.into());
		assert_noop!(Miners::deregister(owner(1)), Error::<Test>::JobsOpen);
		release(1, SUCCESS);
		assert_eq!(Offers::<Test>::get(0, 1), None);
		assert_ok!(Miners::deregister(owner(1)));
		assert!(crate::Miners::<Test>::get(1).is_none());
		// The operator is free for another owner.
		assert_ok!(Miners::register(owner(2), operator(1), 200 * MILL));
	});
}

#[test]
fn slash_should_keep_slots_in_use_backed_as_long_as_free_ones_are_left() {
	run(|| {
		assert_ok!(Miners::register(owner(1), operator(1), 300 * MILL));
		for (model, slots) in [(1, 2), (0, 4)] {
			assert_ok!(Miners::offer(owner(1), model, RATE, slots));
		}
		for seed in 0..4 {
			draw_by(seed).unwrap();
		}
		// 150 MILL back three slots: no free one, and one less than are in use.
		assert_eq!(slash(1, 150 * MILL), 150 * MILL);
		assert_eq!(Offers::<Test>::get(1, 1), None);
		assert_eq!((offered(1).slots, offered(1).used), (3, 4));
		assert_eq!(stored(1).slots_offered, 3);
	});
}

#[test]
fn slash_should_count_slots_at_the_price_of_the_day() {
	run(|| {
		registered(1);
		assert_ok!(Miners::offer(owner(1), 0, RATE, 4));
		StakePerSlot::set(60 * MILL);
		// 180 MILL back three slots at 60; the rise alone would have withdrawn none.
		assert_eq!(offered(1).slots, 4);
		assert_eq!(slash(1, 20 * MILL), 20 * MILL);
		assert_eq!(offered(1).slots, 3);
	});
}

#[test]
fn slashed_miner_should_go_on_when_it_stakes_again() {
	run(|| {
		registered(1);
		assert_eq!(slash(1, 200 * MILL), 200 * MILL);
		assert_noop!(Miners::offer(owner(1), 0, RATE, 1), Error::<Test>::StakeTooLowForSlots);
		assert_noop!(Miners::stake(owner(1), 99 * MILL), Error::<Test>::StakeTooLow);
		assert_ok!(Miners::stake(owner(1), 100 * MILL));
		assert_ok!(Miners::offer(owner(1), 0, RATE, 2));
	});
}

#[test]
fn slash_should_fail_when_the_origin_the_miner_or_the_amount_is_wrong() {
	run(|| {
		registered(1);
		assert_noop!(Miners::slash(owner(2), 1, MILL), DispatchError::BadOrigin);
		assert_noop!(Miners::slash(RuntimeOrigin::root(), 2, MILL), Error::<Test>::NotRegistered);
		assert_noop!(Miners::slash(RuntimeOrigin::root(), 1, 0), Error::<Test>::ZeroAmount);
		assert_eq!(slash(2, MILL), 0);
		assert_eq!(slash(1, 0), 0);
	});
}
