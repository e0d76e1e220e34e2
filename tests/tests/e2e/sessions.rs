//! Answers streamed by a real miner over libp2p, paid for as they come, and settled on chain.

use std::{io::Write, net::TcpListener, path::Path, process::Stdio};

use millrace_client::{
	calls, channel, endpoint,
	session::{
		chain_folder, counterpart,
		network::{self, Keypair, Network, NetworkError},
		talk::Talk,
		transcripts,
		wire::{RefusalCode, ToClient, ToMiner, MAX_TO_CLIENT},
		ChannelTerms, Payer, Received, Session, SessionError,
	},
	Signer,
};
use millrace_primitives::{
	channel::{OpeningPayload, CHECKPOINT_TOKENS},
	job::payload_hash,
	transcript, Balance, Checkpoint, JobParams, Rate, RunningTotal, Sampling, TranscriptEntry, UsageBounds, Workload,
	MILL,
};
use millrace_tests::{miner::Engine, process::PATIENCE, world::account, Cli, Miner, World};
use tempfile::TempDir;

const TCP: &str = "/ip4/127.0.0.1/tcp/0";
const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";
/// Its answer is longer than an interval; a token is a letter.
const LONG: &str = "What is a voucher?";

pub(super) fn charlie() -> Signer {
	Signer::from_uri("//Charlie").unwrap()
}

pub(super) fn chat() -> Workload {
	Workload::Chat(Sampling::greedy(200))
}

/// A chain on which Bob's miner asks this.
pub(super) async fn world_with(rate: Rate) -> World {
	let world = World::empty().await;
	for call in [calls::register_miner(account("//Bob//operator"), 1_000 * MILL), calls::offer(0, rate, 1)] {
		world.bob.send(call).await.unwrap().in_block().await.unwrap();
	}
	world
}

/// A miner that answers sessions at `listen`, known to the chain.
pub(super) fn miner(world: &World, listen: &str) -> Miner {
	let miner = world.miner_with(&Engine::Llama, &["--session-listen", listen]);
	miner.wait_for("endpoint");
	miner
}

/// Opens a channel from Charlie to Bob's miner.
pub(super) async fn open(world: &World, deposit: Balance) -> u64 {
	let call = channel::open(account("//Bob"), 0, charlie().account_id(), deposit, None);
	let done = world.charlie.send(call).await.unwrap().in_block().await.unwrap();
	let opened = done.events.iter().find_map(|event| match event {
		millrace_client::Event::ChannelOpened { channel } => Some(*channel),
		_ => None,
	});
	opened.unwrap()
}

async fn ask(session: &mut Session, question: &str) -> Result<String, SessionError> {
	Ok(session.ask(chat(), 7, question.into()).await?.whole().await?.0)
}

/// Both sides have kept the same of a channel, which the other side signed, and which owes this.
fn both_kept(world: &World, id: u64, folder: &Path, total: RunningTotal) {
	let genesis = world.client.genesis_hash();
	let folders = [folder.to_owned(), world.work.path().join("channels")];
	let [client, miner] = folders.map(|folder| {
		let path = transcripts::path(&chain_folder(&folder, genesis), id);
		transcripts::read(&path).unwrap()
	});
	assert_eq!(client, miner);
	let operator = account("//Bob//operator");
	assert!(client.iter().all(|kept| kept.is_signed(&charlie().account_id(), &operator)));
	assert_eq!(client.len(), total.answers as usize);
	let last = client.last().unwrap();
	assert_eq!((last.output.as_slice(), last.input.as_slice()), (&b"17 + 25 = 42."[..], &b"What is 17 + 25?"[..]));
	assert_eq!(last.checkpoint.as_ref().map(|checkpoint| checkpoint.payload.total), Some(total));
}

/// So many sums are asked for over this transport; then the client closes, and the miner settles at once.
async fn sums(listen: &str, answers: u32) {
	let (input, output) = (MILL / 10_000, MILL / 1_000);
	let world = world_with(Rate::PerToken { input, output }).await;
	let miner = miner(&world, listen);
	let [bob, operator] = [world.money("//Bob").await, world.money("//Bob//operator").await];
	let (id, folder) = (open(&world, 5 * MILL).await, TempDir::new().unwrap());
	let mut session = Session::connect(&world.client, id, charlie(), folder.path()).await.unwrap();
	for number in 0..answers {
		let (a, b) = (10 + number, 25);
		let answer = ask(&mut session, &format!("What is {a} + {b}?")).await.unwrap();
		assert!(!answer.is_empty(), "{a} + {b}");
	}
	assert_eq!(ask(&mut session, "What is 17 + 25?").await.unwrap(), "17 + 25 = 42.");
	let voucher = session.voucher().cloned();
	let total = session.stop().await.unwrap();
	assert_eq!(total.answers, answers + 1);
	both_kept(&world, id, folder.path(), total);
	let sum = Balance::from(total.input_tokens) * input + Balance::from(total.output_tokens) * output;
	assert!(total.fee > 0 && total.fee == sum, "{total:?}");

	world.charlie.send(channel::close(id, voucher)).await.unwrap().in_block().await.unwrap();
	assert_eq!(world.settled(id).await, total.fee);
	miner.wait_for("channel_closed");
	assert_eq!(world.money("//Bob").await.free, bob.free + total.fee);
	// Neither the endpoint nor the closing cost the operator anything.
	assert_eq!(world.money("//Bob//operator").await, operator);
	let receipt = world.client.channel_receipt(id).await.unwrap().unwrap();
	assert_eq!((receipt.total, receipt.refund), (total, 5 * MILL - total.fee));
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_answers_should_be_settled_to_the_planck_when_they_were_streamed_over_tcp() {
	sums(TCP, 49).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_should_be_settled_to_the_planck_when_they_were_streamed_over_quic() {
	sums(QUIC, 4).await;
}

/// A client that holds each message in its own hands.
pub(super) struct Raw {
	pub(super) talk: Talk<ToClient, ToMiner>,
	_network: Network,
}

impl Raw {
	pub(super) async fn connect(world: &World, id: u64, payer: &Payer) -> (Self, ToClient, ChannelTerms) {
		let found = counterpart(&world.client, id).await.unwrap();
		let (network, stream) = network::dial(found.peer, found.addresses).await.unwrap();
		let mut talk = Talk::new(stream, MAX_TO_CLIENT);
		let opening = OpeningPayload { genesis: world.client.genesis_hash(), channel: id, issued_at: now_ms() };
		let signature = charlie().sign(&opening.signing_hash()).into();
		talk.say(&ToMiner::Open { opening, signature, voucher: payer.voucher().cloned() }).await.unwrap();
		let ready = talk.hear_within(PATIENCE).await.unwrap();
		(Self { talk, _network: network }, ready, found.terms)
	}

	/// Pieces, up to a message that is none.
	pub(super) async fn pieces(&mut self, entries: &mut Vec<TranscriptEntry>) -> ToClient {
		loop {
			match self.talk.hear_within(PATIENCE).await.unwrap() {
				ToClient::Piece { entries: more, .. } => entries.extend(more),
				other => return other,
			}
		}
	}

	/// The next checkpoint, and what came before it.
	pub(super) async fn checkpoint(&mut self, entries: &mut Vec<TranscriptEntry>) -> Checkpoint {
		match self.pieces(entries).await {
			ToClient::Checkpoint(checkpoint) => checkpoint,
			other => panic!("{other:?}"),
		}
	}
}

fn now_ms() -> u64 {
	let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
	u64::try_from(now.as_millis()).unwrap()
}

pub(super) fn request(payer: &mut Payer, terms: &ChannelTerms) -> ToMiner {
	let payload = payer.ask(terms, chat(), 7, payload_hash(LONG.as_bytes()), now_ms());
	let signature = charlie().sign(&payload.signing_hash()).into();
	ToMiner::Request { payload, signature, input: LONG.into() }
}

pub(super) fn pay(
	payer: &mut Payer,
	terms: &ChannelTerms,
	checkpoint: Checkpoint,
	entries: &[TranscriptEntry],
) -> ToMiner {
	let output: Vec<u8> = entries.iter().flat_map(|entry| entry.bytes.clone()).collect();
	let received = Received {
		output_hash: payload_hash(&output),
		transcript_root: transcript::root(entries),
		tokens: u32::try_from(entries.len()).unwrap(),
		elapsed_ms: u32::MAX,
	};
	let bounds = UsageBounds::new(1_000, &JobParams::of(chat()), u32::try_from(LONG.len()).unwrap(), u32::MAX);
	let payload = payer.check(terms, &bounds, &checkpoint, &received).unwrap();
	ToMiner::Voucher(payer.sign(checkpoint, charlie().sign(&payload.signing_hash())))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_should_be_signed_twice_and_no_voucher_lost_when_the_miner_is_killed_within_an_answer() {
	let world = World::with_offer(1).await;
	// The same port again, so that the chain need not be told.
	let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
	let listen = format!("/ip4/127.0.0.1/tcp/{port}");
	let mut first = miner(&world, &listen);
	let bob = world.money("//Bob").await;
	let (id, mut payer, mut entries) = (open(&world, 5 * MILL).await, Payer::default(), Vec::new());
	let (mut raw, _, terms) = Raw::connect(&world, id, &payer).await;
	raw.talk.say(&request(&mut payer, &terms)).await.unwrap();
	let checkpoint = raw.checkpoint(&mut entries).await;
	assert_eq!(entries.len(), usize::try_from(CHECKPOINT_TOKENS).unwrap());
	raw.talk.say(&pay(&mut payer, &terms, checkpoint, &entries)).await.unwrap();
	// The voucher has come, and this one is never paid.
	raw.checkpoint(&mut entries).await;
	first.kill();
	drop(first);

	let second = miner(&world, &listen);
	let (mut raw, ready, _) = Raw::connect(&world, id, &Payer::default()).await;
	let ToClient::Ready { seq, voucher, pending } = ready else { panic!("{ready:?}") };
	assert_eq!((voucher.as_ref(), pending), (payer.voucher(), None));
	// Its number again.
	raw.talk.say(&request(&mut Payer::default(), &terms)).await.unwrap();
	let refused = raw.pieces(&mut Vec::new()).await;
	assert!(matches!(refused, ToClient::Refused { code: RefusalCode::UsedNumber, .. }), "{refused:?}");
	// The channel goes on, with numbers that were not used.
	assert!(!payer.meet(&terms, seq, voucher).unwrap());
	let mut entries = Vec::new();
	raw.talk.say(&request(&mut payer, &terms)).await.unwrap();
	loop {
		let checkpoint = raw.checkpoint(&mut entries).await;
		let last = checkpoint.payload.last;
		raw.talk.say(&pay(&mut payer, &terms, checkpoint, &entries)).await.unwrap();
		if last {
			break;
		}
	}
	second.wait_for("streamed");
	world.charlie.send(channel::close(id, None)).await.unwrap().in_block().await.unwrap();
	assert_eq!(world.settled(id).await, payer.owed().fee);
	assert_eq!(world.money("//Bob").await.free, bob.free + payer.owed().fee);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_should_be_paid_when_another_peer_answers_at_the_miners_address() {
	let world = World::with_offer(1).await;
	let _miner = miner(&world, TCP);
	let id = open(&world, 5 * MILL).await;
	let honest = world.client.endpoint(&account("//Bob")).await.unwrap().unwrap();
	let other = Keypair::generate_ed25519().public().to_peer_id();
	let call = endpoint::set_endpoint(other, &honest.addresses);
	world.bob.send(call).await.unwrap().in_block().await.unwrap();
	let folder = TempDir::new().unwrap();
	let error = Session::connect(&world.client, id, charlie(), folder.path()).await.err().unwrap();
	assert!(
		matches!(&error, SessionError::Network(NetworkError::OtherPeer { expected, obtained })
			if (*expected, *obtained) == (other, honest.peer)),
		"{error}"
	);
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_should_end_where_the_deposit_does_and_the_next_one_come_after_a_top_up() {
	// A letter is a token: 40 of the answer fit.
	let world = world_with(Rate::PerToken { input: 0, output: MILL / 10 }).await;
	let _miner = miner(&world, TCP);
	let (id, folder) = (open(&world, 4 * MILL).await, TempDir::new().unwrap());
	let mut session = Session::connect(&world.client, id, charlie(), folder.path()).await.unwrap();
	let error = ask(&mut session, LONG).await.unwrap_err();
	assert!(matches!(error, SessionError::Refused { code: RefusalCode::Exhausted, .. }), "{error}");
	assert_eq!((session.total().fee, session.total().output_tokens), (4 * MILL, 40));
	world.charlie.send(channel::top_up(id, 20 * MILL)).await.unwrap().in_block().await.unwrap();
	session.refresh(&world.client).await.unwrap();
	let answer = ask(&mut session, LONG).await.unwrap();
	assert_eq!(session.total().output_tokens, 40 + answer.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn transcript_should_be_kept_unless_its_channel_is_unknown_and_it_is_old() {
	let world = World::with_offer(1).await;
	let _miner = miner(&world, TCP);
	let (id, folder) = (open(&world, 5 * MILL).await, TempDir::new().unwrap());
	let mut session = Session::connect(&world.client, id, charlie(), folder.path()).await.unwrap();
	ask(&mut session, LONG).await.unwrap();
	session.stop().await.unwrap();
	let folder = chain_folder(folder.path(), world.client.genesis_hash());
	let [known, fresh, old] = [id, 7, 8].map(|id| transcripts::path(&folder, id));
	let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(8 * 86_400);
	for path in [&fresh, &old] {
		std::fs::copy(&known, path).unwrap();
	}
	for path in [&known, &old] {
		std::fs::File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
	}
	// The chain is asked at its final block.
	world.settle().await;
	transcripts::sweep(&world.client, &folder).await.unwrap();
	assert_eq!([known, fresh, old].map(|path| path.exists()), [true, true, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn conversation_should_be_answered_and_closed_when_it_is_piped_through_the_command_line() {
	let world = World::with_offer(1).await;
	let miner = miner(&world, TCP);
	let cli = Cli::new(&world.node);
	let mut command = cli.command("charlie", &["chat", "--deposit", "2", "--close", "--no-history"]);
	let mut chat = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
	let mut stdin = chat.stdin.take().unwrap();
	stdin.write_all(b"What is 17 + 25?\n\nWhat is 10 + 25?\n").unwrap();
	drop(stdin);
	let output = chat.wait_with_output().unwrap();
	let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
	assert!(output.status.success(), "{out}{err}");
	assert!(out.starts_with("17 + 25 = 42.\n10 + 25 = 35.\n"), "{out}{err}");
	assert!(err.contains("tokens, ") && err.contains(" of 2 MILL]"), "{err}");
	miner.wait_for("channel_closed");
	let receipt = world.client.channel_receipt(0).await.unwrap().unwrap();
	assert_eq!((receipt.total.answers, receipt.paid), (2, receipt.total.fee));

	let kept = cli.json("charlie", &["channel", "transcript", "0"]);
	let answers = kept["answers"].as_array().unwrap_or_else(|| panic!("{kept}"));
	assert_eq!(answers.iter().map(|answer| &answer["output"]).collect::<Vec<_>>(), ["17 + 25 = 42.", "10 + 25 = 35."]);
	assert!(answers.iter().all(|answer| answer["signed"] == true && answer["checkpoint"]["last"] == true), "{kept}");
	assert!(!answers[0]["tokens"][0]["top"].as_array().unwrap().is_empty(), "{kept}");
	let file = transcripts::path(&chain_folder(&world.work.path().join("channels"), world.client.genesis_hash()), 0);
	assert_eq!(cli.json("charlie", &["channel", "transcript", "0", "--file", file.to_str().unwrap()]), kept);
}
