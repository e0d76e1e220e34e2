//! Receipts as files, checked without a node.

use std::{fs, path::PathBuf};

use futures::StreamExt;
use millrace_client::{
	calls,
	receipt::{verify, ExportOptions},
	JobUpdate, Signer,
};
use millrace_tests::{miner::Engine, world::account, Cli, Node, World};
use serde_json::Value;
use subxt_rpcs::{rpc_params, RpcClient};

const QUESTION: &str = "What is 17 plus 25?";

/// Runs `receipt verify` where no node can be reached; returns the exit code and the JSON of either stream.
fn check(cli: &Cli, file: &str, trust: &[&str]) -> (Option<i32>, Value) {
	let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
	let mut command = cli.command("", &["receipt", "verify", file, "--json", "--url", &format!("ws://{nobody}")]);
	let output = command.args(trust).output().unwrap();
	let text = if output.status.success() { output.stdout } else { output.stderr };
	let json = serde_json::from_slice(&text).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&text)));
	(output.status.code(), json)
}

#[tokio::test(flavor = "multi_thread")]
async fn receipt_should_be_in_a_file_that_needs_no_node_when_a_question_was_answered() {
	let world = World::with_offer(1).await;
	let miner = world.miner(&Engine::Llama);
	let cli = Cli::new(&world.node);
	let asked = cli.json("charlie", &["ask", QUESTION]);
	let file = asked["receipt_file"].as_str().unwrap_or_else(|| panic!("{asked}")).to_owned();
	let trust = cli.folder().join("trust.json").display().to_string();
	let trusted = cli.json("", &["receipt", "trust", "--out", &trust]);

	let (code, valid) = check(&cli, &file, &["--trust", &trust]);
	assert_eq!((code, &valid["valid"]), (Some(0), &Value::Bool(true)), "{valid}");
	assert_eq!(valid["receipt"], asked["receipt"]);
	assert_eq!(valid["block"], asked["settled"]);

	// The same validators, named on the command line.
	let (genesis, key) = (trusted["genesis"].as_str().unwrap(), trusted["authorities"][0]["key"].as_str().unwrap());
	assert_eq!(check(&cli, &file, &["--genesis", genesis, "--authorities", key]).0, Some(0));
	let (code, other) = check(&cli, &file, &["--genesis", key, "--authorities", key]);
	assert_eq!((code, other["error"]["cause"].as_str()), (Some(8), Some("other_chain")), "{other}");

	let mut bytes = fs::read(&file).unwrap();
	for at in [0, 8, 50, 120, bytes.len() / 2, bytes.len() - 1] {
		bytes[at] ^= 1;
		let flipped = cli.folder().join("flipped").display().to_string();
		fs::write(&flipped, &bytes).unwrap();
		let (code, error) = check(&cli, &flipped, &["--trust", &trust]);
		assert_eq!((code, error["error"]["kind"].as_str()), (Some(8), Some("invalid")), "byte {at}: {error}");
		bytes[at] ^= 1;
	}

	// The miner has its own, from votes of its own choice.
	let job = asked["job"].as_u64().unwrap();
	let line = miner.wait_for_job(job, "receipt");
	let path = line.split(' ').find_map(|word| word.strip_prefix("path=")).unwrap_or_else(|| panic!("{line}"));
	let (code, valid) = check(&cli, path, &["--trust", &trust]);
	assert_eq!((code, &valid["receipt"]), (Some(0), &asked["receipt"]), "{valid}");

	// A file once more, by hand.
	let again = cli.folder().join("again.receipt").display().to_string();
	let exported = cli.json("", &["receipt", "export", &job.to_string(), "--out", &again]);
	assert_eq!(exported["file"].as_str(), Some(&*again));
	assert_eq!(check(&cli, &again, &["--trust", &trust]).0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn export_should_tell_why_when_there_is_no_receipt() {
	let world = World::empty().await;
	let cli = Cli::new(&world.node);
	let waiting = cli.json("charlie", &["job", "submit", QUESTION])["job"].to_string();
	let run = |args: &[&str]| cli.run("", args).status.code();
	assert_eq!(run(&["receipt", "export", "77", "--wait", "0"]), Some(6));
	assert_eq!(run(&["receipt", "export", &waiting, "--wait", "0"]), Some(6));
	cli.json("charlie", &["job", "cancel", &waiting]);
	assert_eq!(run(&["receipt", "export", &waiting]), Some(0), "a job that was cancelled has a receipt too");
	assert_eq!(run(&["receipt", "export", &waiting, "--block", "1"]), Some(6));
	let missing = PathBuf::from("no").join("such.file").display().to_string();
	assert_eq!(run(&["receipt", "verify", &missing, "--genesis", &"0".repeat(64), "--authorities", "x"]), Some(2));
	assert_eq!(run(&["receipt", "verify", &missing]), Some(2));
}

/// Gives the validator new session keys and waits until it votes with them.
async fn change_validators(world: &World, set: u64) {
	let rpc = RpcClient::from_insecure_url(world.node.url()).await.unwrap();
	let owner = account("//Alice//stash");
	let made: Value =
		rpc.request("author_rotateKeysWithOwner", rpc_params![format!("0x{}", hex::encode(&owner))]).await.unwrap();
	let bytes = |name: &str| hex::decode(made[name].as_str().unwrap().trim_start_matches("0x")).unwrap();
	let validator = world.client.submitter(Signer::from_uri("//Alice//stash").unwrap());
	let call = calls::set_session_keys(bytes("keys"), bytes("proof"));
	validator.send(call).await.unwrap().in_block().await.unwrap();
	let mut blocks = world.client.subscribe_best_blocks().await.unwrap();
	while let Some(block) = blocks.next().await {
		if world.client.at(block.unwrap()).await.unwrap().set_end(set).await.unwrap().is_some() {
			return;
		}
	}
	panic!("the chain stopped before set {set} ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn receipt_should_be_proved_from_genesis_when_the_validators_changed_twice() {
	let world = World::on(Node::start_with_epochs(10)).await;
	let trust = world.client.trust_at_genesis().await.unwrap().unwrap();
	world.offer(1).await;
	let _miner = world.miner(&Engine::Llama);
	let (first, _, block) = world.submit(world.request(QUESTION, 64)).await;
	assert!(matches!(world.last_update(first, block).await, JobUpdate::Settled { .. }));
	for set in 0..2 {
		change_validators(&world, set).await;
	}
	let (job, _, block) = world.submit(world.request(QUESTION, 64)).await;
	assert!(matches!(world.last_update(job, block).await, JobUpdate::Settled { .. }));

	let options = ExportOptions { patience: std::time::Duration::from_secs(60), ..ExportOptions::default() };
	let bytes = world.client.export_receipt(job, &options).await.unwrap();
	let verified = verify(&bytes, &trust).unwrap();
	assert_eq!((verified.receipt.job, verified.set_id, verified.changes), (job, 2, 2));
	println!("{} bytes after two changes of the validators", bytes.len());
	let old = verify(&world.client.export_receipt(first, &options).await.unwrap(), &trust).unwrap();
	assert_eq!((old.receipt.job, old.set_id), (first, 0));

	// Shorter, for who trusts the validators of now.
	let checkpoint = world.client.trust_at_finalized().await.unwrap();
	assert_eq!(checkpoint.set_id, 2);
	let options = ExportOptions { trust: Some(checkpoint.clone()), ..options };
	let short = world.client.export_receipt(job, &options).await.unwrap();
	assert!(short.len() < bytes.len());
	assert_eq!(verify(&short, &checkpoint).unwrap().changes, 0);
	assert_eq!(verify(&bytes, &checkpoint).unwrap().changes, 0);
	assert!(verify(&short, &trust).is_err());
	assert!(world.client.export_receipt(first, &options).await.is_err(), "older than the checkpoint's set");

	for at in (0..bytes.len()).step_by(97) {
		let mut flipped = bytes.clone();
		flipped[at] ^= 1;
		assert!(verify(&flipped, &trust).is_err(), "byte {at}");
	}
}
