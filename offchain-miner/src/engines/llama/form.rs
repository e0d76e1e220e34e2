//! Answers that are held to a form, by llama.cpp's grammars.

use llama_cpp_2::{
	json_schema_to_grammar,
	model::LlamaModel,
	sampling::LlamaSampler,
	token::{data::LlamaTokenData, data_array::LlamaTokenDataArray, LlamaToken},
};
use millrace_client::conversation::Form;
use millrace_primitives::FailCode;

use crate::engines::EngineError;

/// Where an answer stands in its form.
pub(super) struct Held(LlamaSampler);

impl Held {
	/// Before the first token.
	pub(super) fn new(model: &LlamaModel, form: &Form) -> Result<Self, EngineError> {
		let schema = match form {
			Form::Json => r#"{"type":"object"}"#,
			Form::Schema(schema) => schema,
		};
		let bad = |why: &dyn std::fmt::Display| {
			EngineError::new(FailCode::BadInput, format!("no answer can be held to the format: {why}"))
		};
		let grammar = json_schema_to_grammar(schema).map_err(|error| bad(&error))?;
		LlamaSampler::grammar(model, &grammar, "root").map(Self).map_err(|error| bad(&error))
	}

	/// Whether the token keeps to the form.
	pub(super) fn allows(&mut self, token: u32) -> bool {
		self.mask([(token, 0.0)]).first().is_some_and(|(_, logit)| logit.is_finite())
	}

	/// The logits, minus infinity for the tokens that leave the form.
	pub(super) fn allowed(&mut self, logits: &[f32]) -> Vec<f32> {
		let mut allowed = vec![f32::NEG_INFINITY; logits.len()];
		for (token, logit) in self.mask((0u32..).zip(logits.iter().copied())) {
			if let Some(place) = usize::try_from(token).ok().and_then(|token| allowed.get_mut(token)) {
				*place = logit;
			}
		}
		allowed
	}

	fn mask(&mut self, tokens: impl IntoIterator<Item = (u32, f32)>) -> Vec<(u32, f32)> {
		let data = tokens
			.into_iter()
			.filter_map(|(token, logit)| Some(LlamaTokenData::new(LlamaToken(i32::try_from(token).ok()?), logit, 0.0)));
		let mut array = LlamaTokenDataArray::from_iter(data, false);
		array.apply_sampler(&mut self.0);
		array.data.iter().filter_map(|data| Some((u32::try_from(data.id().0).ok()?, data.logit()))).collect()
	}

	/// Goes on by a token that keeps to the form.
	pub(super) fn accept(&mut self, token: LlamaToken) -> Result<(), EngineError> {
		self.0.try_accept(token).map_err(EngineError::engine)
	}
}
