//! What the engines that talk to a server over HTTP share.

use std::{future::Future, time::Duration};

use futures::{Stream, StreamExt};
use millrace_client::conversation::{self, Conversation, Form, Message, Role};
use millrace_primitives::FailCode;
use tokio::time::timeout;

use super::{EngineError, Prompt, Request};

/// Answers to everything but a generation come within this time. Short, since another engine may have the model.
pub(super) const SHORT: Duration = Duration::from_secs(5);

/// A server that has said its last word ends its answer within this time, or loses the connection.
const READING_OFF: Duration = Duration::from_secs(1);

/// Longest line of a streamed answer; a longer one makes no sense.
const MAX_LINE: usize = 1 << 20;

/// More tokens than a chat template adds.
const TEMPLATE_TOKENS: usize = 256;

/// Most characters of a server's words that are repeated.
const MAX_WORDS: usize = 300;

/// A client that goes where the configuration says and nowhere else.
pub(super) fn client() -> reqwest::ClientBuilder {
	reqwest::Client::builder().connect_timeout(SHORT).redirect(reqwest::redirect::Policy::none())
}

/// `work`, given up after `limit`.
pub(super) async fn within<T>(
	limit: Option<Duration>,
	work: impl Future<Output = Result<T, EngineError>>,
) -> Result<T, EngineError> {
	let Some(limit) = limit else { return work.await };
	timeout(limit, work).await.unwrap_or_else(|_| {
		Err(EngineError::new(FailCode::Timeout, format!("no answer within {} seconds", limit.as_secs())))
	})
}

/// Puts a stream's pieces together to lines.
#[derive(Default)]
pub(super) struct Lines {
	buffer: Vec<u8>,
}

impl Lines {
	/// Takes the next piece.
	pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), EngineError> {
		self.buffer.extend_from_slice(piece);
		let tail = self.buffer.iter().rev().take_while(|byte| **byte != b'\n').count();
		if tail > MAX_LINE {
			return Err(EngineError::engine("the server's answer has no end of line"));
		}
		Ok(())
	}

	/// The next whole line, its end included.
	pub(super) fn next(&mut self) -> Option<Vec<u8>> {
		let end = self.buffer.iter().position(|byte| *byte == b'\n')?;
		Some(self.buffer.drain(..=end).collect())
	}
}

/// Reads what comes after a server's last word, beside everything else: only then can its connection be used again.
pub(super) fn read_off<T: Send>(mut rest: impl Stream<Item = reqwest::Result<T>> + Send + Unpin + 'static) {
	tokio::spawn(timeout(READING_OFF, async move { while let Some(Ok(_)) = rest.next().await {} }));
}

/// The start of what a server says, in one line.
pub(super) fn words(text: &str) -> String {
	text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_WORDS).collect()
}

/// Whether a refusal speaks of the context, for any of the known servers.
pub(super) fn speaks_of_context(text: &str) -> bool {
	contains(text, &["context length", "context window", "context size", "maximum model length", "max_new_tokens"])
}

/// Whether a refusal speaks of memory.
pub(super) fn speaks_of_memory(text: &str) -> bool {
	contains(text, &["out of memory", "more system memory", "cudamalloc", "outofmemoryerror"])
}

fn contains(text: &str, words: &[&str]) -> bool {
	let text = text.to_lowercase();
	words.iter().any(|word| text.contains(word))
}

/// Whether prompt and answer surely fit what is registered: no token is shorter than a byte, so that only the
/// template's are not counted in the input's bytes.
pub(super) fn surely_fits(request: &Request) -> bool {
	let most = request.input.len().saturating_add(TEMPLATE_TOKENS);
	let most = u32::try_from(most).unwrap_or(u32::MAX).saturating_add(request.sampling.max_tokens);
	most <= request.context_length
}

/// The input as text, without anything that the model would take for more than text.
pub(super) fn text_of<'a>(
	input: &'a [u8],
	vocabulary: Option<&super::vocabulary::Vocabulary>,
) -> Result<&'a str, EngineError> {
	let bad = |why: String| EngineError::new(FailCode::BadInput, why);
	let text = std::str::from_utf8(input).map_err(|_| bad("the input is not UTF-8".into()))?;
	// Servers parse control tokens wherever they stand, so that a user could leave the user's turn.
	match vocabulary.and_then(|vocabulary| vocabulary.special_in(text)) {
		Some(special) => Err(bad(format!("the input has the control token {special}"))),
		None => Ok(text),
	}
}

/// What a model is asked, without anything that it would take for more than words.
#[derive(Clone, Debug)]
pub(super) enum Said<'a> {
	/// In the model's chat template; the answer is held to the form.
	Messages(Vec<Message>, Option<Form>),
	/// As it is.
	Text(&'a str),
}

impl Said<'_> {
	/// What the answer is held to.
	pub(super) fn form(&self) -> Option<&Form> {
		match self {
			Self::Messages(_, form) => form.as_ref(),
			Self::Text(_) => None,
		}
	}
}

/// What a request says.
pub(super) fn said<'a>(
	request: &'a Request,
	vocabulary: Option<&super::vocabulary::Vocabulary>,
) -> Result<Said<'a>, EngineError> {
	match request.prompt {
		Prompt::Generate => Ok(Said::Text(text_of(&request.input, vocabulary)?)),
		Prompt::Chat => Ok(Said::Messages(vec![Message::new(Role::User, text_of(&request.input, vocabulary)?)], None)),
		Prompt::Conversation => {
			let Conversation { messages, form } = conversation_of(&request.input)?;
			for message in &messages {
				text_of(message.content.as_bytes(), vocabulary)?;
			}
			Ok(Said::Messages(messages, form))
		}
	}
}

/// What a conversation's input says.
pub(super) fn conversation_of(input: &[u8]) -> Result<Conversation, EngineError> {
	conversation::parse(input).map_err(|error| EngineError::new(FailCode::BadInput, error.to_string()))
}

/// Whether `input` tokens of the prompt and the answer's allowance fit what is registered.
pub(super) fn check_context(request: &Request, input: u32) -> Result<(), EngineError> {
	check_tokens(input.saturating_add(request.sampling.max_tokens), request.context_length)
}

/// Whether so many tokens, of a prompt and an answer if there is one, fit a context.
pub(super) fn check_tokens(wanted: u32, context_length: u32) -> Result<(), EngineError> {
	if wanted > context_length {
		let message = format!("{wanted} tokens of prompt and answer; the model takes {context_length}");
		return Err(EngineError::new(FailCode::ContextTooLong, message));
	}
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn lines_should_be_whole_when_they_come_in_pieces() {
		let mut lines = Lines::default();
		lines.push(b"on").unwrap();
		assert_eq!(lines.next(), None);
		lines.push(b"e\ntwo\nthr").unwrap();
		assert_eq!(lines.next().unwrap(), b"one\n");
		assert_eq!(lines.next().unwrap(), b"two\n");
		assert_eq!(lines.next(), None);
	}

	#[test]
	fn push_should_be_refused_when_a_line_has_no_end() {
		let mut lines = Lines::default();
		lines.push(&vec![b'x'; MAX_LINE]).unwrap();
		assert_eq!(lines.push(b"x").unwrap_err().code, FailCode::EngineError);
	}
}
