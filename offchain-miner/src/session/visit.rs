//! One client's stream: which channel, and its requests, one after another.

use std::{
	sync::Arc,
	time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use millrace_client::{
	session::{
		talk::{Talk, TalkError},
		transcripts::Line,
		wire::{RefusalCode, ToClient, ToMiner},
		ChannelTerms, Refusal,
	},
	Channel, ChannelState,
};
use millrace_primitives::{
	channel::OpeningPayload,
	job::{payload_hash, MAX_INPUT_BYTES},
	BlockNumber, ChannelId, JobParams, RequestPayload, UsageBounds, Voucher,
};
use tokio_util::sync::CancellationToken;

use super::{
	answer::{Work, SAYING},
	book::{signed, Account, BookError, Terms},
	ledger::Asked,
	Hall,
};
use crate::engines::{sink::Sink, Order};

/// A client says which channel it is about within this time.
const OPENING: Duration = Duration::from_secs(10);

/// A client that asks nothing for so long is let go.
const IDLE: Duration = Duration::from_secs(600);

/// Parts of an answer that may wait for their client: the engine runs ahead by so many, unpaid.
const AHEAD: usize = 8;

/// How a conversation ends.
#[derive(Debug)]
pub(super) enum End {
	/// The client is gone, or silent.
	Gone(TalkError),
	/// Something was not paid, or makes no sense; the client was told.
	Unpaid,
}

impl From<TalkError> for End {
	fn from(error: TalkError) -> Self {
		Self::Gone(error)
	}
}

/// A refusal in a message's form.
pub(super) fn refused(code: RefusalCode, message: &str) -> ToClient {
	ToClient::Refused { code, message: message.to_owned() }
}

/// What a client is told of an account's error.
pub(super) fn refusal(error: &BookError) -> ToClient {
	let BookError::Refused(refusal) = error else {
		return refused(RefusalCode::Unavailable, "the miner can't write to its disk now");
	};
	let code = match refusal {
		Refusal::WrongChannel | Refusal::WrongModel => RefusalCode::WrongChannel,
		Refusal::BadSignature => RefusalCode::BadSignature,
		Refusal::Stale | Refusal::Early => RefusalCode::Untimely,
		Refusal::UsedNumber { .. } => RefusalCode::UsedNumber,
		Refusal::Busy => RefusalCode::Busy,
		Refusal::Unpaid => RefusalCode::Unpaid,
		Refusal::NoAnswer => RefusalCode::Protocol,
		Refusal::Exhausted => RefusalCode::Exhausted,
		Refusal::WrongVoucher => RefusalCode::WrongVoucher,
	};
	refused(code, &refusal.to_string())
}

/// One client's stream.
pub(super) struct Visit<'a> {
	pub(super) hall: &'a Hall,
	pub(super) talk: Talk<ToMiner, ToClient>,
}

impl Visit<'_> {
	/// Serves the client until it leaves.
	pub(super) async fn serve(&mut self) -> Result<(), End> {
		let ToMiner::Open { opening, signature, voucher } = self.talk.hear_within(OPENING).await? else {
			return Err(self.protocol("before the opening").await);
		};
		let channel = opening.channel;
		let (account, mut terms) = match self.open(&opening, signature.0, voucher).await {
			Ok(found) => found,
			Err(refusal) => return Err(self.turn_away(&refusal).await),
		};
		let (paid, pending) = account.standing().await;
		let pending = pending.map(|payload| signed(payload, &self.hall.signer));
		let (seq, voucher) = (account.seq().await, account.voucher().await);
		self.talk.say(&ToClient::Ready { seq, voucher, pending }).await?;
		let _open = self.hall.metrics.open();
		tracing::info!(channel, event = %"session_open", paid = %paid.fee, "a client of a channel");
		loop {
			let heard = tokio::select! {
				biased;
				() = account.closing.cancelled() => {
					return Err(self.turn_away(&refused(RefusalCode::NotOpen, "the channel is being closed")).await);
				}
				() = self.hall.drain.cancelled() => {
					return Err(self.turn_away(&refused(RefusalCode::Draining, "the miner stops")).await);
				}
				heard = self.talk.hear_within(IDLE) => heard?,
			};
			match heard {
				ToMiner::Request { payload, signature, input } => {
					let Ok(_busy) = account.busy.try_lock() else {
						self.tell(&refusal(&Refusal::Busy.into())).await?;
						continue;
					};
					match self.begin(&account, channel, &payload, signature.0, input).await {
						Ok((begun, work)) => {
							terms = begun;
							self.answer(&account, &mut terms, work).await?;
							let paid = account.standing().await.0;
							let (answers, fee) = (paid.answers, paid.fee);
							tracing::info!(channel, event = %"streamed", seq = payload.seq, answers, paid = %fee);
						}
						Err(refusal) => self.tell(&refusal).await?,
					}
				}
				ToMiner::Voucher(voucher) => {
					if let Err(error) = self.acknowledge(&account, &terms, voucher).await {
						self.tell(&refusal(&error)).await?;
					}
				}
				// The answer that it was meant for has ended meanwhile.
				ToMiner::Stop => {}
				ToMiner::Open { .. } => return Err(self.protocol("after the opening").await),
			}
		}
	}

	/// Tells a client that it made a mistake.
	pub(super) async fn protocol(&mut self, place: &str) -> End {
		let message = format!("that message makes no sense {place}");
		self.turn_away(&refused(RefusalCode::Protocol, &message)).await
	}

	async fn turn_away(&mut self, refusal: &ToClient) -> End {
		let _ = tokio::time::timeout(SAYING, self.tell(refusal)).await;
		End::Unpaid
	}

	/// Says it, and counts it where it is a refusal.
	pub(super) async fn tell(&mut self, message: &ToClient) -> Result<(), TalkError> {
		self.hall.metrics.said(message);
		self.talk.say(message).await
	}

	/// Takes a voucher, and counts what is paid with it.
	pub(super) async fn acknowledge(
		&self,
		account: &Account,
		terms: &ChannelTerms,
		voucher: Voucher,
	) -> Result<(), BookError> {
		let (before, now) = account.acknowledge(terms, voucher).await?;
		self.hall.metrics.paid(&before, &now);
		Ok(())
	}

	async fn open(
		&self,
		opening: &OpeningPayload,
		signature: [u8; 64],
		voucher: Option<Voucher>,
	) -> Result<(Arc<Account>, ChannelTerms), ToClient> {
		if opening.genesis != self.hall.ledger.genesis() {
			return Err(refused(RefusalCode::NotOpen, "this miner works for another chain"));
		}
		if opening.check_date(now_ms()).is_err() {
			let message = "the opening is dated more than a minute away; set the clock";
			return Err(refused(RefusalCode::Untimely, message));
		}
		let Terms { channel: terms, .. } = self.read(opening.channel).await?;
		if !opening.verify(&signature.into(), &terms.session_key) {
			return Err(refused(RefusalCode::BadSignature, "the channel's session key did not sign that"));
		}
		let account = self.hall.book.account(opening.channel).map_err(|error| refusal(&error.into()))?;
		if let Some(voucher) = voucher {
			let (before, now) = account.welcome(&terms, voucher).await.map_err(|error| refusal(&error))?;
			self.hall.metrics.paid(&before, &now);
		}
		Ok((account, terms))
	}

	/// The channel as the chain has it; read anew only when it may have changed.
	async fn find(&self, account: &Account, id: ChannelId) -> Result<Terms, ToClient> {
		let (known, changes) = account.terms();
		if let (Some(terms), Some(best)) = (known, self.hall.seen.best()) {
			if !is_near_end(terms.due, best) {
				return Ok(terms);
			}
		}
		let terms = self.read(id).await?;
		account.learn_terms(&terms, changes);
		Ok(terms)
	}

	/// The channel as the chain has it now.
	async fn read(&self, id: ChannelId) -> Result<Terms, ToClient> {
		let away = |_| refused(RefusalCode::Unavailable, "the miner can't read the chain now");
		let (channel, best) = self.hall.ledger.channel(id).await.map_err(away)?;
		let refuse = |message: &str| Err(refused(RefusalCode::NotOpen, message));
		let Some(channel) = channel else { return refuse("the miner's node knows no such channel") };
		let Channel { session_key, operator, model, rate, deposit, due, state, .. } = channel;
		if operator != self.hall.signer.account_id() {
			return refuse("the channel is with another miner");
		}
		if state != ChannelState::Open || is_near_end(due, best) {
			return refuse("the channel is closing or closed, or about to end");
		}
		let asked = self.hall.ledger.model(model).await.map_err(away)?;
		let Some(asked) = asked else { return refuse("the chain has no such model") };
		let genesis = self.hall.ledger.genesis();
		let channel =
			ChannelTerms { genesis, channel: id, operator, session_key, model_digest: asked.digest, rate, deposit };
		Ok(Terms { channel, due, model: asked })
	}

	/// Takes a request, and sets an engine to work on it.
	async fn begin(
		&self,
		account: &Account,
		id: ChannelId,
		request: &RequestPayload,
		signature: [u8; 64],
		input: Vec<u8>,
	) -> Result<(ChannelTerms, Work), ToClient> {
		let Terms { channel: mut terms, model, .. } = self.find(account, id).await?;
		check(&model, request, &input).map_err(|message| refused(RefusalCode::BadRequest, message))?;
		let Ok(slot) = self.hall.slots.clone().try_acquire_owned() else {
			return Err(refused(RefusalCode::NoSlot, "all of the miner's streams are taken; try again soon"));
		};
		let (workload, len) = (request.workload, u32::try_from(input.len()).unwrap_or(u32::MAX));
		// The client bounds the time by what passes there.
		let bounds = UsageBounds::new(model.template_tokens, &JobParams::of(workload), len, u32::MAX);
		let order = Order::new(&workload, model.digest, model.context_length, input.clone(), request.seed)
			.ok_or_else(|| refused(RefusalCode::BadRequest, "the workload can't be streamed"))?;
		let mut begun = account.begin(&terms, request, signature, now_ms()).await;
		if matches!(begun, Err(BookError::Refused(Refusal::Exhausted))) {
			// There may have been a top-up.
			account.forget_terms();
			terms = self.find(account, id).await?.channel;
			begun = account.begin(&terms, request, signature, now_ms()).await;
		}
		begun.map_err(|error| refusal(&error))?;
		let began = Instant::now();
		let (sink, pieces) = Sink::bounded(AHEAD);
		let (cancel, engines) = (CancellationToken::new(), self.hall.engines.clone());
		let (token, channel) = (cancel.clone(), id);
		let engine = tokio::spawn(async move {
			let passed = |engine: &'static str, error: &_| {
				tracing::warn!(channel, event = %"passed_over", engine, %error);
			};
			let made = engines.work(&order, &sink, &token, passed).await;
			// Only now is the engine free for another one.
			drop(slot);
			made.map(|(_, generation)| generation)
		});
		let most_bytes = usize::try_from(workload.max_output_bytes()).unwrap_or(usize::MAX);
		let mut work = Work { pieces, engine, cancel, bounds, most_bytes, began };
		// The engine works while the request is written down.
		tokio::task::yield_now().await;
		let asked = Line::Request { payload: request.clone(), signature: signature.into(), input };
		if let Err(error) = account.keep(&asked) {
			work.stop().await;
			account.abandon().await;
			return Err(refusal(&error));
		}
		Ok((terms, work))
	}
}

/// Whether nothing new is answered in a channel that ends in the block `due`.
fn is_near_end(due: BlockNumber, best: BlockNumber) -> bool {
	due.saturating_sub(best) <= super::closing::NEAR_END
}

/// What is wrong with a request, apart from its signature.
fn check(model: &Asked, request: &RequestPayload, input: &[u8]) -> Result<(), &'static str> {
	if u32::try_from(input.len()).map_or(true, |len| len > MAX_INPUT_BYTES) {
		return Err("the input is too long");
	}
	if payload_hash(input) != request.input_hash {
		return Err("the input has another hash than the request says");
	}
	if request.workload.sampling().is_none() {
		return Err("only chats and texts can be streamed");
	}
	request.workload.check(model.kind, model.context_length).map_err(|_| "a parameter is out of its bounds")
}

fn now_ms() -> u64 {
	let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
	u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
