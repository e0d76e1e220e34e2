use super::*;
use millrace_primitives::{
	traits::{Drawn, Relisted},
	Score,
};

pub(super) fn draw(model: ModelId) -> Option<Assignee<u64>> {
	<Miners as MinerPool<u64>>::search(&demand(model), &[0; 32])
}

fn offering(who: u64) {
	registered(who);
	assert_ok!(Miners::offer(owner(who), 0, RATE, 1));
}

/// How many of 400 draws the miner wins; none of them changes a reputation.
fn wins(who: u64) -> u32 {
	let mut wins = 0;
	for seed in 0..400 {
		let winner = draw_by(seed).unwrap().owner;
		release(winner, AttemptOutcome::ClientFault);
		wins += u32::from(winner == who);
	}
	wins
}

#[test]
fn draw_should_take_a_slot_when_a_miner_is_ready() {
	run(|| {
		offering(1);
		assert_eq!(draw(0), Some(Assignee { owner: 1, operator: operator(1), rate: RATE, open: true }));
		assert_eq!(stored(1).slots_used, 1);
		assert_eq!(draw(0), None);
	});
}

#[test]
fn draw_should_skip_excluded_miners() {
	run(|| {
		offering(1);
		offering(2);
		let demand = Demand { excluded: &[1], ..demand(0) };
		assert_eq!(<Miners as MinerPool<u64>>::search(&demand, &[0; 32]).unwrap().owner, 2);
		assert_eq!(<Miners as MinerPool<u64>>::search(&demand, &[0; 32]), None);
	});
}

#[test]
fn draw_should_not_prefer_stake_that_backs_no_slot() {
	run(|| {
		offering(1);
		assert_ok!(Miners::register(owner(2), operator(2), 4_000 * MILL));
		assert_ok!(Miners::offer(owner(2), 0, RATE, 1));
		// 4 sigma around a half of 400.
		assert!((160..=240).contains(&wins(2)));
	});
}

#[test]
fn draw_should_prefer_the_better_reputation_and_lock_nobody_out() {
	run(|| {
		offering(1);
		offering(2);
		set_reputation(2, 600);
		// A look at 1 counts with the chance 100 / 700, and comes first in half of the draws: 29 of 400, sigma 5.2.
		assert!((8..=50).contains(&wins(1)));
	});
}

#[test]
fn draw_should_take_the_cheapest_when_reputations_are_equal() {
	run(|| {
		offering(1);
		offering(2);
		assert_ok!(Miners::offer(owner(2), 0, Rate::PerToken { input: 10, output: 999 }, 1));
		assert_eq!(wins(2), 400);
	});
}

#[test]
fn draw_should_take_the_cheapest_as_often_as_its_reputation_lets_it_count() {
	run(|| {
		offering(1);
		offering(2);
		set_reputation(1, 1_000);
		set_reputation(2, 450);
		assert_ok!(Miners::offer(owner(2), 0, Rate::PerToken { input: 10, output: 1 }, 1));
		// 550 / 1,100 of 400, sigma 10.
		assert!((160..=240).contains(&wins(2)));
	});
}

#[test]
fn draw_should_compare_offers_of_both_units() {
	run(|| {
		offering(1);
		registered(2);
		// 64 output tokens are taken for 2 GPU-seconds: 2 x 30,000 against 20 x 10 + 64 x 1,000.
		assert_ok!(Miners::offer(owner(2), 0, Rate::PerGpuSecond(30_000), 1));
		assert_eq!(draw(0).unwrap().owner, 2);
		release(2, AttemptOutcome::ClientFault);
		assert_ok!(Miners::offer(owner(2), 0, Rate::PerGpuSecond(40_000), 1));
		assert_eq!(draw(0).unwrap().owner, 1);
	});
}

#[test]
fn draw_should_find_somebody_when_there_are_more_miners_than_draws() {
	run(|| {
		for who in 1..=20 {
			offering(who);
		}
		let mut drawn = std::collections::BTreeSet::new();
		for seed in 0..20 {
			drawn.insert(draw_by(seed).unwrap().owner);
		}
		assert_eq!(drawn.len(), 20, "a miner with its only slot in use was drawn again");
	});
}

#[test]
fn draw_should_find_the_only_miner_that_fits_when_others_have_nearly_all_slots() {
	run(|| {
		with_slots(1, 150);
		offering(2);
		assert_ok!(Miners::offer(owner(2), 0, Rate::PerGpuSecond(1), 1));
		let demand = Demand { max_rate: Some(Rate::PerGpuSecond(1)), ..demand(0) };
		for seed in 0..50u32 {
			let drawn = <Miners as MinerPool<u64>>::search(&demand, &BlakeTwo256::hash_of(&seed).0).unwrap();
			assert_eq!((drawn.owner, drawn.open), (2, false), "seed {seed}");
			release(2, AttemptOutcome::ClientFault);
		}
	});
}

#[test]
fn draw_should_say_that_others_were_not_seen_when_what_it_looked_at_does_not_fit() {
	run(|| {
		with_slots(1, 150);
		offering(2);
		assert_ok!(Miners::offer(owner(2), 0, Rate::PerGpuSecond(1), 1));
		let demand = Demand { max_rate: Some(Rate::PerGpuSecond(1)), ..demand(0) };
		assert_eq!(<Miners as MinerPool<u64>>::draw(&demand, &[0; 32]), Drawn::Unseen);
	});
}

#[test]
fn draw_should_say_that_there_is_nobody_when_all_slots_were_looked_at() {
	run(|| {
		with_slots(1, 4);
		let demand = Demand { max_rate: Some(Rate::PerGpuSecond(1)), ..demand(0) };
		assert_eq!(<Miners as MinerPool<u64>>::draw(&demand, &[0; 32]), Drawn::Nobody);
	});
}

#[test]
fn draw_should_be_open_when_the_limit_shuts_nobody_out() {
	run(|| {
		offering(1);
		offering(2);
		assert_ok!(Miners::offer(owner(2), 0, Rate::PerToken { input: 10, output: 1_001 }, 1));
		let limited = |output| Demand { max_rate: Some(Rate::PerToken { input: 10, output }), ..demand(0) };
		let open = |output| {
			let drawn = <Miners as MinerPool<u64>>::search(&limited(output), &[0; 32]).unwrap();
			assert_eq!(drawn.owner, 1);
			release(1, AttemptOutcome::ClientFault);
			drawn.open
		};
		assert!(open(1_001));
		assert!(!open(1_000));
	});
}

#[test]
fn take_should_not_be_open() {
	run(|| {
		offering(1);
		assert!(!<Miners as MinerPool<u64>>::take(&1, &demand(0)).unwrap().open);
	});
}

#[test]
fn release_should_tell_whether_the_miner_moved_on_the_ready_list() {
	// Nine free slots and ten have the same place; none and one have not.
	for (slots, relisted) in [(1, Relisted::Moved), (10, Relisted::InPlace)] {
		run(|| {
			with_slots(1, slots);
			assert!(draw_by(0).is_some());
			assert_eq!(<Miners as MinerPool<u64>>::release(&1, 0, SUCCESS), relisted);
		});
	}
}

#[test]
fn release_should_announce_the_slot_and_put_the_miner_back() {
	run(|| {
		offering(1);
		draw(0).unwrap();
		Announced::set(Vec::new());
		release(1, SUCCESS);
		assert_eq!(Announced::get(), vec![0]);
		assert!(draw(0).is_some());
	});
}

#[test]
fn ready_lists_should_stay_right_when_miners_come_and_go() {
	run(|| {
		for who in 1..=6 {
			offering(who);
		}
		for who in [1, 6, 3] {
			assert_ok!(Miners::set_ready(owner(who), false));
			Miners::do_try_state().unwrap();
		}
		for who in [3, 1] {
			assert_ok!(Miners::set_ready(owner(who), true));
			Miners::do_try_state().unwrap();
		}
		assert_eq!(ReadyLists::<Test>::get(0).slots, 5);
	});
}

#[test]
fn ready_lists_should_stay_right_when_offers_grow_and_shrink() {
	run(|| {
		for who in 1..=4 {
			assert_ok!(Miners::register(owner(who), operator(who), 1_000 * MILL));
		}
		let sizes = [1, 2, 3, 4, 5, 8, 9, 16, 17, 20];
		for step in 0..40 {
			let (who, slots) = (1 + step % 4, sizes[(step * 7 % 10) as usize]);
			assert_ok!(Miners::offer(owner(who), 0, RATE, slots));
			Miners::do_try_state().unwrap();
		}
		let offered: u32 = (1..=4).map(|who| offered(who).slots).sum();
		assert_eq!(ReadyLists::<Test>::get(0).slots, u64::from(offered));
		for seed in 0..offered {
			draw_by(seed).unwrap();
			Miners::do_try_state().unwrap();
		}
		assert_eq!(ReadyLists::<Test>::iter().count(), 0);
		assert!(draw(0).is_none());
	});
}

#[test]
fn explain_should_give_the_parts_of_the_score() {
	run(|| {
		registered(1);
		assert_ok!(Miners::offer(owner(1), 0, RATE, 3));
		set_reputation(1, 849);
		draw(0).unwrap();
		// 20 x 10 + 64 x 1,000 plancks at the most.
		let parts = Score { reputation: 849, free_stake: 100 * MILL, cost: 64_200, score: 949 };
		assert_eq!(Miners::explain(&1, &demand(0)), Some(parts.clone()));
		assert_ok!(Miners::set_ready(owner(1), false));
		assert_eq!(Miners::explain(&1, &demand(0)), Some(Score { free_stake: 0, ..parts }));
		assert_eq!(Miners::explain(&1, &demand(1)), None);
		assert_eq!(Miners::explain(&2, &demand(0)), None);
	});
}
