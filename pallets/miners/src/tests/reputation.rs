use super::*;

/// The reputation of a miner of `slots` slots in billionths, after one attempt that ended so.
fn after(before: u32, slots: u32, outcome: AttemptOutcome) -> u32 {
	set_slots(slots);
	set_reputation(1, before);
	<Miners as MinerPool<u64>>::take(&1, &demand(0)).unwrap();
	release(1, outcome);
	offered(1).reputation
}

fn set_slots(slots: u32) {
	if crate::Miners::<Test>::get(1).is_none() {
		assert_ok!(Miners::register(owner(1), operator(1), 5_000 * MILL));
	}
	assert_ok!(Miners::offer(owner(1), 0, RATE, slots));
}

const THOUSANDTH: u32 = MAX_REPUTATION / 1_000;

#[test]
fn reputation_should_cost_more_the_less_the_miner_said() {
	run(|| {
		assert_eq!(after(800, 1, SUCCESS), 800 * THOUSANDTH + 200 * THOUSANDTH / 32);
		assert_eq!(after(800, 1, AttemptOutcome::ClientFault), 800 * THOUSANDTH);
		assert_eq!(after(800, 1, AttemptOutcome::HonestFail), 750 * THOUSANDTH);
		assert_eq!(after(800, 1, AttemptOutcome::Silence), 600 * THOUSANDTH);
	});
}

#[test]
fn success_should_count_in_proportion_to_what_it_earned() {
	run(|| {
		let earning = |earned| after(0, 1, AttemptOutcome::Success { earned });
		assert_eq!(earning(0), 0);
		assert_eq!(earning(1), 1);
		assert_eq!(earning(FULL_FEE / 10), MAX_REPUTATION / 320);
		assert_eq!(earning(FULL_FEE), MAX_REPUTATION / 32);
		assert_eq!(earning(Balance::MAX), MAX_REPUTATION / 32);
	});
}

#[test]
fn attempt_should_weigh_as_much_as_its_slot() {
	run(|| {
		assert_eq!(after(0, 10, SUCCESS), MAX_REPUTATION / 320);
		assert_eq!(after(800, 10, AttemptOutcome::HonestFail), 795 * THOUSANDTH);
		assert_eq!(after(800, 10, AttemptOutcome::Silence), 780 * THOUSANDTH);
	});
}

#[test]
fn outage_should_cost_a_large_miner_about_what_it_costs_a_small_one() {
	run(|| {
		let small = after(1_000, 1, AttemptOutcome::Silence);
		set_slots(50);
		set_reputation(1, 1_000);
		for _ in 0..50 {
			<Miners as MinerPool<u64>>::take(&1, &demand(0)).unwrap();
		}
		for _ in 0..50 {
			release(1, AttemptOutcome::Silence);
		}
		// (1 - 1/4) against (1 - 1/200)^50.
		assert_eq!((small / THOUSANDTH, offered(1).reputation / THOUSANDTH), (750, 778));
	});
}

#[test]
fn reputation_should_stay_within_bounds_when_moved_often() {
	run(|| {
		set_slots(1);
		for _ in 0..2_000 {
			<Miners as MinerPool<u64>>::take(&1, &demand(0)).unwrap();
			release(1, SUCCESS);
		}
		assert_eq!(offered(1).reputation, MAX_REPUTATION);
		for _ in 0..2_000 {
			<Miners as MinerPool<u64>>::take(&1, &demand(0)).unwrap();
			release(1, AttemptOutcome::HonestFail);
		}
		assert_eq!(offered(1).reputation, 0);
	});
}

#[test]
fn reputation_should_halve_in_each_half_life_without_jobs() {
	run(|| {
		set_slots(1);
		set_reputation(1, 1_000);
		let counted = || Miners::explain(&1, &demand(0)).unwrap().reputation;
		for (age, expected) in [
			(0, 1_000),
			(HALF_LIFE / 5, 900),
			(HALF_LIFE, 500),
			(2 * HALF_LIFE, 250),
			(4 * HALF_LIFE, 62),
			(10 * HALF_LIFE, 0),
			(u32::MAX - 1, 0),
		] {
			System::set_block_number(1 + age);
			assert_eq!(counted(), expected, "after {age} blocks");
		}
	});
}

#[test]
fn attempt_should_start_from_the_faded_reputation() {
	run(|| {
		set_slots(1);
		set_reputation(1, 1_000);
		System::set_block_number(1 + HALF_LIFE);
		<Miners as MinerPool<u64>>::take(&1, &demand(0)).unwrap();
		release(1, AttemptOutcome::Silence);
		let offer = offered(1);
		assert_eq!((offer.reputation, offer.rated_at), (375 * THOUSANDTH, 1 + HALF_LIFE));
	});
}

#[test]
fn new_identity_should_not_beat_an_old_one_when_that_did_badly() {
	run(|| {
		set_slots(1);
		set_reputation(1, 1_000);
		for _ in 0..40 {
			<Miners as MinerPool<u64>>::take(&1, &demand(0)).unwrap();
			release(1, AttemptOutcome::Silence);
		}
		with_slots(2, 1);
		let score = |who| Miners::explain(&who, &demand(0)).unwrap().score;
		assert!(score(1) >= score(2));
	});
}
