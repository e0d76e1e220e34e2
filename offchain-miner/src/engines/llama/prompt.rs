//! From an input's bytes to the model's tokens.

use llama_cpp_2::{
	model::{LlamaChatMessage, LlamaModel},
	token::LlamaToken,
};
use millrace_client::conversation::{Conversation, Form, Role};
use millrace_primitives::FailCode;

use crate::engines::{server, EngineError, Prompt};

/// Stands for the text of the message with this number while the template is rendered: nothing in a template looks like
/// it, and trimming leaves it as it is.
fn mark(number: usize) -> String {
	format!("\u{2}millrace\u{2}text\u{2}{number}\u{2}")
}

/// The prompt's tokens, and the form that its answer is held to. Nothing in `input` becomes a control token.
pub(super) fn tokens(
	model: &LlamaModel,
	prompt: Prompt,
	input: &[u8],
) -> Result<(Vec<LlamaToken>, Option<Form>), EngineError> {
	let bad = |why: &str| EngineError::new(FailCode::BadInput, why);
	let text = std::str::from_utf8(input).map_err(|_| bad("the input is not UTF-8"))?;
	let (messages, form) = match prompt {
		Prompt::Generate => (Vec::new(), None),
		Prompt::Chat => (vec![(Role::User, text.to_owned())], None),
		Prompt::Conversation => {
			let Conversation { messages, form } = server::conversation_of(input)?;
			(messages.into_iter().map(|message| (message.role, message.content)).collect(), form)
		}
	};
	if text.contains('\0') || messages.iter().any(|(_, content)| content.contains('\0')) {
		return Err(bad("the input has a NUL in it"));
	}
	let tokens = match prompt {
		Prompt::Generate => model.vocab().tokenize(input, true, false),
		Prompt::Chat | Prompt::Conversation => chat(model, &messages)?,
	};
	Ok((tokens, form))
}

fn chat(model: &LlamaModel, messages: &[(Role, String)]) -> Result<Vec<LlamaToken>, EngineError> {
	let vocab = model.vocab();
	let frame = render(model, messages.iter().enumerate().map(|(number, (role, _))| (*role, mark(number))))?;
	let is_harmless =
		|text: &str| vocab.tokenize(text.as_bytes(), false, true) == vocab.tokenize(text.as_bytes(), false, false);
	if messages.iter().all(|(_, text)| is_harmless(text)) {
		// In one piece, as other engines do it: tokens may span the border between template and text.
		let whole = vocab.tokenize(render(model, messages.iter().cloned())?.as_bytes(), true, true);
		let controls = |tokens: &[LlamaToken]| tokens.iter().filter(|token| vocab.is_control(**token)).count();
		if controls(&whole) == controls(&vocab.tokenize(frame.as_bytes(), true, true)) {
			return Ok(whole);
		}
	}
	let (mut tokens, mut rest) = (Vec::new(), frame.as_str());
	for (number, (_, text)) in messages.iter().enumerate() {
		let left_out = || EngineError::engine("the chat template leaves a message out, or puts it elsewhere");
		let (before, after) = rest.split_once(&mark(number)).ok_or_else(left_out)?;
		vocab.tokenize_into(before.as_bytes(), &mut tokens, number == 0, true);
		vocab.tokenize_into(text.as_bytes(), &mut tokens, false, false);
		rest = after;
	}
	vocab.tokenize_into(rest.as_bytes(), &mut tokens, false, true);
	Ok(tokens)
}

fn render(model: &LlamaModel, messages: impl Iterator<Item = (Role, String)>) -> Result<String, EngineError> {
	let template = model.chat_template(None).map_err(|_| EngineError::engine("the model has no chat template"))?;
	let messages = messages.map(|(role, text)| LlamaChatMessage::new(role.name().into(), text));
	let messages = messages.collect::<Result<Vec<_>, _>>().map_err(EngineError::engine)?;
	model
		.apply_chat_template(&template, &messages, true)
		.map_err(|_| EngineError::engine("llama.cpp does not know the model's chat template"))
}
