use super::*;
use millrace_primitives::{
	traits::{Assignee, AttemptOutcome, Demand, MinerPool},
	ModelId, UsageBounds,
};

pub(super) const BOUNDS: UsageBounds =
	UsageBounds { input_tokens: 20, output_tokens: 64, gpu_ms: 60_000, output_bytes: 16_384 };

fn demand(model: ModelId) -> Demand<'static, u64> {
	Demand { model, max_rate: None, bounds: BOUNDS, excluded: &[] }
}

pub(super) fn draw(model: ModelId) -> Option<Assignee<u64>> {
	draw_by(model, 0)
}

fn draw_by(model: ModelId, seed: u8) -> Option<Assignee<u64>> {
	<Miners as MinerPool<u64>>::draw(&demand(model), &[seed; 32])
}

fn release(who: u64, outcome: AttemptOutcome) {
	<Miners as MinerPool<u64>>::release(&who, 0, outcome);
}

fn offering(who: u64) {
	registered(who);
	assert_ok!(Miners::offer(owner(who), 0, RATE, 1));
}

#[test]
fn draw_should_take_a_slot_when_a_miner_is_ready() {
	run(|| {
		offering(1);
		assert_eq!(draw(0), Some(Assignee { owner: 1, operator: operator(1), rate: RATE }));
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
		assert_eq!(<Miners as MinerPool<u64>>::draw(&demand, &[0; 32]).unwrap().owner, 2);
		assert_eq!(<Miners as MinerPool<u64>>::draw(&demand, &[0; 32]), None);
	});
}

#[test]
fn draw_should_prefer_the_larger_free_stake() {
	run(|| {
		offering(1);
		assert_ok!(Miners::register(owner(2), operator(2), 400 * MILL));
		assert_ok!(Miners::offer(owner(2), 0, RATE, 1));
		for seed in 0..16 {
			assert_eq!(draw_by(0, seed).unwrap().owner, 2);
			release(2, AttemptOutcome::ClientFault);
		}
	});
}

#[test]
fn draw_should_prefer_the_better_reputation() {
	run(|| {
		offering(1);
		offering(2);
		let demand = Demand { excluded: &[2], ..demand(0) };
		assert!(<Miners as MinerPool<u64>>::draw(&demand, &[0; 32]).is_some());
		release(1, AttemptOutcome::Silence);
		for seed in 0..16 {
			assert_eq!(draw_by(0, seed).unwrap().owner, 2);
			release(2, AttemptOutcome::ClientFault);
		}
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
			drawn.insert(draw_by(0, seed).unwrap().owner);
		}
		assert_eq!(drawn.len(), 20, "a miner with its only slot in use was drawn again");
	});
}

#[test]
fn release_should_announce_the_slot_and_put_the_miner_back() {
	run(|| {
		offering(1);
		draw(0).unwrap();
		Announced::set(Vec::new());
		release(1, AttemptOutcome::Success);
		assert_eq!(Announced::get(), vec![0]);
		assert!(draw(0).is_some());
	});
}

#[test]
fn reputation_should_stay_within_bounds_when_moved_often() {
	run(|| {
		offering(1);
		for _ in 0..500 {
			draw(0).unwrap();
			release(1, AttemptOutcome::Success);
		}
		assert_eq!(stored(1).reputation, MAX_REPUTATION);
		for _ in 0..500 {
			draw(0).unwrap();
			release(1, AttemptOutcome::HonestFail);
		}
		assert_eq!(stored(1).reputation, 0);
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
		assert_eq!(ReadyCount::<Test>::get(0), 5);
	});
}
