//! What one side of a channel can take from the other by leaving or falling silent, on a real chain, in plancks.

use std::{net::TcpListener, time::Duration};

use millrace_client::{
	channel,
	session::{
		wire::{RefusalCode, ToClient},
		Payer,
	},
};
use millrace_primitives::{channel::CHECKPOINT_TOKENS, Balance, ChannelId, Rate, TranscriptEntry, MILL};
use millrace_tests::{miner::Engine, process::PATIENCE, Miner, World};

use super::sessions::{open, pay, request, world_with, Raw};

const PRICE: Balance = MILL / 1_000;
const RATE: Rate = Rate::PerToken { input: 0, output: PRICE };
/// What either side can lose at a time.
const INTERVAL: Balance = CHECKPOINT_TOKENS as Balance * PRICE;

/// The message after which an answer breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
	/// The miner is ready.
	Ready,
	/// The client asked.
	Request,
	/// The first piece came.
	Piece,
	/// The first checkpoint came.
	Checkpoint,
	/// The client sent its voucher.
	Voucher,
	/// The checkpoint came that ends the answer.
	Last,
	/// The client sent the voucher that ends it.
	Paid,
}

/// An answer that broke off.
struct Broken {
	channel: ChannelId,
	payer: Payer,
	/// What the client has got.
	got: Vec<TranscriptEntry>,
	_raw: Option<Raw>,
}

impl Broken {
	fn worth(&self) -> Balance {
		self.got.len() as Balance * PRICE
	}
}

/// Has an answer go on in a channel of its own up to this message.
async fn until(world: &World, after: After) -> Broken {
	let (channel, mut payer, mut got) = (open(world, MILL).await, Payer::default(), Vec::new());
	let (mut raw, _, terms) = Raw::connect(world, channel, &payer).await;
	if after != After::Ready {
		raw.talk.say(&request(&mut payer, &terms)).await.unwrap();
	}
	if after == After::Piece {
		let ToClient::Piece { entries, .. } = raw.talk.hear_within(PATIENCE).await.unwrap() else { panic!("no piece") };
		got.extend(entries);
	}
	while ![After::Ready, After::Request, After::Piece].contains(&after) {
		let checkpoint = raw.checkpoint(&mut got).await;
		let last = checkpoint.payload.last;
		if after == After::Checkpoint || (last && after == After::Last) {
			break;
		}
		raw.talk.say(&pay(&mut payer, &terms, checkpoint, &got)).await.unwrap();
		if last || after == After::Voucher {
			break;
		}
	}
	Broken { channel, payer, got, _raw: Some(raw) }
}

/// A miner with room for several clients, which listens at `listen`.
fn miner(world: &World, listen: &str) -> Miner {
	let miner = world.miner_with(&Engine::Llama, &["--session-listen", listen, "--session-streams", "8"]);
	miner.wait_for("endpoint");
	miner
}

/// Has the miner close a channel with what it has; what it is paid.
async fn closed(world: &World, channel: ChannelId) -> Balance {
	world.charlie.send(channel::close(channel, None)).await.unwrap().in_block().await.unwrap();
	world.settled(channel).await
}

#[tokio::test(flavor = "multi_thread")]
async fn miner_should_lose_an_interval_at_most_when_its_client_leaves_after_any_message() {
	let world = world_with(RATE).await;
	let _miner = miner(&world, "/ip4/127.0.0.1/tcp/0");
	for after in
		[After::Ready, After::Request, After::Piece, After::Checkpoint, After::Voucher, After::Last, After::Paid]
	{
		let mut broken = until(&world, after).await;
		broken._raw = None;
		let paid = closed(&world, broken.channel).await;
		let (worth, signed) = (broken.worth(), broken.payer.owed().fee);
		assert!(paid <= signed && signed <= worth, "{after:?}: {paid} of {signed} paid for {worth}");
		assert!(worth - paid <= INTERVAL, "{after:?}: {paid} paid for {worth}");
		let lost = match after {
			After::Ready | After::Request => 0,
			After::Checkpoint => INTERVAL,
			After::Last => worth % INTERVAL,
			_ => continue,
		};
		assert_eq!(worth - paid, lost, "{after:?}");
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn client_should_pay_for_nothing_that_it_has_not_got_when_the_miner_dies_after_any_message() {
	let world = world_with(RATE).await;
	let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
	let listen = format!("/ip4/127.0.0.1/tcp/{port}");
	let mut miner = self::miner(&world, &listen);
	for after in [After::Request, After::Piece, After::Checkpoint, After::Voucher] {
		let broken = until(&world, after).await;
		miner.kill();
		drop(miner);
		miner = self::miner(&world, &listen);
		let paid = closed(&world, broken.channel).await;
		let worth = broken.worth();
		assert!(paid <= broken.payer.owed().fee && paid <= worth, "{after:?}: {paid} paid for {worth}");
		assert!(worth - paid <= INTERVAL, "{after:?}: {paid} paid for {worth}");
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn channel_should_give_a_few_intervals_away_and_no_more_when_its_client_never_pays() {
	let world = world_with(RATE).await;
	let _miner = miner(&world, "/ip4/127.0.0.1/tcp/0");
	let (channel, mut payer, mut got) = (open(&world, MILL).await, Payer::default(), Vec::new());
	loop {
		let (mut raw, ready, terms) = Raw::connect(&world, channel, &payer).await;
		let ToClient::Ready { seq, voucher, .. } = ready else { panic!("{ready:?}") };
		payer.meet(&terms, seq, voucher).unwrap();
		raw.talk.say(&request(&mut payer, &terms)).await.unwrap();
		match raw.pieces(&mut got).await {
			ToClient::Checkpoint(_) => {}
			// The miner has not noticed yet that the last connection is gone.
			ToClient::Refused { code: RefusalCode::Busy, .. } => tokio::time::sleep(Duration::from_millis(50)).await,
			ToClient::Refused { code: RefusalCode::Unpaid, .. } => break,
			other => panic!("{other:?}"),
		}
		assert!(got.len() <= 10 * CHECKPOINT_TOKENS as usize, "it never ends");
	}
	assert_eq!(got.len() as Balance * PRICE, 4 * INTERVAL);
	assert_eq!(closed(&world, channel).await, 0);
}
