//! The engine fails, in every way that a server can. A real Ollama is killed in `ollama.rs` beside this folder, and
//! made slow in the miner's own tests.

use millrace_tests::{miner::Engine, Say, World};

use super::{failed_unpaid, fake, named, settled_once, submitted, SHORT};

/// The engine answers so; the attempt fails with this code, unpaid.
async fn fails(say: Say, code: &str) {
	let world = World::with_offer(1).await;
	let engine = fake(&world, say).await;
	let miner = world.miner(&Engine::Ollama(engine.url()));
	let (job, block, before) = submitted(&world, named(&world, SHORT, 32)).await;
	failed_unpaid(&world, job, block, before).await;
	let line = miner.wait_for_job(job, "failed");
	assert!(line.contains(&format!("code={code}")), "{line}");
	// It works on when the engine is well again.
	engine.say(Say::answer("42"));
	let (job, block, before) = submitted(&world, named(&world, SHORT, 32)).await;
	settled_once(&world, job, block, before.owner).await;
}

fn words() -> Vec<String> {
	["4", "2"].map(String::from).to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_fail_unpaid_and_refunded_when_the_engine_is_dead() {
	let world = World::with_offer(1).await;
	// Nothing listens there: the port was free a moment ago.
	let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
	let _miner = world.miner(&Engine::Ollama(format!("http://{free}")));
	let (job, block, before) = submitted(&world, named(&world, SHORT, 32)).await;
	failed_unpaid(&world, job, block, before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_fail_unpaid_when_the_engine_answers_http_500() {
	fails(Say::Status(500), "EngineError").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_fail_unpaid_when_the_engine_answers_garbage() {
	fails(Say::Garbage, "EngineError").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_fail_unpaid_when_the_engine_answers_for_another_model() {
	fails(Say::AsAnother(words()), "ModelMissing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_fail_unpaid_when_the_engine_breaks_off_in_the_middle() {
	fails(Say::Broken(words()), "EngineError").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_be_paid_when_the_engine_is_slow_but_in_time() {
	let world = World::with_offer(1).await;
	let engine = fake(&world, Say::Slowly(words(), 3_000)).await;
	let _miner = world.miner(&Engine::Ollama(engine.url()));
	let (job, block, before) = submitted(&world, named(&world, SHORT, 32)).await;
	settled_once(&world, job, block, before.owner).await;
	assert_eq!(world.answer(job).await, "42");
	assert_eq!(engine.times(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_fail_before_its_deadline_when_the_engine_never_answers() {
	let world = World::with_offer(1).await;
	let engine = fake(&world, Say::Nothing).await;
	let miner = world.miner(&Engine::Ollama(engine.url()));
	let mut request = named(&world, SHORT, 32);
	request.params.timeout = 10;
	let (job, block, before) = submitted(&world, request).await;
	failed_unpaid(&world, job, block, before).await;
	let line = miner.wait_for_job(job, "failed");
	assert!(line.contains("code=Timeout"), "{line}");
	let receipt = world.client.at_best().await.unwrap().receipt(job).await.unwrap().unwrap();
	assert!(receipt.ended_at - receipt.submitted_at <= 10, "{receipt:?}");
}
