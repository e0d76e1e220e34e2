//! Measures how long a job takes beside its inference, on a real chain with a real miner.
//!
//! Run by `make bench`. Jobs are sent one after another, each at a random moment of a slot, and timed from the moment
//! before the transaction is signed to the moment at which the client sees the settlement in a best block.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures::StreamExt;
use millrace_client::JobUpdate;
use millrace_primitives::MILLISECS_PER_BLOCK;
use millrace_tests::{miner::Engine, World};

const JOBS: usize = 60;

/// A moment within a slot that the loop's own rhythm does not decide.
fn random_pause() -> Duration {
	let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.subsec_nanos());
	Duration::from_micros(u64::from(nanos.wrapping_mul(2_654_435_761) % 1_000_000))
}

fn report(what: &str, bar: f64, mut slots: Vec<f64>) {
	slots.sort_by(f64::total_cmp);
	let at = |share: f64| slots[((slots.len() - 1) as f64 * share) as usize];
	let mean = slots.iter().sum::<f64>() / slots.len() as f64;
	println!(
		"{what:<44} mean {mean:.3}  median {:.3}  p90 {:.3}  max {:.3}  (bar {bar:.3})",
		at(0.5),
		at(0.9),
		at(1.0)
	);
}

#[tokio::main]
async fn main() {
	let world = World::with_offer(1).await;
	let idle = {
		let empty = world.work.path().join("idle");
		let miner =
			millrace_tests::Miner::start(&world.node, "Bob", &empty, &Engine::Ollama("http://127.0.0.1:9".into()));
		miner.wait_for("ready");
		miner.memory()
	};
	let miner = world.miner(&Engine::Llama);
	let slot = MILLISECS_PER_BLOCK as f64;
	let (mut request_to_settled, mut dead_time, mut finality) = (Vec::new(), Vec::new(), Vec::new());
	for number in 0..JOBS {
		tokio::time::sleep(random_pause()).await;
		let request = world.request(&format!("What is {number} plus 25?"), 32);
		let start = Instant::now();
		let (_, _, mut updates) =
			world.client.submit_and_follow(&world.charlie, request).await.expect("the job is taken");
		let (mut assigned, mut inference) = (0, 0.0);
		while let Some(update) = updates.next().await {
			match update.expect("the chain answers") {
				JobUpdate::Assigned { block, .. } => assigned = block.number,
				JobUpdate::Completed { usage, block, .. } => {
					inference = f64::from(usage.gpu_ms);
					dead_time.push((f64::from(block.number - assigned) * slot - inference) / slot);
				}
				JobUpdate::Settled { block, .. } => {
					request_to_settled.push((start.elapsed().as_secs_f64() * 1_000.0 - inference) / slot);
					let settled = Instant::now();
					while world.client.finalized_block().await.expect("the chain answers").0 < block.number {
						tokio::time::sleep(Duration::from_millis(10)).await;
					}
					finality.push(settled.elapsed().as_secs_f64() * 1_000.0 / slot);
				}
				_ => {}
			}
		}
	}
	println!("{JOBS} jobs, in slots of {MILLISECS_PER_BLOCK} ms");
	report("request to settled answer, minus inference", 1.575, request_to_settled);
	report("assignment to proof in block, minus inference", 1.1, dead_time);
	report("settled to finalized", 1.0, finality);
	println!(
		"memory: node {} KiB, miner with the tiny model {} KiB, without a model {idle} KiB",
		world.node.memory(),
		miner.memory()
	);
}
