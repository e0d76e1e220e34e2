//! The client's side over the network: a channel's answers, streamed and paid for as they come.

use std::{
	path::{Path, PathBuf},
	time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use codec::{Decode, DecodeAll, Encode};
use millrace_primitives::{
	channel::OpeningPayload, job::payload_hash, ChannelId, Checkpoint, FailCode, JobParams, RunningTotal,
	TranscriptEntry, Usage, UsageBounds, Voucher, Workload, H256,
};

use super::{
	network::{Network, NetworkError},
	opening::{self, counterpart, Counterpart, Opened, SHORT},
	partial::Partial,
	store::{Behind, Record, StoreError},
	talk::{Talk, TalkError},
	transcripts::{self, Line, Transcript},
	wire::{RefusalCode, ToClient, ToMiner},
	ChannelTerms, Fault, Payer,
};
use crate::{Client, Error, Signer};

/// So long may a miner be silent within an answer: it may have to load a model first.
const LONG: Duration = Duration::from_secs(180);

/// The first byte of a stored [`Payer`].
const FORMAT: u8 = 1;

/// Why a session can't go on, or an answer did not come.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
	/// The chain can't be read.
	#[error(transparent)]
	Chain(#[from] Error),
	/// The chain knows no such channel.
	#[error("there is no channel {0}, or it was forgotten")]
	UnknownChannel(ChannelId),
	/// Nothing can be asked in it any more.
	#[error("channel {0} is not open")]
	NotOpen(ChannelId),
	/// The channel was opened for another session key.
	#[error("channel {0} was opened with another session key")]
	WrongKey(ChannelId),
	/// The miner has not said where it can be reached.
	#[error("the miner of channel {0} has told the chain no address")]
	NoEndpoint(ChannelId),
	/// There is no connection to the miner.
	#[error(transparent)]
	Network(#[from] NetworkError),
	/// The connection to the miner broke. What was signed for stays owed; a new session goes on from there.
	#[error("the connection to the miner is gone: {0}")]
	Lost(#[from] TalkError),
	/// The miner does not do it. The session goes on unless it says [`RefusalCode::Protocol`] or [`RefusalCode::Late`].
	#[error("the miner refuses: {message}")]
	Refused {
		/// Why, for programs.
		code: RefusalCode,
		/// Why, for people.
		message: String,
	},
	/// The miner could not do it. The session goes on.
	#[error("the miner failed: {message}")]
	Failed {
		/// Whose fault it is, and which.
		code: FailCode,
		/// Why, for people.
		message: String,
	},
	/// The miner asked to be paid for something else than what it sent. Nothing was signed for it. Two checkpoints under
	/// one number are for [`crate::channel::report_equivocation`].
	#[error("the miner is not honest: {0}")]
	Dishonest(#[from] Fault),
	/// The miner sent what no answer can have.
	#[error("the miner broke the protocol: {0}")]
	Broken(&'static str),
	/// What was signed for can't be written down, so that nothing more is signed.
	#[error(transparent)]
	Store(#[from] StoreError),
	/// An earlier error ended this session; make a new one.
	#[error("this session has ended")]
	Ended,
}

impl SessionError {
	/// Whether further answers can be asked for in the same session.
	pub fn goes_on(&self) -> bool {
		match self {
			Self::Refused { code, .. } => {
				!matches!(code, RefusalCode::Protocol | RefusalCode::Late | RefusalCode::UsedNumber)
			}
			Self::Failed { .. } => true,
			_ => false,
		}
	}
}

/// A part of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
	/// The next characters; empty when only the sums have changed.
	pub text: String,
	/// The record of the tokens that have come since the last part: what they stand for is in this one's text or, cut off
	/// within a character, in a later one's.
	pub entries: Vec<TranscriptEntry>,
	/// What the answer has taken, as of its last checkpoint.
	pub usage: Usage,
	/// What the channel owes with it, as of the last voucher.
	pub total: RunningTotal,
	/// Whether the answer ends here, complete and paid.
	pub last: bool,
}

/// A client's session with a channel's miner. One at a time for a channel.
pub struct Session {
	talk: Talk<ToClient, ToMiner>,
	terms: ChannelTerms,
	template_tokens: u32,
	signer: Signer,
	payer: Payer,
	record: Behind,
	transcript: Transcript,
	/// What was asked and is not in the transcript yet.
	asked: Option<Line>,
	answer: Option<Partial>,
	ended: bool,
	/// The connection lives as long as this.
	_network: Network,
}

impl Session {
	/// Connects to the miner of an open channel, at the address and key that the chain has for it. `signer`: the channel's
	/// session key. What is signed for is kept in `folder`, in a file of this channel, before it is sent, and what is asked
	/// and answered in [`transcripts`], until the chain has forgotten the channel. What another
	/// program signed for with the same key is learned from the miner, which has the voucher.
	///
	/// # Errors
	///
	/// See [`SessionError`].
	pub async fn connect(
		client: &Client,
		channel: ChannelId,
		signer: Signer,
		folder: &Path,
	) -> Result<Self, SessionError> {
		let session = Self::begin(counterpart(client, channel).await?, signer, folder).await?;
		let (client, folder) = (client.clone(), chain_folder(folder, session.terms.genesis));
		tokio::spawn(async move {
			if let Err(error) = transcripts::sweep(&client, &folder).await {
				tracing::debug!(%error, "old transcripts can't be looked through now");
			}
		});
		Ok(session)
	}

	/// As [`Session::connect`], with what is known of the channel.
	///
	/// # Errors
	///
	/// See [`SessionError`].
	pub async fn begin(counterpart: Counterpart, signer: Signer, folder: &Path) -> Result<Self, SessionError> {
		let Counterpart { peer, addresses, terms, template_tokens } = counterpart;
		if signer.account_id() != terms.session_key {
			return Err(SessionError::WrongKey(terms.channel));
		}
		let (folder, name) = (chain_folder(folder, terms.genesis), file_name(terms.channel));
		let channel = terms.channel;
		// The record first: it is locked.
		let open = move || Ok((Record::open(&folder, &name)?, Transcript::open(&folder, channel)?));
		let ((record, bytes), transcript) = blocking(open).await?;
		let mut payer = match &bytes {
			Some(bytes) => decode(bytes).ok_or_else(|| record.corrupt())?,
			None => Payer::default(),
		};
		let mut record = Behind::new(record);
		let opening = OpeningPayload { genesis: terms.genesis, channel: terms.channel, issued_at: now_ms() };
		let signature = signer.sign(&opening.signing_hash()).into();
		let opening = ToMiner::Open { opening, signature, voucher: payer.voucher().cloned() };
		let Opened { network, talk, seq, voucher } = opening::open(peer, addresses, &opening).await?;
		if payer.meet(&terms, seq, voucher)? {
			record.put(&encode(&payer))?;
		}
		let (asked, answer, ended) = (None, None, false);
		Ok(Self {
			talk,
			terms,
			template_tokens,
			signer,
			payer,
			record,
			transcript,
			asked,
			answer,
			ended,
			_network: network,
		})
	}

	/// What the chain says of the channel, as of the connection or the last [`Session::refresh`].
	pub fn terms(&self) -> &ChannelTerms {
		&self.terms
	}

	/// What was signed for in this channel, in all sessions together.
	pub fn total(&self) -> RunningTotal {
		self.payer.owed()
	}

	/// The last voucher: what the channel is closed with.
	pub fn voucher(&self) -> Option<&Voucher> {
		self.payer.voucher()
	}

	/// Reads the deposit anew, after a top-up.
	///
	/// # Errors
	///
	/// As [`Session::connect`].
	pub async fn refresh(&mut self, client: &Client) -> Result<(), SessionError> {
		self.terms = counterpart(client, self.terms.channel).await?.terms;
		Ok(())
	}

	/// Asks for an answer: a chat's or a text's. `seed`: what its sampler draws by. An answer that was dropped before its
	/// end is stopped and paid up to there first.
	///
	/// # Errors
	///
	/// See [`SessionError`]. A refusal comes with the answer's first part.
	pub async fn ask(&mut self, workload: Workload, seed: u64, input: Vec<u8>) -> Result<Answer<'_>, SessionError> {
		if self.ended {
			return Err(SessionError::Ended);
		}
		if self.answer.is_some() {
			self.stop_answer().await?;
		}
		// Not stored: a number is used twice by nobody, for the miner says at the beginning which was the last.
		let payload = self.payer.ask(&self.terms, workload, seed, payload_hash(&input), now_ms());
		let len = u32::try_from(input.len()).unwrap_or(u32::MAX);
		// The time is bounded by what passes here, not by blocks.
		let bounds = UsageBounds::new(self.template_tokens, &JobParams::of(workload), len, u32::MAX);
		let signature = self.signer.sign(&payload.signing_hash()).into();
		let began = Instant::now();
		let asked = Line::Request { payload: payload.clone(), signature, input: input.clone() };
		self.say(&ToMiner::Request { payload, signature, input })?;
		self.asked = Some(asked);
		let most_bytes = usize::try_from(workload.max_output_bytes()).unwrap_or(usize::MAX);
		self.answer = Some(Partial::new(began, bounds, most_bytes));
		Ok(Answer { session: self })
	}

	/// Ends the session, and an answer that is under way. What was received is paid.
	///
	/// # Errors
	///
	/// See [`SessionError`]; the session is over all the same.
	pub async fn stop(mut self) -> Result<RunningTotal, SessionError> {
		if self.answer.is_some() && !self.ended {
			self.stop_answer().await?;
		}
		self.record.settle().await?;
		self.talk.finish(SHORT).await;
		Ok(self.payer.owed())
	}

	fn say(&mut self, message: &ToMiner) -> Result<(), SessionError> {
		let said = self.talk.say_now(message);
		self.ended |= said.is_err();
		Ok(said?)
	}

	/// Stores a changed [`Payer`]; only then may be sent what it has returned.
	async fn keep(&mut self, payer: Payer) -> Result<(), SessionError> {
		self.record.put(&encode(&payer))?;
		self.payer = payer;
		Ok(())
	}

	/// Has the answer under way ended, and pays for what came of it.
	async fn stop_answer(&mut self) -> Result<(), SessionError> {
		self.say(&ToMiner::Stop)?;
		loop {
			match self.advance(SHORT).await {
				Ok(Some(_)) => {}
				Ok(None) => return Ok(()),
				Err(error) if error.goes_on() => return Ok(()),
				Err(error) => return Err(error),
			}
		}
	}

	/// The next part of the answer under way; `None` when there is none.
	async fn advance(&mut self, patience: Duration) -> Result<Option<Delta>, SessionError> {
		if self.ended {
			return Err(SessionError::Ended);
		}
		let done = self.try_advance(patience).await;
		if let Err(error) = &done {
			self.answer = None;
			self.ended = !error.goes_on();
		}
		done
	}

	async fn try_advance(&mut self, patience: Duration) -> Result<Option<Delta>, SessionError> {
		if self.asked.is_some() {
			// The request goes out first: the miner works while it is written down.
			tokio::task::yield_now().await;
		}
		if let Some(asked) = self.asked.take() {
			self.transcript.add(&asked)?;
		}
		loop {
			let Some(open) = &mut self.answer else { return Ok(None) };
			if let Some(checkpoint) = open.unpaid.clone() {
				return self.pay(checkpoint).await.map(Some);
			}
			match self.talk.hear_within(patience).await? {
				ToClient::Piece { bytes, entries } => {
					open.take(&bytes, entries)?;
					let text = open.text(false);
					if !text.is_empty() {
						let (entries, usage) = (open.news(), open.usage);
						return Ok(Some(Delta { text, entries, usage, total: self.payer.owed(), last: false }));
					}
				}
				ToClient::Checkpoint(checkpoint) => open.unpaid = Some(checkpoint),
				ToClient::Refused { code, message } => return Err(SessionError::Refused { code, message }),
				ToClient::Failed { code, message } => return Err(SessionError::Failed { code, message }),
				ToClient::Ready { .. } => return Err(SessionError::Broken("ready within an answer")),
			}
		}
	}

	/// Signs for a checkpoint that says what was received.
	async fn pay(&mut self, checkpoint: Checkpoint) -> Result<Delta, SessionError> {
		let Some(open) = &mut self.answer else { return Err(SessionError::Broken("a checkpoint of no answer")) };
		let payload = self.payer.check(&self.terms, &open.bounds, &checkpoint, &open.received())?;
		let (usage, last) = (checkpoint.payload.usage, checkpoint.payload.last);
		let (output, entries) = open.part();
		self.transcript.add(&Line::Part { output, entries, checkpoint: checkpoint.clone() })?;
		let mut payer = self.payer.clone();
		let voucher = payer.sign(checkpoint, self.signer.sign(&payload.signing_hash()));
		self.keep(payer).await?;
		// From here to the end nothing waits, so that nothing can come in between.
		self.say(&ToMiner::Voucher(voucher))?;
		let (text, entries) = match &mut self.answer {
			Some(open) => {
				(open.unpaid, open.usage) = (None, usage);
				(open.text(last), open.news())
			}
			None => (String::new(), Vec::new()),
		};
		if last {
			self.answer = None;
		}
		Ok(Delta { text, entries, usage, total: self.payer.owed(), last })
	}
}

/// An answer under way. When it is dropped before its end the miner waits after at most
/// [`CHECKPOINT_TOKENS`](millrace_primitives::channel::CHECKPOINT_TOKENS) tokens, and gives up soon; what came until then
/// is paid with the next question or [`Session::stop`].
pub struct Answer<'a> {
	session: &'a mut Session,
}

impl Answer<'_> {
	/// The next part; `None` after the last one, which has [`Delta::last`] set. Nothing is lost when this is dropped.
	///
	/// # Errors
	///
	/// See [`SessionError`]. The answer is over then.
	pub async fn next(&mut self) -> Result<Option<Delta>, SessionError> {
		self.session.advance(LONG).await
	}

	/// Has the miner stop here, and pays for what it sent.
	///
	/// # Errors
	///
	/// See [`SessionError`].
	pub async fn stop(self) -> Result<RunningTotal, SessionError> {
		if self.session.answer.is_some() {
			self.session.stop_answer().await?;
		}
		Ok(self.session.total())
	}

	/// All of it that is still to come, as text, and what the answer took.
	///
	/// # Errors
	///
	/// See [`SessionError`].
	pub async fn whole(mut self) -> Result<(String, Usage), SessionError> {
		let (mut text, mut usage) = (String::new(), Usage::default());
		while let Some(delta) = self.next().await? {
			text.push_str(&delta.text);
			usage = delta.usage;
		}
		Ok((text, usage))
	}
}

/// The last voucher that a session in `folder` signed for a channel; without a session, and while another one runs.
///
/// # Errors
///
/// [`StoreError::Io`] and [`StoreError::Corrupt`].
pub fn last_voucher(folder: &Path, genesis: H256, channel: ChannelId) -> Result<Option<Voucher>, StoreError> {
	let path: PathBuf = chain_folder(folder, genesis).join(file_name(channel));
	let Some(bytes) = super::store::read(&path)? else { return Ok(None) };
	Ok(decode(&bytes).ok_or(StoreError::Corrupt { path })?.voucher().cloned())
}

/// Where the files of a chain's channels are.
pub fn chain_folder(folder: &Path, genesis: H256) -> PathBuf {
	folder.join(hex::encode(genesis))
}

fn file_name(channel: ChannelId) -> String {
	format!("channel-{channel}")
}

fn encode(payer: &Payer) -> Vec<u8> {
	(FORMAT, payer).encode()
}

fn decode(bytes: &[u8]) -> Option<Payer> {
	let mut rest = bytes;
	let format = u8::decode(&mut rest).ok()?;
	(format == FORMAT).then(|| Payer::decode_all(&mut rest).ok())?
}

/// Files are waited for elsewhere.
async fn blocking<T: Send + 'static>(
	work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, SessionError> {
	match tokio::task::spawn_blocking(work).await {
		Ok(done) => Ok(done?),
		Err(_) => Err(SessionError::Ended),
	}
}

fn now_ms() -> u64 {
	let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
	u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
