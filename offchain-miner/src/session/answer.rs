//! One answer: from the engine to the client, an interval at a time, each paid before the next.

use std::{
	ops::ControlFlow,
	time::{Duration, Instant},
};

use millrace_client::session::{
	transcripts::Line,
	wire::{RefusalCode, ToClient, ToMiner},
	ChannelTerms, Refusal,
};
use millrace_primitives::{
	channel::CHECKPOINT_TOKENS, job::payload_hash, transcript, Checkpoint, FailCode, TranscriptEntry, Usage,
	UsageBounds, H256,
};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
	book::{signed, Account, BookError},
	visit::{refused, End, Visit},
};
use crate::{
	engines::{sink::Piece, EngineError, Generation},
	metrics::Streamed,
};

/// What was sent of an answer.
#[derive(Default)]
pub struct Part {
	output: Vec<u8>,
	entries: Vec<TranscriptEntry>,
	/// What it has taken; never less than before.
	pub usage: Usage,
	/// Tokens since the last checkpoint.
	since: u32,
	/// Bytes and tokens up to the last checkpoint.
	kept: (usize, usize),
}

impl Part {
	/// Hash of the bytes and root of the transcript.
	pub fn hashes(&self) -> (H256, H256) {
		(payload_hash(&self.output), transcript::root(&self.entries))
	}

	/// What was sent since the last checkpoint, for the record, with the next one.
	fn keep(&mut self, checkpoint: Checkpoint) -> Line {
		let (bytes, tokens) = self.kept;
		let (output, entries) = (self.output[bytes..].to_vec(), self.entries[tokens..].to_vec());
		self.kept = (self.output.len(), self.entries.len());
		self.since = 0;
		Line::Part { output, entries, checkpoint }
	}

	/// A piece goes out, with which the answer has taken `usage`.
	fn take(&mut self, piece: &Piece, usage: Usage) {
		self.output.extend_from_slice(&piece.bytes);
		self.entries.extend_from_slice(&piece.entries);
		self.since = self.since.saturating_add(u32::try_from(piece.entries.len()).unwrap_or(u32::MAX));
		self.usage = usage;
	}

	/// The usage when `now` is what the engine counts and so many tokens were sent: within the bounds that the client
	/// checks, and never less than before.
	fn usage_with(&self, now: &Usage, tokens: usize, work: &Work) -> Usage {
		let sent = u32::try_from(tokens).unwrap_or(u32::MAX);
		let now = work.bounds.clamp(now);
		// An engine may round up, or have another clock; the client looks at its own.
		let passed = u32::try_from(work.began.elapsed().as_millis()).unwrap_or(u32::MAX);
		Usage {
			input_tokens: now.input_tokens.max(self.usage.input_tokens),
			output_tokens: now.output_tokens.min(sent).max(self.usage.output_tokens),
			gpu_ms: now.gpu_ms.min(passed).max(self.usage.gpu_ms),
		}
	}
}

/// The engine at work on an answer.
pub struct Work {
	/// What it has made.
	pub pieces: mpsc::Receiver<Piece>,
	/// The engine.
	pub engine: JoinHandle<Result<Generation, EngineError>>,
	/// Stops it.
	pub cancel: CancellationToken,
	/// What the client will check the usage against.
	pub bounds: UsageBounds,
	/// Most bytes of the answer.
	pub most_bytes: usize,
	/// When the request had come.
	pub began: Instant,
}

impl Work {
	/// Waits until the engine has stopped, so that its slot is free for the client's next request.
	pub(super) async fn stop(&mut self) {
		self.cancel.cancel();
		self.pieces.close();
		if !self.engine.is_finished() {
			let _ = timeout(SAYING, &mut self.engine).await;
		}
	}
}

impl Drop for Work {
	fn drop(&mut self) {
		self.cancel.cancel();
	}
}

/// Bytes from which on a message goes out as it is, whatever else waits.
const MESSAGE: usize = 16_384;

/// Why a piece is not passed on.
enum Short {
	/// The answer may have no more bytes.
	Full,
	/// The deposit does not reach for it.
	Exhausted,
}

/// How an answer ends before its engine does.
enum Cut {
	/// The client has enough of it.
	Stopped,
	/// The conversation is over.
	End(End),
	/// Only the answer is over, and the client knows why.
	Told,
}

impl Visit<'_> {
	/// Streams an answer that was begun. `Err`: the conversation is over.
	pub(super) async fn answer(
		&mut self,
		account: &Account,
		terms: &mut ChannelTerms,
		mut work: Work,
	) -> Result<(), End> {
		let mut part = Part::default();
		let streamed = self.stream(account, terms, &mut work, &mut part).await;
		let done = match streamed {
			ControlFlow::Continue(()) => self.finish(account, terms, &mut work, &mut part).await,
			ControlFlow::Break(Cut::Stopped) => {
				work.cancel.cancel();
				work.pieces.close();
				self.checkpoint(account, terms, &mut part, true).await.map(|_| Streamed::Stopped)
			}
			ControlFlow::Break(Cut::Told) => Ok(Streamed::Failed),
			ControlFlow::Break(Cut::End(end)) => Err(end),
		};
		self.hall.metrics.answered(*done.as_ref().unwrap_or(&Streamed::Broken));
		// After the last checkpoint this changes nothing.
		account.abandon().await;
		work.stop().await;
		done.map(|_| ())
	}

	/// Passes on what the engine makes until it has made all of it.
	async fn stream(
		&mut self,
		account: &Account,
		terms: &mut ChannelTerms,
		work: &mut Work,
		part: &mut Part,
	) -> ControlFlow<Cut> {
		loop {
			let mut piece = tokio::select! {
				biased;
				() = account.closing.cancelled() => {
					let why = (RefusalCode::NotOpen, "the channel is being closed");
					return self.break_off(account, terms, part, why).await;
				}
				() = self.hall.cut.cancelled() => {
					let why = (RefusalCode::Draining, "the miner stops");
					return self.break_off(account, terms, part, why).await;
				}
				heard = self.talk.hear() => match heard {
					Ok(ToMiner::Stop) => return ControlFlow::Break(Cut::Stopped),
					// One that was sent before and got lost.
					Ok(ToMiner::Voucher(voucher)) => {
						let _ = self.acknowledge(account, terms, voucher).await;
						continue;
					}
					Ok(_) => return ControlFlow::Break(Cut::End(self.protocol("within an answer").await)),
					Err(error) => return ControlFlow::Break(Cut::End(error.into())),
				},
				piece = work.pieces.recv() => match piece {
					Some(piece) => piece,
					None => return ControlFlow::Continue(()),
				},
			};
			let mut batch = (Vec::new(), Vec::new());
			let cut = loop {
				if part.output.len().saturating_add(piece.bytes.len()) > work.most_bytes {
					break Some(Short::Full);
				}
				let tokens = part.entries.len().saturating_add(piece.entries.len());
				let usage = part.usage_with(&piece.usage, tokens, work);
				if !self.reaches(account, terms, &usage).await {
					break Some(Short::Exhausted);
				}
				part.take(&piece, usage);
				batch.0.extend(piece.bytes);
				batch.1.extend(piece.entries);
				if part.since >= CHECKPOINT_TOKENS || batch.0.len() >= MESSAGE {
					break None;
				}
				// What the engine has made meanwhile goes with it.
				match work.pieces.try_recv() {
					Ok(next) => piece = next,
					Err(_) => break None,
				}
			};
			let (bytes, entries) = batch;
			if !(bytes.is_empty() && entries.is_empty()) {
				if let Err(error) = self.talk.say(&ToClient::Piece { bytes, entries }).await {
					return ControlFlow::Break(Cut::End(error.into()));
				}
			}
			match cut {
				None => {}
				Some(Short::Full) => return ControlFlow::Break(Cut::Stopped),
				Some(Short::Exhausted) => {
					let why = (RefusalCode::Exhausted, &*Refusal::Exhausted.to_string());
					return self.break_off(account, terms, part, why).await;
				}
			}
			if part.since >= CHECKPOINT_TOKENS {
				match self.checkpoint(account, terms, part, false).await {
					Ok(false) => {}
					Ok(true) => return ControlFlow::Break(Cut::Stopped),
					Err(end) => return ControlFlow::Break(Cut::End(end)),
				}
			}
		}
	}

	/// Whether the deposit reaches, after a top-up that came meanwhile too.
	async fn reaches(&self, account: &Account, terms: &mut ChannelTerms, usage: &Usage) -> bool {
		if account.affords(terms, usage).await {
			return true;
		}
		if let Ok((Some(channel), _)) = self.hall.ledger.channel(terms.channel).await {
			terms.deposit = channel.deposit;
		}
		account.affords(terms, usage).await
	}

	/// Has what was sent paid, and says why no more is sent.
	async fn break_off(
		&mut self,
		account: &Account,
		terms: &ChannelTerms,
		part: &mut Part,
		(code, message): (RefusalCode, &str),
	) -> ControlFlow<Cut> {
		if part.since > 0 {
			if let Err(end) = self.checkpoint(account, terms, part, false).await {
				return ControlFlow::Break(Cut::End(end));
			}
		}
		ControlFlow::Break(match self.tell(&refused(code, message)).await {
			Ok(()) => Cut::Told,
			Err(error) => Cut::End(error.into()),
		})
	}

	/// The engine has made all of it, or nothing more.
	async fn finish(
		&mut self,
		account: &Account,
		terms: &ChannelTerms,
		work: &mut Work,
		part: &mut Part,
	) -> Result<Streamed, End> {
		let made = (&mut work.engine).await.unwrap_or_else(|_| Err(EngineError::engine("the engine panicked")));
		match made {
			Ok(whole) => {
				let usage = part.usage_with(&whole.usage, part.entries.len(), work);
				// Some servers count the prompt only now; what the deposit does not reach for is not asked.
				if account.affords(terms, &usage).await {
					part.usage = usage;
				}
				self.checkpoint(account, terms, part, true).await.map(|_| Streamed::Whole)
			}
			Err(EngineError { code, message }) => {
				tracing::warn!(channel = terms.channel, ?code, %message, "an answer came to nothing");
				// What went wrong here is for the owner; a client needs to know what it can change.
				let message = if code.fault() == millrace_primitives::Fault::Client || code == FailCode::ModelMissing {
					message
				} else {
					"the engine failed".into()
				};
				self.talk.say(&ToClient::Failed { code, message }).await?;
				Ok(Streamed::Failed)
			}
		}
	}

	/// Has what was sent counter-signed. Whether the client wants no more of it; `Err`: it was not signed, and the
	/// conversation is over.
	async fn checkpoint(
		&mut self,
		account: &Account,
		terms: &ChannelTerms,
		part: &mut Part,
		last: bool,
	) -> Result<bool, End> {
		let payload = match account.checkpoint(terms, part, last).await {
			Ok(payload) => payload,
			Err(error) => return Err(self.give_up(terms, &error).await),
		};
		let checkpoint: Checkpoint = signed(payload, &self.hall.signer);
		if let Err(error) = account.keep(&part.keep(checkpoint.clone())) {
			return Err(self.give_up(terms, &error).await);
		}
		self.talk.say(&ToClient::Checkpoint(checkpoint)).await?;
		let limit = self.hall.patience();
		match timeout(limit, self.voucher(account, terms)).await {
			Ok(stopped) => stopped,
			Err(_) => {
				let message = format!("no voucher within {} seconds", limit.as_secs());
				self.hall.metrics.late();
				let _ = timeout(SAYING, self.tell(&refused(RefusalCode::Late, &message))).await;
				Err(End::Unpaid)
			}
		}
	}

	/// Waits for the voucher. Whether the client wants no more.
	async fn voucher(&mut self, account: &Account, terms: &ChannelTerms) -> Result<bool, End> {
		let mut stopped = false;
		loop {
			match self.talk.hear().await? {
				ToMiner::Stop => stopped = true,
				ToMiner::Voucher(voucher) => {
					if let Err(error) = self.acknowledge(account, terms, voucher).await {
						return Err(self.give_up(terms, &error).await);
					}
					if account.standing().await.1.is_none() {
						return Ok(stopped);
					}
				}
				_ => return Err(self.protocol("instead of a voucher").await),
			}
		}
	}

	/// Tells why it does not go on.
	async fn give_up(&mut self, terms: &ChannelTerms, error: &BookError) -> End {
		let refusal = super::visit::refusal(error);
		tracing::warn!(channel = terms.channel, %error, "a session does not go on");
		let _ = timeout(SAYING, self.tell(&refusal)).await;
		End::Unpaid
	}
}

/// Last words may take so long.
pub(super) const SAYING: Duration = Duration::from_secs(5);
