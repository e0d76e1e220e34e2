//! The wall clock jumps.

use millrace_tests::{miner::Engine, Clock, Miner, Say, World};

use super::{fake, settled_once, submitted, SHORT};

/// A year and some.
const FAR: i64 = 400 * 86_400;

/// The year of the last line that the miner logged.
fn year(miner: &Miner) -> i32 {
	let lines = miner.process().lines();
	let is_digit = |c: char| c.is_ascii_digit();
	let mut years = lines.iter().rev().filter_map(|line| line.split(|c| !is_digit(c)).find(|word| word.len() == 4));
	years.next().and_then(|year| year.parse().ok()).expect("lines begin with a date")
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_should_be_answered_and_paid_when_the_clock_jumps() {
	let Some(clock) = Clock::new() else { return };
	let world = World::with_offer(1).await;
	let engine = fake(&world, Say::Nothing).await;
	let miner = Miner::start_under(
		clock.wrapper(),
		&world.node.url(),
		"Bob",
		world.work.path(),
		&Engine::Ollama(engine.url()),
		&[],
	);
	miner.wait_for("ready");
	let now = year(&miner);
	for (number, (jump, years)) in [(FAR, 1), (0, 0), (-FAR, -1), (0, 0)].into_iter().enumerate() {
		engine.say(Say::Nothing);
		let (job, block, before) = submitted(&world, world.request(SHORT, 32)).await;
		engine.asked(number + 1).await;
		clock.jump(jump);
		engine.say(Say::answer("42"));
		settled_once(&world, job, block, before.owner).await;
		miner.wait_for_job(job, "paid");
		assert_eq!((year(&miner) - now).signum(), years, "the clock did not jump");
	}
	assert_eq!(engine.times(), 4, "no inference was made twice");
}
