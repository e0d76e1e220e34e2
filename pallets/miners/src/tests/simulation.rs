//! Thousands of draws by the pallet itself: what a share of the stake gets, and what a split of it gains.
//!
//! All seeds are fixed. A share that is won in `draws` draws may miss its expectation by four standard deviations,
//! which happens by chance once in 16,000 cases.

use super::*;
use std::collections::{BTreeMap, VecDeque};

fn bound(share: f64, draws: u32) -> f64 {
	4.0 * (share * (1.0 - share) / f64::from(draws)).sqrt()
}

/// Jobs won by each miner in `draws` draws that end at once and change no reputation.
fn wins(draws: u32) -> BTreeMap<u64, u32> {
	let mut wins = BTreeMap::new();
	for seed in 0..draws {
		let winner = draw_by(seed).unwrap().owner;
		release(winner, AttemptOutcome::ClientFault);
		*wins.entry(winner).or_default() += 1;
	}
	wins
}

/// Miners 1 to 10 are honest and have 6 slots each; the sybil's 20 slots belong to identities 11 to 10 + n.
const HONEST: u64 = 10;
const SYBIL_SLOTS: u32 = 20;
const SYBIL_SHARE: f64 = 0.25;
const IDENTITIES: [u32; 4] = [1, 2, 5, 10];

fn settle(identities: u32) {
	for who in 1..=HONEST {
		with_slots(who, 6);
	}
	for index in 0..identities {
		with_slots(HONEST + 1 + u64::from(index), SYBIL_SLOTS / identities);
	}
}

fn is_sybil(who: u64) -> bool {
	who > HONEST
}

#[test]
fn share_of_jobs_should_be_the_share_of_stake_when_slots_are_of_any_number() {
	const DRAWS: u32 = 8_000;
	run(|| {
		// On both sides of the powers of two that the ready list is made of.
		let slots = [1, 2, 3, 4, 5, 8, 9, 31, 33, 104];
		let all: u32 = slots.iter().sum();
		for (who, slots) in (1..).zip(slots) {
			with_slots(who, slots);
		}
		let wins = wins(DRAWS);
		for (who, slots) in (1..).zip(slots) {
			let expected = f64::from(slots) / f64::from(all);
			let share = f64::from(wins.get(&who).copied().unwrap_or(0)) / f64::from(DRAWS);
			println!("{slots} of {all} slots: {share:.4} of the jobs, expected {expected:.4}");
			assert!((share - expected).abs() <= bound(expected, DRAWS), "{slots} slots: {share} of the jobs");
		}
	});
}

#[test]
fn splitting_should_gain_nothing_when_the_network_is_idle() {
	const DRAWS: u32 = 8_000;
	for identities in IDENTITIES {
		run(|| {
			settle(identities);
			let won: u32 = wins(DRAWS).iter().filter(|(who, _)| is_sybil(**who)).map(|(_, wins)| wins).sum();
			let share = f64::from(won) / f64::from(DRAWS);
			println!("idle, {identities} identities: {share:.4} of the jobs");
			let off = (share - SYBIL_SHARE).abs();
			assert!(off <= bound(SYBIL_SHARE, DRAWS), "{identities} identities: {share} of the jobs");
		});
	}
}

/// The sybil's share of the jobs when up to `open` of the 80 slots are in use, everybody fails one job in ten, and all
/// earn their reputation on the way.
fn busy_share(identities: u32, open: usize, draws: u32) -> f64 {
	let mut won = 0;
	run(|| {
		settle(identities);
		let mut jobs = VecDeque::new();
		for seed in 0..draws {
			let winner = draw_by(seed).unwrap().owner;
			won += u32::from(is_sybil(winner));
			jobs.push_back(winner);
			if jobs.len() > open {
				// A number that the draws do not see.
				let lot = BlakeTwo256::hash_of(&("lot", seed)).0[0];
				let outcome = if lot % 10 == 0 { AttemptOutcome::HonestFail } else { SUCCESS };
				release(jobs.pop_front().unwrap(), outcome);
			}
		}
	});
	f64::from(won) / f64::from(draws)
}

#[test]
fn splitting_should_gain_nothing_when_the_network_is_busy_and_reputations_move() {
	const DRAWS: u32 = 12_000;
	for open in [8, 60] {
		for identities in IDENTITIES {
			let share = busy_share(identities, open, DRAWS);
			println!("{open} of 80 slots in use, {identities} identities: {share:.4} of the jobs");
			let off = (share - SYBIL_SHARE).abs();
			assert!(off <= bound(SYBIL_SHARE, DRAWS), "{open} in use, {identities} identities: {share} of the jobs");
		}
	}
}

#[test]
fn splitting_should_gain_nothing_when_it_is_dearer_than_the_others() {
	const DRAWS: u32 = 8_000;
	// The sybil wins only when all four looks fall on its slots, but for nothing else than its share of them.
	let expected = SYBIL_SHARE.powi(4);
	for identities in IDENTITIES {
		run(|| {
			settle(identities);
			for index in 0..identities {
				let (who, slots) = (HONEST + 1 + u64::from(index), SYBIL_SLOTS / identities);
				assert_ok!(Miners::offer(owner(who), 0, Rate::PerToken { input: 10, output: 1_010 }, slots));
			}
			let won: u32 = wins(DRAWS).iter().filter(|(who, _)| is_sybil(**who)).map(|(_, wins)| wins).sum();
			let share = f64::from(won) / f64::from(DRAWS);
			println!("dearer, {identities} identities: {share:.4} of the jobs, expected {expected:.4}");
			assert!((share - expected).abs() <= bound(expected, DRAWS), "{identities} identities: {share}");
		});
	}
}

/// The chance of each of four miners to win a draw, by `(score, cost)`, when each look falls on each with the same
/// chance: all that can happen in four looks, one after the other.
fn expected_wins(miners: [(f64, u32); 4]) -> [f64; 4] {
	let mut expected = [0.0; 4];
	for looks in 0..256usize {
		let seen = [looks & 3, looks >> 2 & 3, looks >> 4 & 3, looks >> 6];
		let best = seen.iter().map(|miner| miners[*miner].0).fold(0.0, f64::max);
		for counted in 1..16usize {
			let counts = |look: usize| counted >> look & 1 == 1;
			let chance: f64 = (0..4)
				.map(|look| miners[seen[look]].0 / best)
				.enumerate()
				.map(|(look, chance)| if counts(look) { chance } else { 1.0 - chance })
				.product();
			let winner = (0..4).filter(|look| counts(*look)).min_by_key(|look| miners[seen[*look]].1).unwrap();
			expected[seen[winner]] += chance / 256.0;
		}
	}
	expected
}

#[test]
fn jobs_should_go_by_price_and_reputation() {
	const DRAWS: u32 = 8_000;
	run(|| {
		// Price and reputation. The last is new.
		let miners = [(1_000, 1_000), (1_000, 500), (2_000, 1_000), (1_000, 0)];
		for (who, (output, reputation)) in (1..).zip(miners) {
			with_slots(who, 20);
			assert_ok!(Miners::offer(owner(who), 0, Rate::PerToken { input: 10, output: output.into() }, 20));
			set_reputation(who, reputation);
		}
		let expected = expected_wins(miners.map(|(cost, reputation)| (f64::from(reputation) + 100.0, cost)));
		let wins = wins(DRAWS);
		let shares = [1, 2, 3, 4].map(|who| f64::from(wins.get(&who).copied().unwrap_or(0)) / f64::from(DRAWS));
		println!("shares {shares:.4?}, expected {expected:.4?}");
		for (share, expected) in shares.into_iter().zip(expected) {
			assert!((share - expected).abs() <= bound(expected, DRAWS), "{share} instead of {expected} of the jobs");
		}
		// The better of two that cost the same, and the cheaper of two that are as good; the new one last but not out.
		assert!(shares[0] > shares[1] && shares[1] > shares[3] && shares[0] > shares[2]);
		assert!(shares[3] > 0.01);
	});
}
