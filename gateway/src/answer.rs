//! Where answers come from, whatever makes them: pieces, and an end that says what was paid.

use futures::{future::BoxFuture, stream::BoxStream, StreamExt};
use millrace_client::{Error, JobRequest};
use millrace_primitives::{Balance, ChannelId, FailCode, JobId, Usage};
use serde_json::{json, Value};
use tokio_util::sync::CancellationToken;

use crate::{access::Caller, store::OverBudget};

/// A part of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delta {
	/// More bytes of it; a character can be cut in two.
	Piece(Vec<u8>),
	/// Nothing comes after this.
	End(End),
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
	/// Cancelled when no more of it is wanted.
	pub enough: CancellationToken,
}

impl Order {
	/// A job, without more wishes.
	pub fn new(model: String, request: JobRequest) -> Self {
		Self { model, request, seed: None, stop: Vec::new(), enough: CancellationToken::new() }
	}
}

/// Makes answers.
pub trait Backend: Send + Sync {
	/// Begins an answer on behalf of `caller`, whose limits have been looked at. What fails may be tried with another miner
	/// by the backend itself, but only before the first piece: a client is never shown two beginnings.
	fn answer<'a>(&'a self, caller: &'a Caller, order: Order) -> BoxFuture<'a, Result<Deltas, NoAnswer>>;
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
	/// So many answers are under way that no other one is begun.
	Busy,
	/// The gateway's own records can't be written or read.
	Store(String),
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
	let mut output = Vec::new();
	while let Some(delta) = deltas.next().await {
		match delta? {
			Delta::Piece(piece) => output.extend(piece),
			Delta::End(end) => return Ok(Answer { output, end }),
		}
	}
	Err(Error::Connection("the answer broke off".into()).into())
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

	use super::*;

	/// Says the same pieces to everybody, or fails.
	pub struct Fake(pub Vec<Result<Delta, NoAnswer>>);

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
		fn answer<'a>(&'a self, _: &'a Caller, _: Order) -> BoxFuture<'a, Result<Deltas, NoAnswer>> {
			let deltas = futures::stream::iter(self.0.clone()).boxed();
			Box::pin(async move { Ok(deltas) })
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
