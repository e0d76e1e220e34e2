//! Many jobs, one after another and at once.

use millrace_client::JobUpdate;
use millrace_tests::{miner::Engine, World};

const JOBS: usize = 200;

/// Jobs in a row before the next ones are sent.
const WAVE: usize = 25;

/// From here on the memory must stay flat: the model has made its contexts, and all caches are warm.
const WARM: usize = 50;

/// What it may grow from the 50th to the 200th job, in KiB; 572 at most were measured.
const GROWTH: u64 = 4 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn memory_should_stay_flat_and_jobs_be_paid_once_when_there_are_two_hundred() {
	let world = World::with_offer(4).await;
	let miner = world.miner_with(&Engine::Llama, &["--slots", "4"]);
	let before = world.money("//Bob").await;
	let (mut paid, mut warm) = (0, None);
	for wave in 0..JOBS / WAVE {
		let mut sent = Vec::new();
		for number in 0..WAVE {
			let request = world.request(&format!("What is {wave} plus {number}?"), 32);
			let call =
				millrace_client::calls::submit(request.model, request.input, request.params, request.max_fee, None);
			sent.push(world.charlie.send(call).await.unwrap());
		}
		for handle in sent {
			let submitted = handle.in_block().await.unwrap();
			let job = submitted.submitted_job().unwrap();
			let JobUpdate::Settled { fee, .. } = world.last_update(job, submitted.number).await else {
				panic!("job {job} was not settled")
			};
			paid += fee;
		}
		if (wave + 1) * WAVE == WARM {
			warm = Some(miner.memory());
		}
	}
	let (warm, end) = (warm.unwrap(), miner.memory());
	millrace_tests::say(&format!("the miner's memory: {warm} KiB after {WARM} jobs, {end} KiB after {JOBS}"));
	assert_eq!(world.money("//Bob").await.free, before.free + paid, "each is paid once");
	assert_eq!((miner.count("finished"), miner.count("running")), (JOBS, JOBS));
	assert!(end < warm + GROWTH, "{warm} KiB after {WARM} jobs, {end} KiB after {JOBS}");
}
