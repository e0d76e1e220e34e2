//! One job from submission to settlement, and many at once.

use millrace_client::JobUpdate;
use millrace_primitives::{Outcome, MILL};
use millrace_tests::{miner::Engine, world::account, Cli, World};

const QUESTION: &str = "What is 17 plus 25?";

#[tokio::test(flavor = "multi_thread")]
async fn job_should_be_answered_and_paid_to_the_planck_when_submitted() {
	let world = World::with_offer(1).await;
	let miner = world.miner(&Engine::Llama);
	let (client_before, owner_before) = (world.money("//Charlie").await, world.money("//Bob").await);
	let issuance = world.client.at_best().await.unwrap().total_issuance().await.unwrap();

	let (job, tx_fee, block) = world.submit(world.request(QUESTION, 64)).await;
	let JobUpdate::Settled { fee, refund, output, .. } = world.last_update(job, block).await else {
		panic!("the job was not settled")
	};

	let answer = String::from_utf8(output.unwrap()).unwrap();
	assert!(answer.contains("42"), "{answer:?}");
	let snapshot = world.client.at_best().await.unwrap();
	let row = snapshot.escrow(job).await.unwrap().unwrap();
	assert_eq!((row.fee, row.settled), (0, true));
	let (client_after, owner_after) = (world.money("//Charlie").await, world.money("//Bob").await);
	assert_eq!(refund, Some(MILL / 10 - fee));
	assert!(fee > 0, "an answer that takes a millisecond costs something");
	assert_eq!(client_after.free, client_before.free - tx_fee - fee - row.deposit);
	assert_eq!(client_after.held, client_before.held + row.deposit);
	assert_eq!(owner_after.free, owner_before.free + fee);
	assert_eq!(owner_after.held, owner_before.held);
	assert_eq!(snapshot.total_issuance().await.unwrap(), issuance);

	let receipt = snapshot.receipt(job).await.unwrap().unwrap();
	assert_eq!((receipt.fee, receipt.outcome, receipt.attempts), (fee, Outcome::Settled, 1));
	assert_eq!(receipt.miner, Some(account("//Bob")));

	// Neither log tells what was asked and answered, nor the key that signs.
	let seed = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
	for (name, log) in [("node", world.node.process().lines()), ("miner", miner.process().lines())] {
		assert!(!log.is_empty());
		for secret in [QUESTION, answer.as_str(), seed] {
			assert!(!log.iter().any(|line| line.contains(secret)), "the {name}'s log holds {secret:?}");
		}
	}
	println!("node {} KiB, miner {} KiB", world.node.memory(), miner.memory());
}

#[tokio::test(flavor = "multi_thread")]
async fn command_line_should_ask_and_show_the_receipt() {
	let world = World::empty().await;
	let cli = Cli::new(&world.node);
	let operator = account("//Bob//operator").to_string();
	cli.json("bob", &["miner", "register", "--operator", &operator, "--stake", "1000"]);
	cli.json("bob", &["miner", "offer", "--model", "millrace-tiny", "--per-gpu-second", "0.02", "--slots", "1"]);
	let _miner = world.miner(&Engine::Llama);

	let asked = cli.json("charlie", &["ask", QUESTION]);
	assert!(asked["answer"].as_str().unwrap().contains("42"), "{asked}");
	let job = asked["job"].to_string();
	let receipt = cli.json("", &["receipt", "show", &job]);
	assert_eq!(receipt["outcome"], "settled", "{receipt}");
	assert_eq!(receipt["fee"], asked["fee"], "{receipt} {asked}");

	let traced = cli.run("charlie", &["ask", "--trace", QUESTION]);
	let text = String::from_utf8_lossy(&traced.stdout).into_owned();
	assert!(traced.status.success(), "{text}{}", String::from_utf8_lossy(&traced.stderr));
	assert!(text.contains("42"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_should_all_be_answered_once_when_many_are_sent_in_one_block() {
	const JOBS: usize = 24;
	let world = World::with_offer(4).await;
	let miner = world.miner(&Engine::Llama);
	let before = world.money("//Bob").await;
	let mut sent = Vec::new();
	for number in 0..JOBS {
		let request = world.request(&format!("What is {number} plus 25?"), 32);
		let call = millrace_client::calls::submit(request.model, request.input, request.params, request.max_fee, None);
		sent.push(world.charlie.send(call).await.unwrap());
	}
	let mut paid = 0;
	for handle in sent {
		let submitted = handle.in_block().await.unwrap();
		let job = submitted.submitted_job().unwrap();
		let JobUpdate::Settled { fee, .. } = world.last_update(job, submitted.number).await else {
			panic!("job {job} was not settled")
		};
		paid += fee;
	}
	assert_eq!(world.money("//Bob").await.free, before.free + paid);
	assert_eq!(miner.count("finished"), JOBS);
}
