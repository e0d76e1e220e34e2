//! Receipts as files, checked without a node.

use std::{fs, path::PathBuf, time::Duration};

use futures::StreamExt;
use millrace_client::{
	calls, channel,
	receipt::{
		json::{ReceiptSigner, SignedReceipt},
		verify, ExportOptions,
	},
	JobUpdate, Signer,
};
use millrace_primitives::MILL;
use millrace_tests::{
	library::{is_there, run},
	miner::Engine,
	world::account,
	Cli, Node, Say, World,
};
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
async fn receipts_of_a_job_and_of_a_channel_should_both_be_proved_when_they_are_of_one_block() {
	const CHANNELS: u64 = 12;
	let world = World::with_offer(1).await;
	let engine = world.scripted(Say::Nothing).await;
	let _miner = world.miner(&Engine::Ollama(engine.url()));
	let bob = account("//Bob");
	let mut opened = Vec::new();
	for _ in 0..CHANNELS {
		let call = channel::open(bob.clone(), 0, account("//Charlie"), MILL, None);
		opened.push(world.charlie.send(call).await.unwrap());
	}
	for open in opened {
		open.in_block().await.unwrap();
	}
	let (job, _, block) = world.submit(world.request(QUESTION, 8)).await;
	engine.asked(1).await;
	// A few closings for each block, from before the job's proof to after it.
	let operator = world.client.submitter(Signer::from_uri("//Bob//operator").unwrap());
	let closings = async {
		for id in 0..CHANNELS {
			operator.send(channel::close(id, None)).await.unwrap();
			tokio::time::sleep(Duration::from_millis(250)).await;
		}
	};
	let proof = async {
		tokio::time::sleep(Duration::from_millis(500)).await;
		engine.say(Say::answer("42"));
		world.last_update(job, block).await
	};
	let (_, update) = futures::join!(closings, proof);
	assert!(matches!(update, JobUpdate::Settled { .. }), "{update:?}");
	world.settle().await;

	let cli = Cli::new(&world.node);
	let trust = cli.folder().join("trust.json").display().to_string();
	cli.json("", &["receipt", "trust", "--out", &trust]);
	let exported = |what: &[&str]| {
		let args: Vec<_> = ["receipt", "export"].iter().chain(what).copied().collect();
		let file = cli.json("", &args)["file"].as_str().unwrap().to_owned();
		let (code, valid) = check(&cli, &file, &["--trust", &trust]);
		assert_eq!((code, &valid["valid"]), (Some(0), &Value::Bool(true)), "{valid}");
		valid
	};
	let of_job = exported(&[&job.to_string()]);
	assert_eq!(of_job["receipt"]["job"].as_u64(), Some(job), "{of_job}");
	let of_channels: Vec<_> = (0..CHANNELS).map(|id| exported(&["--channel", &id.to_string()])).collect();
	let beside = of_channels.iter().filter(|of_channel| of_channel["block"] == of_job["block"]).count();
	assert!(beside > 0, "no channel was closed in block {}: {of_channels:?}", of_job["block"]);
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
	assert_eq!(run(&["receipt", "verify", &missing]), Some(1));
	let file = cli.folder().join("cancelled.receipt").display().to_string();
	assert_eq!(run(&["receipt", "export", &waiting, "--out", &file]), Some(0));
	assert_eq!(run(&["receipt", "verify", &file]), Some(2), "nobody was named to be trusted");
	assert_eq!(run(&["receipt", "verify", &file, "--receipt-key", &"0".repeat(64)]), Some(2));
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

/// The storage key of `Timestamp.Now`.
const NOW: &str = "0xf0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb";

/// What `pallet-timestamp` says of a block, in whole seconds.
async fn seconds(world: &World, block: &Value) -> u64 {
	let number = u32::try_from(block.as_u64().unwrap()).unwrap();
	let hash = world.client.block_hash(number).await.unwrap().unwrap();
	let rpc = RpcClient::from_insecure_url(world.node.url()).await.unwrap();
	let now: String = rpc.request("state_getStorage", rpc_params![NOW, hash]).await.unwrap();
	let bytes = hex::decode(now.trim_start_matches("0x")).unwrap();
	u64::from_le_bytes(bytes.try_into().unwrap()) / 1_000
}

/// Why `receipt verify` refuses a text, with the keys of the chain.
fn refusal(cli: &Cli, text: &str) -> Value {
	let file = cli.folder().join("other.json").display().to_string();
	fs::write(&file, text).unwrap();
	let output = cli.run("", &["receipt", "verify", &file, "--json"]);
	assert_eq!(output.status.code(), Some(8), "{text}");
	serde_json::from_slice::<Value>(&output.stderr).unwrap()["error"]["cause"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn receipt_should_be_signed_json_by_the_listed_key_alone_when_the_miner_has_one() {
	let world = World::with_offer(1).await;
	let cli = Cli::new(&world.node);
	let path = |name: &str| cli.folder().join(name).display().to_string();
	let made = cli.json("", &["miner", "receipt-key", "new", &path("receipt.key")]);
	let key = made["key"].as_str().unwrap();
	cli.json("bob", &["miner", "receipt-key", "set", &path("receipt.key")]);
	let listed = cli.json("", &["miner", "receipt-key", "show", "//Bob"]);
	assert_eq!((&listed["receipt_keys"][0]["key"], &listed["receipt_keys"][0]["until"]), (&made["key"], &Value::Null));

	let miner = world.miner_with(&Engine::Llama, &["--receipt-key-file", &path("receipt.key")]);
	let (job, _, block) = world.submit(world.request(QUESTION, 64)).await;
	assert!(matches!(world.last_update(job, block).await, JobUpdate::Settled { .. }));
	let line = miner.wait_for_job(job, "receipt_signed");
	let file = line.split(' ').find_map(|word| word.strip_prefix("path=")).unwrap_or_else(|| panic!("{line}"));
	assert!(file.ends_with(&format!("job-{job}.json")), "{file}");

	let valid = cli.json("", &["receipt", "verify", file]);
	assert_eq!((&valid["key_id"], &valid["key_from"]), (&made["key_id"], &Value::from("chain")), "{valid}");
	assert_eq!(valid["same_on_chain"], true);
	let receipt = cli.json("", &["receipt", "show", &job.to_string()]);
	assert_eq!(valid["receipt"], receipt);
	assert_eq!(valid["started_at"], seconds(&world, &receipt["submitted_at"]).await);
	assert_eq!(valid["completed_at"], seconds(&world, &receipt["ended_at"]).await);

	// Without a node, by the key that the reader knows.
	let (code, valid) = check(&cli, file, &["--receipt-key", key]);
	assert_eq!((code, &valid["key_from"]), (Some(0), &Value::from("argument")), "{valid}");
	let (code, error) = check(&cli, file, &["--receipt-key", &"7".repeat(64)]);
	assert_eq!((code, error["error"]["cause"].as_str()), (Some(8), Some("unknown_key")), "{error}");
	if is_there("python3") {
		let reader = concat!(env!("CARGO_MANIFEST_DIR"), "/../client/tests/vectors/verify_json.py");
		run(std::process::Command::new("python3").args(["-B", reader, file, key]));
	}

	let text = fs::read_to_string(file).unwrap();
	let started = format!("\"started_at\":{}", valid["started_at"]);
	let later = format!("\"started_at\":{}", valid["started_at"].as_u64().unwrap() - 1);
	assert_eq!(refusal(&cli, &text.replace(&started, &later)), "bad_signature");
	for at in (50..text.len()).step_by(101) {
		let mut bytes = text.clone().into_bytes();
		bytes[at] ^= 1;
		refusal(&cli, std::str::from_utf8(&bytes).unwrap());
	}

	// Signed by another key, which the receipt names, hides, or carries.
	let (other, secret) = ReceiptSigner::generate();
	let statement = SignedReceipt::from_bytes(text.as_bytes()).unwrap().statement().clone();
	let forged = SignedReceipt::sign(&statement, &other);
	assert_eq!(refusal(&cli, &forged), "unknown_key");
	assert_eq!(refusal(&cli, &forged.replace(&other.public().id(), made["key_id"].as_str().unwrap())), "bad_signature");
	let carried = format!("\"key\":\"{}\",\"key_id\":\"{}\"", other.public(), made["key_id"].as_str().unwrap());
	let named = format!("\"key_id\":\"{}\"", other.public().id());
	assert_eq!(refusal(&cli, &forged.replace(&named, &carried)), "not_a_receipt");

	// Signed by the right key, but of more money than was paid: a stolen key against the chain's own receipt.
	let stolen = ReceiptSigner::from_secret(&fs::read_to_string(path("receipt.key")).unwrap()).unwrap();
	let mut richer = statement.clone();
	richer.receipt.fee += 1;
	assert_eq!(refusal(&cli, &SignedReceipt::sign(&richer, &stolen)), "not_the_chains");

	// Another key comes: the old receipt stays valid, and the new key does not sign for the old time.
	fs::write(path("next.key"), secret).unwrap();
	fs::set_permissions(path("next.key"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
	cli.json("bob", &["miner", "receipt-key", "set", &path("next.key")]);
	assert_eq!(cli.json("", &["receipt", "verify", file])["key_id"], made["key_id"]);
	let sign = |key: &str| {
		cli.run("", &["receipt", "sign", &job.to_string(), "--key-file", &path(key), "--out", &path("again")])
	};
	assert_eq!(sign("next.key").status.code(), Some(7));
	assert_eq!(refusal(&cli, &forged), "key_not_in_force");
	assert!(sign("receipt.key").status.success());
	assert_eq!(fs::read_to_string(path("again")).unwrap(), text);
}
