//! Client and server over real connections, with a chain and an engine that the test holds in its hands.

use std::{
	sync::{
		atomic::{AtomicU32, Ordering},
		Mutex,
	},
	time::Instant,
};

use async_trait::async_trait;
use futures::{stream::BoxStream, StreamExt};
use millrace_client::{
	session::{
		network::{self, Multiaddr, PeerId},
		talk::Talk,
		wire::{RefusalCode, ToClient, ToMiner, MAX_TO_CLIENT},
		ChannelTerms, Counterpart, Payer, Session, SessionError,
	},
	Channel, ChannelState, Endpoint,
};
use millrace_primitives::{
	channel::{OpeningPayload, CHECKPOINT_TOKENS},
	job::payload_hash,
	AccountId32, BlockNumber, ChannelId, ModelId, ModelKind, Rate, Sampling, TranscriptEntry, Usage, Voucher, Workload,
	H256,
};
use tempfile::TempDir;
use tokio::{
	sync::{broadcast, watch},
	time::timeout,
};

use super::{
	ledger::{Asked, News},
	settings::SessionSettings,
	*,
};
use crate::{
	chain::ChainError,
	config::Config,
	engines::{
		sink::{Piece, Sink},
		Engine, EngineError, Generation, LocalModel, Request,
	},
	metrics::{Format, Metrics},
	runner::SharedStatus,
};

const GENESIS: H256 = H256::repeat_byte(1);
const DIGEST: H256 = H256::repeat_byte(2);
const RATE: Rate = Rate::PerToken { input: 3, output: 1_000 };
const INPUT: u32 = 5;
const TCP: &str = "/ip4/127.0.0.1/tcp/0";
const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";
/// No wait of these tests is that long when all is well.
const PATIENCE: Duration = Duration::from_secs(60);

fn key(name: &str) -> Signer {
	Signer::from_uri(&format!("//{name}")).unwrap()
}

fn price(tokens: u32) -> u128 {
	RATE.fee(&Usage { input_tokens: INPUT, output_tokens: tokens, gpu_ms: 0 }).unwrap()
}

/// A chain with channels of one deposit each.
struct FakeLedger {
	deposits: Mutex<Vec<u128>>,
	closing: Mutex<Vec<ChannelId>>,
	closed: watch::Sender<Option<Voucher>>,
	news: broadcast::Sender<News>,
	endpoint: watch::Sender<Option<Endpoint>>,
}

impl FakeLedger {
	fn new(deposits: &[u128]) -> Arc<Self> {
		Arc::new(Self {
			deposits: Mutex::new(deposits.to_vec()),
			closing: Mutex::default(),
			closed: watch::Sender::new(None),
			news: broadcast::Sender::new(8),
			endpoint: watch::Sender::new(None),
		})
	}

	fn begin_closing(&self, id: ChannelId) {
		self.closing.lock().unwrap().push(id);
		self.news.send(News { best: 2, changed: vec![id] }).unwrap();
	}

	fn terms(&self, id: ChannelId) -> ChannelTerms {
		ChannelTerms {
			genesis: GENESIS,
			channel: id,
			operator: key("operator").account_id(),
			session_key: key("session").account_id(),
			model_digest: DIGEST,
			rate: RATE,
			deposit: self.deposits.lock().unwrap()[id as usize],
		}
	}
}

#[async_trait]
impl Ledger for FakeLedger {
	fn genesis(&self) -> H256 {
		GENESIS
	}

	fn operator(&self) -> AccountId32 {
		key("operator").account_id()
	}

	async fn channel(&self, id: ChannelId) -> Result<(Option<Channel>, BlockNumber), ChainError> {
		let Some(deposit) = self.deposits.lock().unwrap().get(id as usize).copied() else { return Ok((None, 1)) };
		let closing = self.closing.lock().unwrap().contains(&id);
		let channel = Channel {
			id,
			client: key("client").account_id(),
			session_key: key("session").account_id(),
			miner: key("owner").account_id(),
			operator: key("operator").account_id(),
			model: 0,
			rate: RATE,
			deposit,
			opened_at: 1,
			due: 40_000,
			state: if closing { ChannelState::Closing { owed: Default::default() } } else { ChannelState::Open },
			equivocated: false,
		};
		Ok((Some(channel), 1))
	}

	async fn is_over(&self, _: ChannelId) -> Result<bool, ChainError> {
		Ok(false)
	}

	async fn model(&self, _: ModelId) -> Result<Option<Asked>, ChainError> {
		Ok(Some(Asked { digest: DIGEST, kind: ModelKind::Text, context_length: 4_096, template_tokens: 16 }))
	}

	async fn news(&self) -> Result<BoxStream<'static, News>, ChainError> {
		let first = futures::stream::iter([News { best: 1, changed: Vec::new() }]);
		let next = |mut news: broadcast::Receiver<_>| async { Some((news.recv().await.ok()?, news)) };
		Ok(Box::pin(first.chain(futures::stream::unfold(self.news.subscribe(), next))))
	}

	async fn close(&self, _: ChannelId, voucher: Voucher) -> Result<(), ChainError> {
		self.closed.send_replace(Some(voucher));
		Ok(())
	}

	async fn endpoint(&self) -> Result<Option<Option<Endpoint>>, ChainError> {
		Ok(Some(self.endpoint.borrow().clone()))
	}

	async fn set_endpoint(&self, peer: PeerId, addresses: &[Multiaddr]) -> Result<(), ChainError> {
		self.endpoint.send_replace(Some(Endpoint { peer, addresses: addresses.to_vec(), set_at: 1 }));
		Ok(())
	}
}

/// An engine whose answer to `n` has n tokens.
struct Counter {
	/// Tokens made, in all answers.
	made: AtomicU32,
	/// Between two tokens.
	pause: Duration,
}

fn entry(number: u32) -> TranscriptEntry {
	TranscriptEntry { token: number, bytes: b"word ".to_vec(), logprob: -1, top: Vec::new() }
}

#[async_trait]
impl Engine for Counter {
	fn kind(&self) -> &'static str {
		"counter"
	}

	async fn health(&self) -> Result<(), EngineError> {
		Ok(())
	}

	async fn models(&self) -> Result<Vec<LocalModel>, EngineError> {
		Ok(Vec::new())
	}

	async fn generate(&self, request: Request, sink: Sink, _: CancellationToken) -> Result<Generation, EngineError> {
		let tokens: u32 = String::from_utf8(request.input).unwrap().parse().map_err(EngineError::engine)?;
		let (mut output, mut transcript, mut usage) = (Vec::new(), Vec::new(), Usage::default());
		for number in 1..=tokens {
			tokio::time::sleep(self.pause).await;
			let entry = entry(number);
			output.extend_from_slice(&entry.bytes);
			usage = Usage { input_tokens: INPUT, output_tokens: number, gpu_ms: 0 };
			sink.send(Piece { bytes: entry.bytes.clone(), entries: vec![entry.clone()], usage }).await?;
			transcript.push(entry);
			self.made.fetch_add(1, Ordering::SeqCst);
		}
		Ok(Generation { output, transcript, usage, times: None })
	}
}

/// A server and what a client of it needs.
struct Stage {
	ledger: Arc<FakeLedger>,
	engine: Arc<Counter>,
	server: Option<Server>,
	changes: watch::Sender<Settings>,
	metrics: Metrics,
	work: TempDir,
	own: TempDir,
}

impl Stage {
	async fn of(deposits: &[u128], listen: &str, pause: Duration) -> Self {
		let engine = Arc::new(Counter { made: AtomicU32::new(0), pause });
		let ledger = FakeLedger::new(deposits);
		let mut settings = Settings::from(&Config::default());
		settings.session.voucher_secs = 3.try_into().unwrap();
		let (changes, metrics) = (watch::Sender::new(settings), Metrics::new(SharedStatus::default(), 1, false));
		let (work, own) = (TempDir::new().unwrap(), TempDir::new().unwrap());
		let mut stage = Self { ledger, engine, server: None, changes, metrics, work, own };
		stage.start(listen).await;
		stage
	}

	async fn new(deposit: u128) -> Self {
		Self::of(&[deposit], TCP, Duration::ZERO).await
	}

	async fn start(&mut self, listen: &str) {
		self.ledger.endpoint.send_replace(None);
		let session = self.changes.borrow().session.clone();
		let settings = SessionSettings { listen: vec![listen.parse().unwrap()], ..session };
		let began = Instant::now();
		let server = loop {
			let engines = Engines::new(vec![self.engine.clone()]);
			let (ledger, signer, work_dir) = (self.ledger.clone(), key("operator"), self.work.path());
			let (metrics, changes) = (self.metrics.sessions().clone(), self.changes.subscribe());
			let setup = Setup { settings: &settings, work_dir, ledger, engines, signer, metrics, changes };
			match Server::start(setup) {
				Ok(server) => break server,
				// One that was here before lets its files go soon.
				Err(error) => assert!(began.elapsed() < PATIENCE, "{error:#}"),
			}
			tokio::time::sleep(Duration::from_millis(20)).await;
		};
		self.server = Some(server);
		let mut endpoint = self.ledger.endpoint.subscribe();
		timeout(PATIENCE, endpoint.wait_for(Option::is_some)).await.unwrap().unwrap();
	}

	fn counterpart(&self, id: ChannelId) -> Counterpart {
		let Endpoint { peer, addresses, .. } = self.ledger.endpoint.borrow().clone().unwrap();
		Counterpart { peer, addresses, terms: self.ledger.terms(id), template_tokens: 16 }
	}

	async fn session(&self, id: ChannelId) -> Result<Session, SessionError> {
		Session::begin(self.counterpart(id), key("session"), self.own.path()).await
	}

	/// What the miner has a voucher for.
	fn paid(&self, id: ChannelId) -> u128 {
		let account = self.server.as_ref().unwrap().hall.book.find(id).unwrap();
		futures::executor::block_on(account.standing()).0.fee
	}

	fn opening(&self, signer: &Signer, age_ms: u64) -> ToMiner {
		let opening = OpeningPayload { genesis: GENESIS, channel: 0, issued_at: now_ms() - age_ms };
		ToMiner::Open { signature: signer.sign(&opening.signing_hash()).into(), opening, voucher: None }
	}

	fn counts(&self, line: &str) -> bool {
		let text = self.metrics.text(Format::Text).unwrap();
		text.lines().any(|found| found == format!("millrace_miner_{line}"))
	}

	/// A client without manners: connected and opened.
	async fn raw(&self) -> (network::Network, Talk<ToClient, ToMiner>) {
		let Counterpart { peer, addresses, .. } = self.counterpart(0);
		let (network, stream) = network::dial(peer, addresses).await.unwrap();
		let mut talk = Talk::new(stream, MAX_TO_CLIENT);
		talk.say(&self.opening(&key("session"), 0)).await.unwrap();
		assert!(matches!(talk.hear_within(PATIENCE).await, Ok(ToClient::Ready { .. })));
		(network, talk)
	}
}

fn chat() -> Workload {
	Workload::Chat(Sampling::greedy(4_000))
}

fn words(tokens: u32) -> String {
	"word ".repeat(tokens as usize)
}

async fn ask(session: &mut Session, tokens: u32) -> Result<String, SessionError> {
	Ok(session.ask(chat(), 7, tokens.to_string().into_bytes()).await?.whole().await?.0)
}

fn now_ms() -> u64 {
	std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64
}

/// A signed request for so many tokens.
fn request(payer: &mut Payer, terms: &ChannelTerms, tokens: u32) -> ToMiner {
	let input = tokens.to_string().into_bytes();
	let payload = payer.ask(terms, chat(), 7, payload_hash(&input), now_ms());
	let signature = key("session").sign(&payload.signing_hash()).into();
	ToMiner::Request { payload, signature, input }
}

/// Everything that is said until something else than a piece comes; how many tokens came before it.
async fn pieces(talk: &mut Talk<ToClient, ToMiner>) -> (u32, ToClient) {
	let mut tokens = 0;
	loop {
		match talk.hear_within(PATIENCE).await.unwrap() {
			ToClient::Piece { entries, .. } => tokens += entries.len() as u32,
			other => return (tokens, other),
		}
	}
}

fn is_refusal(error: &SessionError, wanted: RefusalCode) -> bool {
	matches!(error, SessionError::Refused { code, .. } if *code == wanted)
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_should_be_streamed_and_paid_to_the_planck_over_both_transports() {
	for listen in [TCP, QUIC] {
		let stage = Stage::of(&[u128::MAX], listen, Duration::ZERO).await;
		let mut session = stage.session(0).await.unwrap();
		let mut sum = 0;
		for answer in 0..50 {
			let tokens = 1 + answer * 3;
			assert_eq!(ask(&mut session, tokens).await.unwrap(), words(tokens));
			sum += price(tokens);
		}
		assert_eq!(session.total().fee, sum);
		session.stop().await.unwrap();
		assert_eq!(stage.paid(0), sum, "{listen}");
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_should_come_while_the_answer_is_made() {
	let stage = Stage::of(&[u128::MAX], TCP, Duration::from_millis(20)).await;
	let mut session = stage.session(0).await.unwrap();
	let mut answer = session.ask(chat(), 7, b"60".to_vec()).await.unwrap();
	let first = answer.next().await.unwrap().unwrap();
	assert_eq!((first.text.as_str(), first.last), ("word ", false));
	assert!(stage.engine.made.load(Ordering::SeqCst) < 30);
	assert_eq!(answer.whole().await.unwrap().0, words(59));
}

#[tokio::test(flavor = "multi_thread")]
async fn miner_should_lose_an_interval_at_most_when_a_client_does_not_pay() {
	let stage = Stage::new(u128::MAX).await;
	let (mut payer, terms) = (Payer::default(), stage.ledger.terms(0));
	let (_network, mut talk) = stage.raw().await;
	talk.say(&request(&mut payer, &terms, 1_000)).await.unwrap();
	let (tokens, then) = pieces(&mut talk).await;
	assert_eq!(tokens, CHECKPOINT_TOKENS);
	assert!(matches!(then, ToClient::Checkpoint(_)), "{then:?}");
	let (more, then) = pieces(&mut talk).await;
	assert_eq!(more, 0);
	assert!(matches!(then, ToClient::Refused { code: RefusalCode::Late, .. }), "{then:?}");
	// What the engine ran ahead by is not much more.
	assert!(stage.engine.made.load(Ordering::SeqCst) <= CHECKPOINT_TOKENS + 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn channel_should_go_on_a_few_times_when_its_client_leaves_without_paying() {
	let stage = Stage::new(u128::MAX).await;
	let (mut payer, terms) = (Payer::default(), stage.ledger.terms(0));
	for visit in 0..5 {
		let (_network, mut talk) = stage.raw().await;
		let (tokens, then) = loop {
			talk.say(&request(&mut payer, &terms, 1_000)).await.unwrap();
			match pieces(&mut talk).await {
				// The visit before is about to end.
				(_, ToClient::Refused { code: RefusalCode::Busy, .. }) => tokio::task::yield_now().await,
				answered => break answered,
			}
		};
		if visit <= 3 {
			assert_eq!(tokens, CHECKPOINT_TOKENS, "visit {visit}");
			let (_, late) = pieces(&mut talk).await;
			assert!(matches!(late, ToClient::Refused { code: RefusalCode::Late, .. }), "{late:?}");
		} else {
			assert!(matches!(then, ToClient::Refused { code: RefusalCode::Unpaid, .. }), "{then:?}");
		}
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn client_should_go_on_with_a_new_session_when_it_left_in_the_middle() {
	let stage = Stage::of(&[u128::MAX], TCP, Duration::from_millis(2)).await;
	let mut session = stage.session(0).await.unwrap();
	let mut answer = session.ask(chat(), 7, b"2000".to_vec()).await.unwrap();
	while answer.next().await.unwrap().unwrap().total.fee == 0 {}
	drop(session);
	let mut session = stage.session(0).await.unwrap();
	let before = session.total().fee;
	assert!(before >= price(CHECKPOINT_TOKENS), "{before}");
	let began = Instant::now();
	let done = loop {
		match ask(&mut session, 5).await {
			// The miner has not noticed yet.
			Err(error) if is_refusal(&error, RefusalCode::Busy) || is_refusal(&error, RefusalCode::NoSlot) => {
				assert!(began.elapsed() < PATIENCE);
				tokio::time::sleep(Duration::from_millis(50)).await;
			}
			done => break done,
		}
	};
	assert_eq!(done.unwrap(), words(5));
	assert_eq!(session.total().fee, before + price(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_should_be_paid_up_to_where_its_client_stops_it() {
	let stage = Stage::of(&[u128::MAX], TCP, Duration::from_millis(2)).await;
	let mut session = stage.session(0).await.unwrap();
	let mut answer = session.ask(chat(), 7, b"2000".to_vec()).await.unwrap();
	answer.next().await.unwrap().unwrap();
	let total = answer.stop().await.unwrap();
	assert!(total.output_tokens >= 1 && total.output_tokens < 200, "{total:?}");
	// One that is only dropped is stopped by the next one.
	session.ask(chat(), 7, b"2000".to_vec()).await.unwrap();
	assert_eq!(ask(&mut session, 3).await.unwrap(), words(3));
	let total = session.stop().await.unwrap();
	assert_eq!(total.answers, 3);
	assert_eq!(stage.paid(0), total.fee);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_should_be_talked_to_when_the_endpoint_is_another_peers() {
	for listen in [TCP, QUIC] {
		let stage = Stage::of(&[u128::MAX], listen, Duration::ZERO).await;
		let expected = network::Keypair::generate_ed25519().public().to_peer_id();
		let counterpart = Counterpart { peer: expected, ..stage.counterpart(0) };
		let error = Session::begin(counterpart, key("session"), stage.own.path()).await.err().unwrap();
		let SessionError::Network(error) = error else { panic!("{error}") };
		match (listen, error) {
			(TCP, network::NetworkError::OtherPeer { expected: wanted, obtained }) => {
				assert_eq!((wanted, obtained), (expected, stage.counterpart(0).peer));
			}
			// Here the handshake itself fails.
			(QUIC, network::NetworkError::OtherPeer { .. } | network::NetworkError::Unreachable { .. }) => {}
			(_, error) => panic!("{listen}: {error}"),
		}
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_should_be_refused_when_another_key_than_the_operators_signed_them() {
	let stage = Stage::new(u128::MAX).await;
	let mut counterpart = stage.counterpart(0);
	counterpart.terms.operator = key("somebody").account_id();
	let mut session = Session::begin(counterpart, key("session"), stage.own.path()).await.unwrap();
	let error = ask(&mut session, 3).await.unwrap_err();
	assert!(matches!(error, SessionError::Dishonest(_)), "{error}");
	assert_eq!(session.total().fee, 0);
	assert!(matches!(ask(&mut session, 3).await, Err(SessionError::Ended)));
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_should_end_with_the_deposit_and_go_on_after_a_top_up() {
	let stage = Stage::new(price(40)).await;
	let mut session = stage.session(0).await.unwrap();
	let error = ask(&mut session, 100).await.unwrap_err();
	assert!(is_refusal(&error, RefusalCode::Exhausted), "{error}");
	// Nothing was lost on either side.
	assert_eq!(session.total().fee, price(40));
	let error = ask(&mut session, 1).await.unwrap_err();
	assert!(is_refusal(&error, RefusalCode::Exhausted), "{error}");
	stage.ledger.deposits.lock().unwrap()[0] += price(10);
	session.stop().await.unwrap();
	let mut session = stage.session(0).await.unwrap();
	assert_eq!(ask(&mut session, 10).await.unwrap(), words(10));
	session.stop().await.unwrap();
	assert_eq!(stage.paid(0), price(40) + price(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn channel_should_be_closed_with_the_best_voucher_when_its_client_closes_it_while_streaming() {
	let stage = Stage::of(&[u128::MAX], TCP, Duration::from_millis(2)).await;
	let mut session = stage.session(0).await.unwrap();
	let mut answer = session.ask(chat(), 7, b"4000".to_vec()).await.unwrap();
	while answer.next().await.unwrap().unwrap().total.fee == 0 {}
	stage.ledger.begin_closing(0);
	let error = answer.whole().await.unwrap_err();
	assert!(is_refusal(&error, RefusalCode::NotOpen), "{error}");
	let mut closed = stage.ledger.closed.subscribe();
	let voucher = timeout(PATIENCE, closed.wait_for(Option::is_some)).await.unwrap().unwrap().clone().unwrap();
	assert_eq!(Some(&voucher), session.voucher());
	let error = stage.session(0).await.err().unwrap();
	assert!(matches!(error, SessionError::Store(_)), "the old session still lives: {error}");
	drop(session);
	let error = stage.session(0).await.err().unwrap();
	assert!(is_refusal(&error, RefusalCode::NotOpen), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn vouchers_should_be_kept_and_requests_not_taken_twice_when_the_miner_starts_again() {
	let mut stage = Stage::new(u128::MAX).await;
	let (mut payer, terms) = (Payer::default(), stage.ledger.terms(0));
	let mut session = stage.session(0).await.unwrap();
	ask(&mut session, 70).await.unwrap();
	session.stop().await.unwrap();
	stage.server = None;
	stage.start(TCP).await;
	assert_eq!(stage.paid(0), price(70));
	let (_network, mut talk) = stage.raw().await;
	talk.say(&request(&mut payer, &terms, 5)).await.unwrap();
	let (_, then) = pieces(&mut talk).await;
	assert!(matches!(then, ToClient::Refused { code: RefusalCode::UsedNumber, .. }), "{then:?}");
	let mut session = stage.session(0).await.unwrap();
	assert_eq!(ask(&mut session, 5).await.unwrap(), words(5));
	assert_eq!(session.total().fee, price(70) + price(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_should_be_counted_with_what_was_paid_for_them() {
	let stage = Stage::of(&[u128::MAX], TCP, Duration::from_millis(2)).await;
	let mut session = stage.session(0).await.unwrap();
	ask(&mut session, 40).await.unwrap();
	assert!(stage.counts("sessions_open 1"));
	let mut answer = session.ask(chat(), 7, b"2000".to_vec()).await.unwrap();
	answer.next().await.unwrap().unwrap();
	let total = answer.stop().await.unwrap();
	session.stop().await.unwrap();
	let began = Instant::now();
	while !stage.counts("sessions_open 0") {
		assert!(began.elapsed() < PATIENCE);
		tokio::time::sleep(Duration::from_millis(10)).await;
	}
	for line in [
		"session_answers_total{outcome=\"whole\"} 1".to_owned(),
		"session_answers_total{outcome=\"stopped\"} 1".to_owned(),
		"session_answers_total{outcome=\"broken\"} 0".to_owned(),
		format!("session_output_tokens_total {}", total.output_tokens),
		format!("session_earnings_plancks_total {}", total.fee),
	] {
		assert!(stage.counts(&line), "{line}\n{}", stage.metrics.text(Format::Text).unwrap());
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn another_slot_should_be_there_when_the_settings_give_one_and_be_gone_when_they_take_it() {
	let stage = Stage::of(&[u128::MAX, u128::MAX], TCP, Duration::from_millis(5)).await;
	let streams = |streams: usize| {
		stage.changes.send_modify(|settings| settings.session.streams = streams.try_into().unwrap());
	};
	let (mut one, mut two) = (stage.session(0).await.unwrap(), stage.session(1).await.unwrap());
	let mut long = one.ask(chat(), 7, b"3000".to_vec()).await.unwrap();
	long.next().await.unwrap().unwrap();
	assert!(is_refusal(&ask(&mut two, 3).await.unwrap_err(), RefusalCode::NoSlot));
	assert!(stage.counts("session_refusals_total{code=\"NoSlot\"} 1"));
	streams(2);
	let began = Instant::now();
	while let Err(error) = ask(&mut two, 3).await {
		assert!(is_refusal(&error, RefusalCode::NoSlot) && began.elapsed() < PATIENCE, "{error}");
	}
	streams(1);
	while ask(&mut two, 3).await.is_ok() {
		assert!(began.elapsed() < PATIENCE);
	}
	long.stop().await.unwrap();
	while ask(&mut two, 3).await.is_err() {
		assert!(began.elapsed() < PATIENCE);
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn request_should_wait_for_a_slot_when_another_channel_has_the_last_one() {
	let stage = Stage::of(&[u128::MAX, u128::MAX], TCP, Duration::from_millis(5)).await;
	let mut one = stage.session(0).await.unwrap();
	let mut two = stage.session(1).await.unwrap();
	let mut answer = one.ask(chat(), 7, b"100".to_vec()).await.unwrap();
	answer.next().await.unwrap().unwrap();
	let error = ask(&mut two, 3).await.unwrap_err();
	assert!(is_refusal(&error, RefusalCode::NoSlot), "{error}");
	answer.whole().await.unwrap();
	assert_eq!(ask(&mut two, 3).await.unwrap(), words(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn running_answer_should_end_and_nothing_new_begin_when_the_server_stops() {
	let mut stage = Stage::of(&[u128::MAX], TCP, Duration::from_millis(5)).await;
	let mut session = stage.session(0).await.unwrap();
	let mut answer = session.ask(chat(), 7, b"80".to_vec()).await.unwrap();
	answer.next().await.unwrap().unwrap();
	let server = stage.server.take().unwrap();
	let stopped = tokio::spawn(server.finish(PATIENCE));
	assert_eq!(answer.whole().await.unwrap().0, words(79));
	let error = ask(&mut session, 3).await.unwrap_err();
	assert!(is_refusal(&error, RefusalCode::Draining) || !error.goes_on(), "{error}");
	drop(session);
	timeout(PATIENCE, stopped).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn request_should_be_refused_when_it_is_not_what_was_signed_or_can_not_be_streamed() {
	let stage = Stage::new(u128::MAX).await;
	let (mut payer, terms) = (Payer::default(), stage.ledger.terms(0));
	let (_network, mut talk) = stage.raw().await;
	let ToMiner::Request { payload, signature, .. } = request(&mut payer, &terms, 5) else { unreachable!() };
	let other = ToMiner::Request { payload: payload.clone(), signature, input: b"6".to_vec() };
	let mut changed = payload.clone();
	changed.seed += 1;
	let forged = ToMiner::Request { payload: changed, signature, input: b"5".to_vec() };
	let mut embedding = payload;
	embedding.workload = Workload::Embed;
	let signature = key("session").sign(&embedding.signing_hash()).into();
	let embed = ToMiner::Request { payload: embedding, signature, input: b"5".to_vec() };
	for (message, wanted) in [
		(other, RefusalCode::BadRequest),
		(forged, RefusalCode::BadSignature),
		(embed, RefusalCode::BadRequest),
		(ToMiner::Stop, RefusalCode::Protocol),
	] {
		// A stop says nothing here; the opening after it makes no sense.
		if message == ToMiner::Stop {
			talk.say(&message).await.unwrap();
			talk.say(&stage.opening(&key("session"), 0)).await.unwrap();
		} else {
			talk.say(&message).await.unwrap();
		}
		let (_, then) = pieces(&mut talk).await;
		assert!(matches!(&then, ToClient::Refused { code, .. } if *code == wanted), "{then:?}");
	}
	assert_eq!(stage.engine.made.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn session_should_be_refused_when_its_opening_is_not_the_channels_clients_or_old() {
	let stage = Stage::new(u128::MAX).await;
	for (opening, wanted) in [
		(stage.opening(&key("somebody"), 0), RefusalCode::BadSignature),
		(stage.opening(&key("session"), 61_000), RefusalCode::Untimely),
	] {
		let Counterpart { peer, addresses, .. } = stage.counterpart(0);
		let (_network, stream) = network::dial(peer, addresses).await.unwrap();
		let mut talk = Talk::<ToClient, ToMiner>::new(stream, MAX_TO_CLIENT);
		talk.say(&opening).await.unwrap();
		let heard = talk.hear_within(PATIENCE).await;
		assert!(matches!(&heard, Ok(ToClient::Refused { code, .. }) if *code == wanted), "{heard:?}");
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn client_should_get_its_own_voucher_back_when_it_has_lost_its_file() {
	let mut stage = Stage::new(u128::MAX).await;
	let mut session = stage.session(0).await.unwrap();
	ask(&mut session, 70).await.unwrap();
	session.stop().await.unwrap();
	stage.own = TempDir::new().unwrap();
	let mut session = stage.session(0).await.unwrap();
	assert_eq!(session.total().fee, price(70));
	assert_eq!(ask(&mut session, 5).await.unwrap(), words(5));
	assert_eq!(session.stop().await.unwrap().fee, price(70) + price(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn miner_should_get_its_voucher_back_when_it_has_lost_its_file() {
	let mut stage = Stage::new(u128::MAX).await;
	let mut session = stage.session(0).await.unwrap();
	ask(&mut session, 70).await.unwrap();
	session.stop().await.unwrap();
	stage.server = None;
	stage.work = TempDir::new().unwrap();
	stage.start(TCP).await;
	let mut session = stage.session(0).await.unwrap();
	assert_eq!(stage.paid(0), price(70));
	assert_eq!(ask(&mut session, 5).await.unwrap(), words(5));
	assert_eq!(session.stop().await.unwrap().fee, price(70) + price(5));
}
