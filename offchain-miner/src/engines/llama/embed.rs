//! From a text to its embedding.

use std::{num::NonZeroU32, time::Instant};

use llama_cpp_2::{
	context::params::{LlamaContextParams, LlamaPoolingType},
	llama_batch::LlamaBatch,
	model::LlamaModel,
};
use millrace_primitives::FailCode;
use tokio_util::sync::CancellationToken;

use super::{backend, prompt, MAKING_CONTEXT};
use crate::engines::{embedding, EmbedRequest, EngineError, Generation, Prompt};

/// How a model's file says that it makes one vector of many: `ARCHITECTURE.pooling_type`.
const POOLING: &str = "pooling_type";

/// How llama.cpp writes that the file says nothing of it, or that tokens keep a vector each.
const NO_POOLING: &str = "0";

/// The text's embedding, in a context of its own: the whole text has to fit one batch, and a context that makes vectors
/// makes no text.
pub(super) fn embed(
	model: &LlamaModel,
	threads: i32,
	request: &EmbedRequest,
	cancel: &CancellationToken,
) -> Result<Generation, EngineError> {
	let (tokens, _) = prompt::tokens(model, Prompt::Generate, &request.input)?;
	let count = u32::try_from(tokens.len()).unwrap_or(u32::MAX);
	let most = request.context_length.min(model.n_ctx_train());
	if count > most {
		let message = format!("{count} tokens of text; the model takes {most}");
		return Err(EngineError::new(FailCode::ContextTooLong, message));
	}
	let size = NonZeroU32::new(count).ok_or_else(|| EngineError::new(FailCode::BadInput, "the text has no tokens"))?;
	let params = LlamaContextParams::default()
		.with_n_ctx(Some(size))
		.with_n_batch(count)
		.with_n_ubatch(count)
		.with_n_threads(threads)
		.with_n_threads_batch(threads)
		.with_flash_attention_policy(0)
		.with_embeddings(true)
		.with_pooling_type(pooling(model));
	let making = MAKING_CONTEXT.lock().map_err(|_| EngineError::engine("another worker panicked"))?;
	let mut context = model
		.new_context(backend()?, params)
		.map_err(|_| EngineError::new(FailCode::OutOfMemory, format!("no memory for a context of {count} tokens")))?;
	drop(making);
	if cancel.is_cancelled() {
		return Err(EngineError::engine("cancelled"));
	}
	let began = Instant::now();
	let mut batch = LlamaBatch::new(tokens.len(), 1);
	batch.add_sequence(&tokens, 0, true).map_err(EngineError::engine)?;
	context.decode(&mut batch).map_err(|error| EngineError::engine(format!("llama.cpp could not decode: {error}")))?;
	let vector = context
		.embeddings_seq_ith(0)
		.map_err(|_| EngineError::engine("llama.cpp makes no embedding with this model"))?;
	embedding::answer(vector, count, began.elapsed())
}

/// The file's own way, and the mean of all tokens' vectors where it names none.
fn pooling(model: &LlamaModel) -> LlamaPoolingType {
	let architecture = model.meta_val_str("general.architecture").unwrap_or_default();
	match model.meta_val_str(&format!("{architecture}.{POOLING}")) {
		Ok(way) if way != NO_POOLING => LlamaPoolingType::Unspecified,
		_ => LlamaPoolingType::Mean,
	}
}
