//! A slot's price that changes after the offer.

use super::*;
use millrace_primitives::{query::MinerPrices, Obstacle};

fn take(who: u64) -> Result<Assignee<u64>, DispatchError> {
	<Miners as MinerPool<u64>>::take(&who, &demand(0))
}

/// A miner with 200 MILL of stake for four slots, which then cost 100 MILL each.
fn dearer() {
	registered(1);
	assert_ok!(Miners::offer(owner(1), 0, RATE, 4));
	StakePerSlot::set(100 * MILL);
}

#[test]
fn draw_should_take_no_slot_that_the_stake_does_not_reach_for_when_slots_became_dearer() {
	run(|| {
		dearer();
		assert!(draw_by(0).is_some() && draw_by(1).is_some());
		assert_eq!(draw_by(2), None);
		assert_eq!((offered(1).slots, stored(1).slots_used), (4, 2));
		release(1, SUCCESS);
		assert_eq!(offered(1).slots, 4);
		assert!(draw_by(3).is_some());
		assert_eq!(draw_by(4), None);
	});
}

#[test]
fn draw_should_pass_over_stakes_that_do_not_reach_when_it_looks_at_some_slots() {
	run(|| {
		// More slots than a draw looks at, and all but one miner's without enough behind them.
		for who in 1..=4 {
			with_slots(who, 4);
		}
		assert_ok!(Miners::register(owner(5), operator(5), 500 * MILL));
		assert_ok!(Miners::offer(owner(5), 0, RATE, 1));
		StakePerSlot::set(500 * MILL);
		let drawn: Vec<u64> = (0..20).filter_map(draw_by).map(|assignee| assignee.owner).collect();
		assert_eq!(drawn, [5]);
	});
}

#[test]
fn take_should_fail_when_the_stake_does_not_reach_since_slots_became_dearer() {
	run(|| {
		dearer();
		assert_ok!(take(1));
		assert_ok!(take(1));
		assert_noop!(take(1), Error::<Test>::StakeTooLowForSlots);
		StakePerSlot::set(66 * MILL);
		assert_ok!(take(1));
		assert_noop!(take(1), Error::<Test>::StakeTooLowForSlots);
	});
}

#[test]
fn stake_should_reach_for_the_slots_of_all_models_together_when_they_became_dearer() {
	run(|| {
		registered(1);
		assert_ok!(Miners::offer(owner(1), 1, RATE, 2));
		assert_ok!(Miners::offer(owner(1), 0, RATE, 2));
		StakePerSlot::set(200 * MILL);
		assert!(draw_by(0).is_some());
		assert_eq!(pool::draw(1), None);
	});
}

#[test]
fn queries_should_count_only_what_the_stake_reaches_for_when_slots_became_dearer() {
	run(|| {
		dearer();
		assert_eq!(Miners::explain(&1, &demand(0)).unwrap().free_stake, 200 * MILL);
		assert_ok!(take(1));
		assert_ok!(take(1));
		assert_eq!(Miners::explain(&1, &demand(0)).unwrap().free_stake, 0);
		assert_eq!(Miners::obstacle(&1, &demand(0)), Some(Obstacle::Other));
		assert_eq!(<Miners as MinerPrices<u64>>::prices(&demand(0)), None);
	});
}

#[test]
fn stake_should_bring_slots_back_when_it_reaches_for_the_new_price() {
	run(|| {
		registered(1);
		assert_ok!(Miners::offer(owner(1), 0, RATE, 2));
		StakePerSlot::set(250 * MILL);
		assert_eq!(draw_by(0), None);
		assert_ok!(Miners::stake(owner(1), 50 * MILL));
		Announced::set(Vec::new());
		assert_ok!(Miners::set_ready(owner(1), true));
		assert_eq!(Announced::get(), [0]);
		assert!(draw_by(0).is_some());
		assert_eq!(draw_by(1), None);
	});
}
