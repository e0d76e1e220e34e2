//! One slot: a context of a model and the loop from prompt to answer.

use std::{
	num::NonZeroU32,
	time::{Duration, Instant},
};

use llama_cpp_2::{
	context::{params::LlamaContextParams, LlamaContext},
	llama_batch::LlamaBatch,
	model::LlamaModel,
	token::LlamaToken,
};
use millrace_primitives::{job::MAX_OUTPUT_BYTES, FailCode, TranscriptEntry, Usage};
use tokio_util::sync::CancellationToken;

use super::{backend, embed, form::Held, prompt, sampler, MAKING_CONTEXT};
use crate::engines::{
	sink::{Piece, Sink},
	EmbedRequest, EngineError, Generation, Request,
};

/// Tokens that one call of the decoder takes. More than the context was made for aborts the process.
const BATCH: usize = 512;

/// Contexts are made in multiples of this.
const CONTEXT_STEP: u32 = 256;

/// A context that is kept from one inference to the next.
pub(super) struct Worker<'model> {
	model: &'model LlamaModel,
	threads: i32,
	context: Option<LlamaContext<'model>>,
}

impl<'model> Worker<'model> {
	pub(super) fn new(model: &'model LlamaModel, threads: usize) -> Self {
		Self { model, threads: i32::try_from(threads).unwrap_or(i32::MAX), context: None }
	}

	pub(super) fn embed(&self, request: &EmbedRequest, cancel: &CancellationToken) -> Result<Generation, EngineError> {
		embed::embed(self.model, self.threads, request, cancel)
	}

	pub(super) fn generate(
		&mut self,
		request: &Request,
		sink: &Sink,
		cancel: &CancellationToken,
	) -> Result<Generation, EngineError> {
		let (prompt, form) = prompt::tokens(self.model, request.prompt, &request.input)?;
		let mut held = form.map(|form| Held::new(self.model, &form)).transpose()?;
		let needed = u32::try_from(prompt.len()).unwrap_or(u32::MAX).saturating_add(request.sampling.max_tokens);
		let most = request.context_length.min(self.model.n_ctx_train());
		if needed > most {
			let message = format!("{needed} tokens of prompt and answer; the model takes {most}");
			return Err(EngineError::new(FailCode::ContextTooLong, message));
		}
		if prompt.is_empty() {
			return Err(EngineError::new(FailCode::BadInput, "the prompt has no tokens"));
		}
		let model = self.model;
		let context = self.context(needed)?;
		context.clear_kv_cache();
		let (started, waited, input) = (Instant::now(), Duration::ZERO, count(prompt.len()));
		let batch = LlamaBatch::new(BATCH, 1);
		let mut run = Run { model, context, batch, position: 0, input, started, waited };
		run.feed(&prompt, cancel)?;
		let (output, transcript) = run.answer(request, held.as_mut(), sink, cancel)?;
		if output.is_empty() {
			return Err(EngineError::new(FailCode::EmptyOutput, "the model ended its answer at once"));
		}
		let usage = run.usage(transcript.len());
		Ok(Generation { output, transcript, usage, times: None })
	}

	/// A context for at least `needed` tokens: made anew only when the present one is too small, since memory grows
	/// with it.
	fn context(&mut self, needed: u32) -> Result<&mut LlamaContext<'model>, EngineError> {
		if self.context.as_ref().is_none_or(|context| context.n_ctx() < needed) {
			self.context = None;
			let size = needed.max(CONTEXT_STEP).checked_next_multiple_of(CONTEXT_STEP).unwrap_or(needed);
			let batch = u32::try_from(BATCH).unwrap_or(u32::MAX);
			let params = LlamaContextParams::default()
				.with_n_ctx(NonZeroU32::new(size))
				.with_n_batch(batch)
				.with_n_ubatch(batch)
				.with_n_threads(self.threads)
				.with_n_threads_batch(self.threads)
				// With it, two engines of the same weights differ a thousand times more in their log-probabilities.
				.with_flash_attention_policy(0);
			let _making = MAKING_CONTEXT.lock().map_err(|_| EngineError::engine("another worker panicked"))?;
			let made = self.model.new_context(backend()?, params).map_err(|_| {
				EngineError::new(FailCode::OutOfMemory, format!("no memory for a context of {size} tokens"))
			})?;
			self.context = Some(made);
		}
		self.context.as_mut().ok_or_else(|| EngineError::engine("no context"))
	}
}

struct Run<'run, 'model> {
	model: &'model LlamaModel,
	context: &'run mut LlamaContext<'model>,
	batch: LlamaBatch<'run>,
	position: i32,
	/// Tokens of the prompt.
	input: u32,
	started: Instant,
	/// How long of it nobody read what was made.
	waited: Duration,
}

fn count(len: usize) -> u32 {
	u32::try_from(len).unwrap_or(u32::MAX)
}

impl Run<'_, '_> {
	/// Decodes `tokens`; the logits after the last one can be read then.
	fn feed(&mut self, tokens: &[LlamaToken], cancel: &CancellationToken) -> Result<(), EngineError> {
		let mut left = tokens.len();
		for part in tokens.chunks(BATCH) {
			if cancel.is_cancelled() {
				return Err(EngineError::engine("cancelled"));
			}
			self.batch.clear();
			for token in part {
				left -= 1;
				self.batch.add(*token, self.position, &[0], left == 0).map_err(EngineError::engine)?;
				self.position += 1;
			}
			self.context.decode(&mut self.batch).map_err(|error| {
				EngineError::engine(format!("llama.cpp could not decode at position {}: {error}", self.position))
			})?;
		}
		Ok(())
	}

	/// What it took to make so many tokens, up to now.
	fn usage(&self, tokens: usize) -> Usage {
		let worked = self.started.elapsed().saturating_sub(self.waited);
		let gpu_ms = u32::try_from(worked.as_millis()).unwrap_or(u32::MAX);
		Usage { input_tokens: self.input, output_tokens: count(tokens), gpu_ms }
	}

	/// Gives a token away. The wait for a reader is no work.
	fn show(&mut self, sink: &Sink, entry: &TranscriptEntry, tokens: usize) -> Result<(), EngineError> {
		if !sink.is_read() {
			return Ok(());
		}
		let usage = self.usage(tokens);
		let began = Instant::now();
		sink.send_blocking(Piece { bytes: entry.bytes.clone(), entries: vec![entry.clone()], usage })?;
		self.waited = self.waited.saturating_add(began.elapsed());
		Ok(())
	}

	fn answer(
		&mut self,
		request: &Request,
		mut held: Option<&mut Held>,
		sink: &Sink,
		cancel: &CancellationToken,
	) -> Result<(Vec<u8>, Vec<TranscriptEntry>), EngineError> {
		let vocab = self.model.vocab();
		let most_bytes = usize::try_from(MAX_OUTPUT_BYTES).unwrap_or(usize::MAX);
		let (mut output, mut transcript) = (Vec::new(), Vec::new());
		for index in 0..request.sampling.max_tokens {
			let logits = self.context.get_logits_ith(self.batch.n_tokens() - 1);
			let mut pick = sampler::pick(logits, logits, &request.sampling, request.seed, index)
				.ok_or_else(|| EngineError::engine("the model's logits are no numbers"))?;
			if let Some(held) = &mut held {
				if !held.allows(pick.token) {
					pick = sampler::pick(logits, &held.allowed(logits), &request.sampling, request.seed, index)
						.ok_or_else(|| EngineError::engine("no token keeps to the answer's form"))?;
				}
			}
			let token = LlamaToken(i32::try_from(pick.token).map_err(EngineError::engine)?);
			if vocab.is_eog(token) {
				break;
			}
			if let Some(held) = &mut held {
				held.accept(token)?;
			}
			let bytes = vocab.token_to_piece(token, false, None);
			if output.len() + bytes.len() > most_bytes {
				break;
			}
			output.extend_from_slice(&bytes);
			let entry = TranscriptEntry { token: pick.token, bytes, logprob: pick.logprob, top: pick.top };
			self.show(sink, &entry, transcript.len() + 1)?;
			transcript.push(entry);
			// The last token's successor is never asked for.
			if index + 1 < request.sampling.max_tokens {
				self.feed(&[token], cancel)?;
			}
		}
		Ok((output, transcript))
	}
}
