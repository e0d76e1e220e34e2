//! Where answers come from, whatever makes them: pieces, and an end that says what was paid.

use std::time::Duration;

use futures::{future::BoxFuture, stream::BoxStream, StreamExt};
use millrace_client::{Error, JobRequest, Model};
use millrace_primitives::{Balance, ChannelId, FailCode, JobId, TranscriptEntry, Usage, UsageBounds};
use serde_json::{json, Value};
use tokio_util::sync::CancellationToken;

use crate::{access::Caller, rate::Allowance, store::OverBudget};

/// A part of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delta {
	/// The record of the next tokens, where it was asked for. Their bytes are in the next pieces.
	Tokens(Vec<TranscriptEntry>),
	/// More bytes of it; a character can be cut in two.
	Piece(Vec<u8>),
	/// A function that the model calls.
	Call(Call),
	/// Nothing comes after this.
	End(End),
}

/// A function that the model calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
	/// What its result refers to.
	pub id: String,
	/// The function's.
	pub name: String,
	/// A JSON object, as the model wrote it.
	pub arguments: String,
}

/// How an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
	/// What gave it.
	pub source: Source,
	/// What it took.
	pub usage: Usage,
	/// Plancks paid.
	pub fee: Balance,
	/// Why nothing comes any more.
	pub finish: Finish,
}

/// What gave an answer: where its receipt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
	/// A job on chain.
	Job(JobId),
	/// A channel; its receipt covers all of its answers.
	Channel(ChannelId),
}

impl Source {
	/// The job.
	pub const fn job(self) -> Option<JobId> {
		match self {
			Self::Job(job) => Some(job),
			Self::Channel(_) => None,
		}
	}
}

impl End {
	/// What is ours to say of an answer: where its receipt is, and what it cost in plancks.
	pub fn note(&self) -> Value {
		let (name, number) = match self.source {
			Source::Job(job) => ("job", job),
			Source::Channel(channel) => ("channel", channel),
		};
		json!({ name: number, "fee": self.fee.to_string() })
	}
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
	/// The model had said all.
	Stop,
	/// It reached the limit that was asked for.
	Length,
}

impl Finish {
	/// OpenAI's `finish_reason` and Ollama's `done_reason`.
	pub const fn name(self) -> &'static str {
		match self {
			Self::Stop => "stop",
			Self::Length => "length",
		}
	}
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
	/// What it says.
	pub output: Vec<u8>,
	/// The record of its tokens, where it was asked for.
	pub tokens: Vec<TranscriptEntry>,
	/// What it calls.
	pub calls: Vec<Call>,
	/// How it ended.
	pub end: End,
}

impl Answer {
	/// What it says, as text.
	pub fn text(&self) -> String {
		String::from_utf8_lossy(&self.output).into_owned()
	}
}

/// An answer as it is made. Ends after [`Delta::End`] or an error. Who drops it is still charged for what is made.
pub type Deltas = BoxStream<'static, Result<Delta, NoAnswer>>;

/// What is asked of a backend.
#[derive(Clone, Debug)]
pub struct Order {
	/// The model's name.
	pub model: String,
	/// The job that it is, or would be, on chain.
	pub request: JobRequest,
	/// What its sampler draws by, where the client gives it: no job can have that.
	pub seed: Option<u64>,
	/// The texts that end it.
	pub stop: Vec<String>,
	/// Whether the record of its tokens is wanted: no job can have that.
	pub logprobs: bool,
	/// Most tokens that it can take, those of the prompt included.
	pub most_tokens: u32,
	/// What it has taken of its key's tokens.
	pub allowance: Allowance,
	/// Cancelled when no more of it is wanted.
	pub enough: CancellationToken,
}

impl Order {
	/// A job, without more wishes.
	pub fn new(model: &Model, request: JobRequest) -> Self {
		let length = u32::try_from(request.input.len()).unwrap_or(u32::MAX);
		let bounds = UsageBounds::new(model.template_tokens, &request.params, length, u32::MAX);
		Self {
			model: model.name.clone(),
			request,
			seed: None,
			stop: Vec::new(),
			logprobs: false,
			most_tokens: bounds.input_tokens.saturating_add(bounds.output_tokens),
			allowance: Allowance::default(),
			enough: CancellationToken::new(),
		}
	}

	/// As many orders of the same, each with a seed of its own: the first one's and those after it. Each ends by itself.
	pub fn copies(self, count: u32) -> Vec<Self> {
		let copy = |index: u32| Self {
			seed: self.seed.map(|seed| seed.wrapping_add(index.into())),
			enough: CancellationToken::new(),
			..self.clone()
		};
		(0..count).map(copy).collect()
	}
}

/// Makes answers.
pub trait Backend: Send + Sync {
	/// Begins answers to orders that differ in their seeds alone, on behalf of `caller`, whose limits have been looked at:
	/// one for each, in their order, or none. What fails may be tried with another miner by the backend itself, but only
	/// before the first piece: a client is never shown two beginnings.
	fn answers<'a>(&'a self, caller: &'a Caller, orders: Vec<Order>) -> BoxFuture<'a, Result<Vec<Deltas>, NoAnswer>>;
}

/// Why there is no answer.
#[derive(Clone, Debug)]
pub enum NoAnswer {
	/// The chain refused, or can't be reached.
	Chain(std::sync::Arc<Error>),
	/// The request is at fault, says the miner.
	BadRequest(FailCode),
	/// All attempts failed, the last one for this reason; `None`: silence.
	Failed(Option<FailCode>),
	/// No miner took it in time.
	Expired,
	/// Somebody withdrew it.
	Cancelled,
	/// It was answered, and the answer was pruned before it could be read.
	Pruned {
		/// The job.
		job: JobId,
		/// Plancks paid.
		fee: Balance,
	},
	/// The API key has no money left for it.
	OverBudget(OverBudget),
	/// It broke off after its first piece; what came was paid up to the last checkpoint.
	Broken(String),
	/// The client gives a seed, and no channel could be had: the chain gives jobs theirs.
	Seeded,
	/// The client wants the record of the tokens, and no channel could be had: what jobs keep on chain is its hash.
	Unrecorded,
	/// The API key has no tokens left for it in this minute.
	TooManyTokens {
		/// Tokens a minute.
		limit: u32,
		/// What this may take.
		needed: u32,
		/// How long to wait; `None`: it is more than a minute's.
		retry: Option<Duration>,
	},
	/// One of several answers to a request failed, and the others ended with it.
	OneOf {
		/// Which, from 0.
		index: usize,
		/// How many they were.
		count: usize,
		/// Why.
		why: Box<NoAnswer>,
	},
	/// So many answers are under way that no other one is begun.
	Busy,
	/// The gateway's own records can't be written or read.
	Store(String),
}

impl NoAnswer {
	/// Whether something may have been paid all the same.
	pub fn may_be_paid(&self) -> bool {
		match self {
			Self::Broken(_) | Self::Pruned { .. } | Self::OneOf { .. } | Self::Store(_) => true,
			// What it was asked to post may be in a block.
			Self::Chain(error) => !matches!(**error, Error::Dispatch { .. } | Error::InsufficientFunds),
			_ => false,
		}
	}

	/// Nothing came any more, and no reason.
	pub fn broke_off() -> Self {
		Error::Connection("the answer broke off".into()).into()
	}
}

impl From<Error> for NoAnswer {
	fn from(error: Error) -> Self {
		Self::Chain(std::sync::Arc::new(error))
	}
}

/// Waits for a whole answer.
///
/// # Errors
///
/// The backend's.
pub async fn whole(mut deltas: Deltas) -> Result<Answer, NoAnswer> {
	let (mut output, mut tokens, mut calls) = (Vec::new(), Vec::new(), Vec::new());
	while let Some(delta) = deltas.next().await {
		match delta? {
			Delta::Tokens(more) => tokens.extend(more),
			Delta::Piece(piece) => output.extend(piece),
			Delta::Call(call) => calls.push(call),
			Delta::End(end) => return Ok(Answer { output, tokens, calls, end }),
		}
	}
	Err(NoAnswer::broke_off())
}

/// Puts text together whose characters may be cut in two.
#[derive(Debug, Default)]
pub struct Text {
	rest: Vec<u8>,
}

impl Text {
	/// The text that `piece` completes. What is no UTF-8 at all is replaced.
	pub fn push(&mut self, piece: &[u8]) -> String {
		self.rest.extend_from_slice(piece);
		let complete = match std::str::from_utf8(&self.rest) {
			Ok(_) => self.rest.len(),
			// Without a length the end may be a beginning.
			Err(error) if error.error_len().is_none() => error.valid_up_to(),
			Err(_) => self.rest.len().saturating_sub(unfinished(&self.rest)),
		};
		let rest = self.rest.split_off(complete);
		String::from_utf8_lossy(&std::mem::replace(&mut self.rest, rest)).into_owned()
	}

	/// What is left when nothing comes any more.
	pub fn finish(self) -> String {
		String::from_utf8_lossy(&self.rest).into_owned()
	}
}

/// Bytes at the end that begin a character.
fn unfinished(bytes: &[u8]) -> usize {
	(1..=3.min(bytes.len()))
		.find(|count| {
			let end = &bytes[bytes.len().saturating_sub(*count)..];
			std::str::from_utf8(end).is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
		})
		.unwrap_or(0)
}

#[cfg(test)]
pub mod fake {
	//! A backend that says what it is told to.

	use millrace_primitives::{AccountId32, Alternative, JobParams, ModelKind, Sampling, Workload, H256};

	use super::*;

	/// Says the same pieces to everybody, or fails.
	pub struct Fake(pub Vec<Result<Delta, NoAnswer>>);

	/// A model of nobody's.
	pub fn model() -> Model {
		Model {
			id: 0,
			owner: AccountId32::new([0; 32]),
			name: "tiny".into(),
			kind: ModelKind::Text,
			digest: H256::zero(),
			template_hash: H256::zero(),
			context_length: 512,
			template_tokens: 16,
			deposit: 0,
			retired: false,
		}
	}

	/// A short chat with it.
	pub fn order() -> Order {
		let params = JobParams::of(Workload::Chat(Sampling::greedy(5)));
		let input = b"hi".to_vec();
		Order::new(&model(), JobRequest { model: 0, input, params, max_fee: 1, miner: None })
	}

	/// The record of a token that stands for `text`.
	pub fn token(text: &str) -> TranscriptEntry {
		let top = vec![Alternative { token: 3, logprob: -250_000 }, Alternative { token: 8, logprob: -1_500_000 }];
		TranscriptEntry { token: 3, bytes: text.as_bytes().to_vec(), logprob: -250_000, top }
	}

	impl Fake {
		/// Pieces of text, and an end.
		pub fn says(pieces: &[&str]) -> Self {
			let mut deltas: Vec<_> = pieces.iter().map(|piece| Ok(Delta::Piece(piece.as_bytes().to_vec()))).collect();
			deltas.push(Ok(Delta::End(end())));
			Self(deltas)
		}
	}

	/// 5 tokens in, 2 out, 30 ms, 9 plancks.
	pub fn end() -> End {
		let usage = Usage { input_tokens: 5, output_tokens: 2, gpu_ms: 30 };
		End { source: Source::Job(7), usage, fee: 9, finish: Finish::Stop }
	}

	impl Backend for Fake {
		fn answers<'a>(&'a self, _: &'a Caller, orders: Vec<Order>) -> BoxFuture<'a, Result<Vec<Deltas>, NoAnswer>> {
			let said = || futures::stream::iter(self.0.clone()).boxed();
			let all = orders.iter().map(|_| said()).collect();
			Box::pin(async move { Ok(all) })
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn text_should_hold_a_cut_character_back_until_it_is_whole() {
		let mut text = Text::default();
		let euro = "€".as_bytes();
		assert_eq!(text.push(b"a"), "a");
		assert_eq!(text.push(&euro[..2]), "");
		assert_eq!(text.push(&[euro[2], b'b']), "€b");
		assert_eq!(text.push(&[0xff, b'c', euro[0]]), "\u{fffd}c");
		assert_eq!(text.finish(), "\u{fffd}");
	}

	#[test]
	fn copies_should_have_seeds_one_after_another_and_end_by_themselves() {
		let order = Order { seed: Some(u64::MAX), ..fake::order() };
		let copies = order.copies(3);
		assert_eq!(copies.iter().map(|copy| copy.seed).collect::<Vec<_>>(), [Some(u64::MAX), Some(0), Some(1)]);
		copies[1].enough.cancel();
		assert!(!copies[0].enough.is_cancelled() && !copies[2].enough.is_cancelled());
		assert!(fake::order().copies(2).iter().all(|copy| copy.seed.is_none()));
	}

	#[test]
	fn order_should_know_the_most_tokens_that_it_can_take() {
		// 2 bytes, 16 of the template, 5 of the answer.
		assert_eq!(fake::order().most_tokens, 23);
	}

	#[tokio::test]
	async fn whole_should_put_the_pieces_together() {
		let fake = fake::Fake::says(&["17 + 25", " = 42"]);
		let answer = whole(futures::stream::iter(fake.0).boxed()).await.unwrap();
		assert_eq!((answer.output.as_slice(), answer.end), (&b"17 + 25 = 42"[..], fake::end()));
	}

	#[tokio::test]
	async fn whole_should_fail_when_the_answer_breaks_off() {
		let broken = vec![Ok(Delta::Piece(b"17".to_vec()))];
		assert!(matches!(whole(futures::stream::iter(broken).boxed()).await, Err(NoAnswer::Chain(_))));
	}
}
