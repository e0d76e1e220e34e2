//! Channels on a real chain: what the last voucher says is paid, with two transactions.

use millrace_client::{channel, ChannelState, Signer};
use millrace_primitives::{
	Balance, Checkpoint, CheckpointPayload, Rate, RunningTotal, Usage, Voucher, VoucherPayload, H256, MILL,
};
use millrace_tests::{world::account, Cli, World};
use serde_json::{json, Value};

const ANSWERS: u32 = 1_000;
const DEPOSIT: Balance = 20 * MILL;
/// Signs for the miner that Bob owns.
const OPERATOR: &str = "//Bob//operator";

fn text(value: &Value) -> String {
	value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// Opens a channel from Charlie to Bob's miner; returns its number and rate.
async fn open(world: &World, cli: &Cli) -> (u64, Rate) {
	let bob = account("//Bob").to_string();
	let opened = cli.json("charlie", &["channel", "open", "--miner", &bob, "--model", "0", "--deposit", "20"]);
	let id = opened["channel"].as_u64().unwrap_or_else(|| panic!("{opened}"));
	let channel = world.client.channel(id).await.unwrap().unwrap();
	assert_eq!((channel.deposit, channel.state), (DEPOSIT, ChannelState::Open));
	(id, channel.rate)
}

/// What so many answers of different lengths owe, one after another.
fn owed(rate: &Rate, answers: u32) -> RunningTotal {
	(0..answers).fold(RunningTotal::default(), |total, answer| {
		let usage = Usage { input_tokens: 10 + answer % 7, output_tokens: 1 + answer % 64, gpu_ms: answer };
		total.with(rate, &usage).expect("it fits")
	})
}

fn voucher(world: &World, channel: u64, total: RunningTotal) -> Voucher {
	let payload =
		VoucherPayload { genesis: world.client.genesis_hash(), channel, total, checkpoint: H256::repeat_byte(5) };
	let session = Signer::from_uri("//Charlie").unwrap();
	Voucher { total, checkpoint: payload.checkpoint, signature: session.sign(&payload.signing_hash()).into() }
}

/// Writes the voucher as `millrace channel close` reads it; returns the file's path.
fn file(cli: &Cli, channel: u64, voucher: &Voucher) -> String {
	let path = cli.folder().join(format!("voucher-{}.json", voucher.total.answers));
	let total = voucher.total;
	let json = json!({
		"channel": channel,
		"answers": total.answers,
		"input_tokens": total.input_tokens,
		"output_tokens": total.output_tokens,
		"gpu_ms": total.gpu_ms,
		"fee": total.fee.to_string(),
		"checkpoint": format!("0x{}", hex::encode(voucher.checkpoint)),
		"signature": format!("0x{}", hex::encode(voucher.signature)),
	});
	std::fs::write(&path, json.to_string()).unwrap();
	path.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn channel_should_pay_a_thousand_answers_to_the_planck_with_two_transactions() {
	let world = World::with_offer(1).await;
	let cli = Cli::new(&world.node);
	let (bob, operator) = (world.money("//Bob").await, world.money(OPERATOR).await);
	let (id, rate) = open(&world, &cli).await;
	let total = owed(&rate, ANSWERS);
	assert!(total.fee > 0 && total.fee < DEPOSIT, "{total:?}");
	let voucher = file(&cli, id, &voucher(&world, id, total));

	let closed = cli.json("Bob//operator", &["channel", "close", &id.to_string(), "--voucher", &voucher]);
	assert_eq!(text(&closed["paid"]), total.fee.to_string(), "{closed}");
	assert_eq!(text(&closed["refund"]), (DEPOSIT - total.fee).to_string());
	// Its operator pays nothing for it.
	assert_eq!(text(&closed["tx_fee"]), "0");
	assert_eq!(world.money(OPERATOR).await, operator);
	assert_eq!(world.money("//Bob").await.free, bob.free + total.fee);
	let receipt = world.client.channel_receipt(id).await.unwrap().unwrap();
	assert_eq!((receipt.total, receipt.paid, receipt.refund), (total, total.fee, DEPOSIT - total.fee));
	assert_eq!((receipt.client, receipt.miner), (account("//Charlie"), account("//Bob")));

	let (number, trust) = (id.to_string(), cli.folder().join("trust.json").display().to_string());
	cli.json("", &["receipt", "trust", "--out", &trust]);
	let exported = cli.json("", &["receipt", "export", "--channel", &number]);
	let file = text(&exported["file"]);
	assert!(file.ends_with(&format!("channel-{id}.receipt")), "{exported}");
	let valid = cli.json("", &["receipt", "verify", &file, "--trust", &trust, "--url", "ws://127.0.0.1:1"]);
	assert_eq!((&valid["valid"], &valid["receipt"]["channel"]), (&json!(true), &json!(id)), "{valid}");
	assert_eq!(text(&valid["receipt"]["paid"]), total.fee.to_string());
	let mut bytes = std::fs::read(&file).unwrap();
	for at in [0, 8, 50, bytes.len() / 2, bytes.len() - 1] {
		bytes[at] ^= 1;
		std::fs::write(&file, &bytes).unwrap();
		let flipped = cli.run("", &["receipt", "verify", &file, "--trust", &trust]);
		assert_eq!(flipped.status.code(), Some(8), "byte {at}");
		bytes[at] ^= 1;
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn channel_should_pay_the_newer_voucher_when_its_client_closes_with_an_old_one() {
	let world = World::with_offer(1).await;
	let cli = Cli::new(&world.node);
	let bob = world.money("//Bob").await;
	let (id, rate) = open(&world, &cli).await;
	let (old, new) = (owed(&rate, 1), owed(&rate, 20));
	let [old_file, new_file] = [old, new].map(|total| file(&cli, id, &voucher(&world, id, total)));

	let number = id.to_string();
	let closing = cli.json("charlie", &["channel", "close", &number, "--voucher", &old_file]);
	assert!(closing["settles_at"].is_number(), "{closing}");
	let state = world.client.channel(id).await.unwrap().unwrap().state;
	assert_eq!(state, ChannelState::Closing { owed: old });
	cli.json("Bob//operator", &["channel", "close", &number, "--voucher", &new_file]);
	assert_eq!(world.money("//Bob").await.free, bob.free + new.fee);

	let refused = cli.run("charlie", &["channel", "close", &number, "--json"]);
	assert_eq!(refused.status.code(), Some(4), "{}", String::from_utf8_lossy(&refused.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn stake_should_be_taken_when_the_miner_signs_two_answers_under_one_number() {
	let world = World::with_offer(1).await;
	let cli = Cli::new(&world.node);
	let (id, _) = open(&world, &cli).await;
	let bonded = world.client.miner(&account("//Bob")).await.unwrap().unwrap().bonded;
	let operator = Signer::from_uri(OPERATOR).unwrap();
	let checkpoint = |answer: u8| {
		let payload = CheckpointPayload {
			genesis: world.client.genesis_hash(),
			channel: id,
			seq: 1,
			index: 0,
			request: H256::repeat_byte(1),
			output_hash: H256::repeat_byte(answer),
			transcript_root: H256::repeat_byte(2),
			usage: Usage { input_tokens: 1, output_tokens: 1, gpu_ms: 1 },
			total: RunningTotal::default(),
			last: true,
		};
		Checkpoint { signature: operator.sign(&payload.signing_hash()).into(), payload }
	};
	let submitter = world.client.submitter(Signer::from_uri("//Ferdie").unwrap());
	let report = channel::report_equivocation(id, checkpoint(3), checkpoint(4));
	submitter.send(report).await.unwrap().in_block().await.unwrap();
	let left = world.client.miner(&account("//Bob")).await.unwrap().map_or(0, |miner| miner.bonded);
	assert_eq!(bonded - left, 100 * MILL);
	assert!(world.client.channel(id).await.unwrap().unwrap().equivocated);
}
