//! Whatever the order of events: one answer per attempt at most, and nothing is left open.

mod chain;
mod world;

use chain::{End, TERM};
use proptest::prelude::*;
use world::{Input, Moment, World};

use super::Ticket;

/// Jobs of the disorder.
const JOBS: u64 = 3;

/// Jobs that come after it.
const FRESH: u64 = 3;

fn input() -> impl Strategy<Value = Input> {
	let job = (0..JOBS, 0..4u8);
	let jobs = prop::collection::vec(job, 0..3);
	let nth = 0..8usize;
	prop_oneof![
		8 => (prop::bool::weighted(0.6), jobs, 0..3u64, any::<bool>(), prop::bool::weighted(0.8))
			.prop_map(|(takes, jobs, seed, told_first, seen)| Input::Block { takes, jobs, seed, told_first, seen }),
		2 => prop_oneof![Just(0), 0..4usize].prop_map(|back| Input::Read { back }),
		2 => (1..5usize, any::<bool>(), any::<bool>())
			.prop_map(|(depth, kept, seen)| Input::Reorganisation { depth, kept, seen }),
		2 => (0..4usize).prop_map(|behind| Input::Finality { behind }),
		4 => (nth.clone(), prop::option::weighted(0.8, 0..4u8)).prop_map(|(nth, text)| Input::Engine { nth, text }),
		1 => nth.clone().prop_map(|nth| Input::Late { nth }),
		1 => nth.clone().prop_map(|nth| Input::Lost { nth }),
		1 => nth.prop_map(|nth| Input::Refused { nth }),
		1 => prop_oneof![Just(Moment::Now), Just(Moment::BeforeJournal), Just(Moment::AfterJournal)]
			.prop_map(Input::Killed),
		1 => any::<bool>().prop_map(Input::Closed),
	]
}

/// A miner that is told to stop is started again sooner or later.
fn input_with_stops() -> impl Strategy<Value = Input> {
	prop_oneof![
		20 => input(),
		1 => any::<bool>().prop_map(|at_once| Input::Drain { at_once }),
	]
}

fn after(inputs: Vec<Input>) -> World {
	let mut world = World::new();
	for input in inputs {
		world.feed(input);
	}
	world
}

/// A block that the miner sees, with these jobs.
fn block(takes: bool, jobs: Vec<(u64, u8)>) -> Input {
	Input::Block { takes, jobs, seed: 0, told_first: true, seen: true }
}

/// Blocks without new jobs, until all that was ever assigned is past its deadline.
fn end_all(world: &mut World, takes: bool) {
	let last = world.chain.highest + TERM;
	while world.chain.number() <= last {
		world.feed(block(takes, Vec::new()));
	}
}

/// What an engine does with a job, once nothing else goes wrong.
#[derive(Clone, Copy, Debug)]
enum Manner {
	Answers,
	Fails,
	Silent,
}

fn manners() -> impl Strategy<Value = Vec<Manner>> {
	let manner = prop_oneof![Just(Manner::Answers), Just(Manner::Fails), Just(Manner::Silent)];
	prop::collection::vec(manner, FRESH as usize)
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(1_024))]

	#[test]
	fn one_answer_should_be_sent_per_attempt_when_events_come_in_any_order(
		inputs in prop::collection::vec(input_with_stops(), 0..120),
	) {
		after(inputs);
	}

	#[test]
	fn every_attempt_should_end_by_proof_or_failure_when_the_disorder_is_over(
		inputs in prop::collection::vec(input(), 0..80),
		manners in manners(),
	) {
		let mut world = after(inputs);
		world.feed(Input::Closed(false));
		// Inferences of the disorder may take their slots until then.
		end_all(&mut world, true);
		let fresh = |index: usize| Ticket { job: JOBS + index as u64, attempt: 1 };
		let jobs = (0..manners.len()).map(|index| (fresh(index).job, 0)).collect();
		world.feed(block(true, jobs));
		for _ in 0..=TERM {
			for (run, ticket) in world.runs() {
				match (0..manners.len()).find(|index| fresh(*index) == ticket).map(|index| manners[index]) {
					Some(Manner::Answers) => world.end(run, ticket, Some(2)),
					Some(Manner::Fails) => world.end(run, ticket, None),
					Some(Manner::Silent) | None => {}
				}
			}
			world.feed(block(true, Vec::new()));
		}
		for (index, manner) in manners.iter().enumerate() {
			let end = world.chain.ended(fresh(index));
			match manner {
				// Two that are silent keep the third waiting.
				Manner::Answers => prop_assert!(matches!(end, Some(End::Proof | End::Fail)), "{end:?}"),
				Manner::Fails | Manner::Silent => prop_assert_eq!(end, Some(End::Fail)),
			}
		}
	}

	#[test]
	fn nothing_should_be_left_open_when_the_chain_has_ended_every_attempt(
		inputs in prop::collection::vec(input_with_stops(), 0..80),
		takes in any::<bool>(),
	) {
		let mut world = after(inputs);
		// Neither an engine nor, perhaps, a block takes note of the miner any more: then deadlines end it all.
		end_all(&mut world, takes);
		prop_assert!(world.chain.is_idle());
		world.feed(Input::Finality { behind: 0 });
		prop_assert!(world.core.is_idle());
		prop_assert_eq!(world.open_rows(), 0);
	}

	#[test]
	fn every_attempt_should_end_at_once_when_the_miner_is_told_to_stop(
		inputs in prop::collection::vec(input(), 0..80),
	) {
		let mut world = after(inputs);
		world.feed(Input::Read { back: 0 });
		world.feed(Input::Drain { at_once: false });
		world.feed(Input::Drain { at_once: true });
		prop_assert!(world.runs().is_empty());
	}
}
