//! From an input's bytes to the model's tokens.

use llama_cpp_2::{
	model::{LlamaChatMessage, LlamaModel},
	token::LlamaToken,
};
use millrace_primitives::FailCode;

use crate::engines::{EngineError, Prompt};

/// Stands for the user's text while the template is rendered: nothing in a template looks like it, and trimming
/// leaves it as it is.
const MARK: &str = "\u{2}millrace\u{2}user\u{2}text\u{2}";

/// The prompt's tokens. Nothing in `input` becomes a control token.
pub(super) fn tokens(model: &LlamaModel, prompt: Prompt, input: &[u8]) -> Result<Vec<LlamaToken>, EngineError> {
	let bad = |why: &str| EngineError::new(FailCode::BadInput, why);
	let text = std::str::from_utf8(input).map_err(|_| bad("the input is not UTF-8"))?;
	if text.contains('\0') {
		return Err(bad("the input has a NUL in it"));
	}
	match prompt {
		Prompt::Generate => Ok(model.vocab().tokenize(input, true, false)),
		Prompt::Chat => chat(model, text),
	}
}

fn chat(model: &LlamaModel, text: &str) -> Result<Vec<LlamaToken>, EngineError> {
	let vocab = model.vocab();
	let frame = render(model, MARK)?;
	let (before, after) =
		frame.split_once(MARK).ok_or_else(|| EngineError::engine("the chat template leaves the user's text out"))?;
	let harmless = vocab.tokenize(text.as_bytes(), false, true) == vocab.tokenize(text.as_bytes(), false, false);
	if harmless {
		// In one piece, as other engines do it: tokens may span the border between template and text.
		let whole = vocab.tokenize(render(model, text)?.as_bytes(), true, true);
		let controls = |tokens: &[LlamaToken]| tokens.iter().filter(|token| vocab.is_control(**token)).count();
		if controls(&whole) == controls(&vocab.tokenize(frame.as_bytes(), true, true)) {
			return Ok(whole);
		}
	}
	let mut tokens = vocab.tokenize(before.as_bytes(), true, true);
	vocab.tokenize_into(text.as_bytes(), &mut tokens, false, false);
	vocab.tokenize_into(after.as_bytes(), &mut tokens, false, true);
	Ok(tokens)
}

fn render(model: &LlamaModel, text: &str) -> Result<String, EngineError> {
	let template = model.chat_template(None).map_err(|_| EngineError::engine("the model has no chat template"))?;
	let message = LlamaChatMessage::new("user".into(), text.into()).map_err(EngineError::engine)?;
	model
		.apply_chat_template(&template, &[message], true)
		.map_err(|_| EngineError::engine("llama.cpp does not know the model's chat template"))
}
