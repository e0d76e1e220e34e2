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

#[cfg(test)]
mod tests {
	use std::time::{Duration, Instant};

	use proptest::{collection::vec, prelude::*, sample::select};
	use serde_json::{json, Value};

	use super::*;
	use crate::engines::llama::tests::model;

	/// No schema takes longer than this, a thousand times what they take.
	const LONG: Duration = Duration::from_secs(20);

	fn leaf() -> impl Strategy<Value = Value> {
		let bounds = (0u64..=256, 0u64..=256).prop_map(|(a, b)| (a.min(b), a.max(b)));
		let numbers = (any::<i64>(), any::<i64>()).prop_map(|(a, b)| (a.min(b), a.max(b)));
		prop_oneof![
			Just(json!({})),
			select(&["object", "array", "string", "number", "integer", "boolean", "null"][..])
				.prop_map(|kind| json!({ "type": kind })),
			bounds.prop_map(|(least, most)| json!({ "type": "string", "minLength": least, "maxLength": most })),
			numbers.prop_map(|(least, most)| json!({ "type": "integer", "minimum": least, "maximum": most })),
			vec(".{0,4}", 1..5).prop_map(|texts| json!({ "enum": texts })),
			".{0,8}".prop_map(|text| json!({ "const": text })),
			select(&["a", "b", "c/d", ""][..]).prop_map(|name| json!({ "$ref": format!("#/$defs/{name}") })),
			Just(json!({ "type": ["string", "null", "integer"] })),
		]
	}

	fn schema() -> impl Strategy<Value = Value> {
		leaf().prop_recursive(5, 40, 6, |inner| {
			let named = vec((".{0,4}", inner.clone()), 0..6);
			let counted = (inner.clone(), 0u64..=256, 0u64..=256);
			prop_oneof![
				(named.clone(), vec(any::<bool>(), 6), any::<bool>()).prop_map(|(named, needed, others)| {
					let required: Vec<_> =
						named.iter().zip(needed).filter(|(_, needed)| *needed).map(|((name, _), _)| name).collect();
					let required = json!(required);
					let properties: serde_json::Map<_, _> = named.into_iter().collect();
					json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": others })
				}),
				counted.prop_map(|(items, a, b)| {
					json!({ "type": "array", "items": items, "minItems": a.min(b), "maxItems": a.max(b) })
				}),
				vec(inner.clone(), 1..4).prop_map(|list| json!({ "anyOf": list })),
				(vec(inner.clone(), 1..4), named).prop_map(|(list, named)| {
					let definitions: serde_json::Map<_, _> = named
						.into_iter()
						.map(|(_, schema)| schema)
						.zip(["a", "b"])
						.map(|(s, n)| (n.into(), s))
						.collect();
					json!({ "$defs": definitions, "oneOf": list })
				}),
			]
		})
	}

	proptest! {
		// llama.cpp runs in the miner's process: what makes it abort ends the miner.
		#[test]
		fn answer_should_go_on_or_be_refused_whatever_the_schema(schema in schema(), picks in vec(any::<u16>(), 24)) {
			let began = Instant::now();
			let model = model();
			let form = Form::of_schema(&schema.to_string());
			prop_assume!(form.is_ok());
			if let Ok(mut held) = Held::new(&model, &form.unwrap()) {
				let logits = vec![0.0; usize::try_from(model.n_vocab()).unwrap()];
				for pick in picks {
					let allowed = held.allowed(&logits);
					let tokens: Vec<_> = (0u32..).zip(allowed).filter(|(_, logit)| logit.is_finite()).collect();
					prop_assume!(!tokens.is_empty());
					let (token, _) = tokens[usize::from(pick) % tokens.len()];
					prop_assert!(held.allows(token));
					let token = LlamaToken(i32::try_from(token).unwrap());
					if model.vocab().is_eog(token) {
						break;
					}
					prop_assert!(held.accept(token).is_ok());
				}
			}
			prop_assert!(began.elapsed() < LONG, "{:?}", began.elapsed());
		}
	}
}
