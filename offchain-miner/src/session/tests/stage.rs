//! A chain, an engine and a server that a test holds in its hands.

use std::{
	path::Path,
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
	channel::OpeningPayload, job::payload_hash, AccountId32, BlockNumber, ChannelId, ModelId, ModelKind, Rate,
	Sampling, TranscriptEntry, Usage, Voucher, Workload, H256,
};
use tempfile::TempDir;
use tokio::{
	sync::{broadcast, watch},
	time::timeout,
};

use super::super::{
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

pub(super) const GENESIS: H256 = H256::repeat_byte(1);
pub(super) const DIGEST: H256 = H256::repeat_byte(2);
pub(super) const RATE: Rate = Rate::PerToken { input: 3, output: 1_000 };
pub(super) const INPUT: u32 = 5;
pub(super) const TCP: &str = "/ip4/127.0.0.1/tcp/0";
pub(super) const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";
/// No wait of these tests is that long when all is well.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn key(name: &str) -> Signer {
	Signer::from_uri(&format!("//{name}")).unwrap()
}

pub(super) fn price(tokens: u32) -> u128 {
	RATE.fee(&Usage { input_tokens: INPUT, output_tokens: tokens, gpu_ms: 0 }).unwrap()
}

/// A chain with channels of one deposit each.
pub(super) struct FakeLedger {
	pub(super) deposits: Mutex<Vec<u128>>,
	pub(super) closing: Mutex<Vec<ChannelId>>,
	pub(super) closed: watch::Sender<Option<Option<Voucher>>>,
	pub(super) news: broadcast::Sender<News>,
	pub(super) endpoint: watch::Sender<Option<Endpoint>>,
}

impl FakeLedger {
	pub(super) fn new(deposits: &[u128]) -> Arc<Self> {
		Arc::new(Self {
			deposits: Mutex::new(deposits.to_vec()),
			closing: Mutex::default(),
			closed: watch::Sender::new(None),
			news: broadcast::Sender::new(8),
			endpoint: watch::Sender::new(None),
		})
	}

	pub(super) fn begin_closing(&self, id: ChannelId) {
		self.closing.lock().unwrap().push(id);
		self.news.send(News { best: 2, changed: vec![id] }).unwrap();
	}

	pub(super) fn terms(&self, id: ChannelId) -> ChannelTerms {
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

	async fn sweep(&self, _: &Path) -> Result<(), ChainError> {
		Ok(())
	}

	async fn model(&self, _: ModelId) -> Result<Option<Asked>, ChainError> {
		Ok(Some(Asked { digest: DIGEST, kind: ModelKind::Text, context_length: 4_096, template_tokens: 16 }))
	}

	async fn news(&self) -> Result<BoxStream<'static, News>, ChainError> {
		let first = futures::stream::iter([News { best: 1, changed: Vec::new() }]);
		let next = |mut news: broadcast::Receiver<_>| async { Some((news.recv().await.ok()?, news)) };
		Ok(Box::pin(first.chain(futures::stream::unfold(self.news.subscribe(), next))))
	}

	async fn close(&self, _: ChannelId, voucher: Option<Voucher>) -> Result<(), ChainError> {
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
pub(super) struct Counter {
	/// Tokens made, in all answers.
	pub(super) made: AtomicU32,
	/// Between two tokens.
	pub(super) pause: Duration,
}

pub(super) fn entry(number: u32) -> TranscriptEntry {
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
pub(super) struct Stage {
	pub(super) ledger: Arc<FakeLedger>,
	pub(super) engine: Arc<Counter>,
	pub(super) server: Option<Server>,
	pub(super) changes: watch::Sender<Settings>,
	pub(super) metrics: Metrics,
	pub(super) work: TempDir,
	pub(super) own: TempDir,
}

impl Stage {
	pub(super) async fn of(deposits: &[u128], listen: &str, pause: Duration) -> Self {
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

	pub(super) async fn new(deposit: u128) -> Self {
		Self::of(&[deposit], TCP, Duration::ZERO).await
	}

	pub(super) async fn start(&mut self, listen: &str) {
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

	pub(super) fn counterpart(&self, id: ChannelId) -> Counterpart {
		let Endpoint { peer, addresses, .. } = self.ledger.endpoint.borrow().clone().unwrap();
		Counterpart { peer, addresses, terms: self.ledger.terms(id), template_tokens: 16 }
	}

	pub(super) async fn session(&self, id: ChannelId) -> Result<Session, SessionError> {
		Session::begin(self.counterpart(id), key("session"), self.own.path()).await
	}

	/// What the miner has a voucher for.
	pub(super) fn paid(&self, id: ChannelId) -> u128 {
		let account = self.server.as_ref().unwrap().hall.book.find(id).unwrap();
		futures::executor::block_on(account.standing()).0.fee
	}

	pub(super) fn opening(&self, signer: &Signer, age_ms: u64) -> ToMiner {
		let opening = OpeningPayload { genesis: GENESIS, channel: 0, issued_at: now_ms() - age_ms };
		ToMiner::Open { signature: signer.sign(&opening.signing_hash()).into(), opening, voucher: None }
	}

	pub(super) fn counts(&self, line: &str) -> bool {
		let text = self.metrics.text(Format::Text).unwrap();
		text.lines().any(|found| found == format!("millrace_miner_{line}"))
	}

	/// A client without manners: connected and opened.
	pub(super) async fn raw(&self) -> (network::Network, Talk<ToClient, ToMiner>) {
		let Counterpart { peer, addresses, .. } = self.counterpart(0);
		let (network, stream) = network::dial(peer, addresses).await.unwrap();
		let mut talk = Talk::new(stream, MAX_TO_CLIENT);
		talk.say(&self.opening(&key("session"), 0)).await.unwrap();
		assert!(matches!(talk.hear_within(PATIENCE).await, Ok(ToClient::Ready { .. })));
		(network, talk)
	}
}

pub(super) fn chat() -> Workload {
	Workload::Chat(Sampling::greedy(4_000))
}

pub(super) fn words(tokens: u32) -> String {
	"word ".repeat(tokens as usize)
}

pub(super) async fn ask(session: &mut Session, tokens: u32) -> Result<String, SessionError> {
	Ok(session.ask(chat(), 7, tokens.to_string().into_bytes()).await?.whole().await?.0)
}

pub(super) fn now_ms() -> u64 {
	std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64
}

/// A signed request for so many tokens.
pub(super) fn request(payer: &mut Payer, terms: &ChannelTerms, tokens: u32) -> ToMiner {
	let input = tokens.to_string().into_bytes();
	let payload = payer.ask(terms, chat(), 7, payload_hash(&input), now_ms());
	let signature = key("session").sign(&payload.signing_hash()).into();
	ToMiner::Request { payload, signature, input }
}

/// Everything that is said until something else than a piece comes; how many tokens came before it.
pub(super) async fn pieces(talk: &mut Talk<ToClient, ToMiner>) -> (u32, ToClient) {
	let mut tokens = 0;
	loop {
		match talk.hear_within(PATIENCE).await.unwrap() {
			ToClient::Piece { entries, .. } => tokens += entries.len() as u32,
			other => return (tokens, other),
		}
	}
}

pub(super) fn is_refusal(error: &SessionError, wanted: RefusalCode) -> bool {
	matches!(error, SessionError::Refused { code, .. } if *code == wanted)
}
