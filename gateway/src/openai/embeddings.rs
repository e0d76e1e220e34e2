//! `POST /v1/embeddings`.

use axum::{extract::State, Json};
use base64::{prelude::BASE64_STANDARD, Engine};
use futures::{stream, StreamExt, TryStreamExt};
use millrace_client::Model;
use millrace_primitives::{Balance, Workload};
use serde::Deserialize;
use serde_json::{json, Value};
use utoipa::ToSchema;

use super::{
	request::{check_input, order},
	ApiError,
};
use crate::{
	access::Caller,
	answer::{whole, Answer},
	server::{Body, Gateway, Shared},
};

/// Most texts in one request: each is a job.
const MAX_INPUTS: usize = 256;

/// Jobs of one request that are under way at once.
const AT_ONCE: usize = 16;

/// A request for embeddings.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct EmbeddingRequest {
	/// Name or number of a model of the chain.
	model: String,
	/// One text or several.
	#[schema(value_type = Vec<String>)]
	input: Input,
	/// How the numbers are written.
	encoding_format: Option<Encoding>,
	/// Fewer numbers than the model has are not to be had.
	dimensions: Option<u32>,
}

/// How numbers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
	/// A list.
	#[default]
	Float,
	/// Little-endian singles in base64.
	Base64,
}

/// What is to be embedded.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Input {
	/// One text.
	Text(String),
	/// Several.
	Texts(Vec<String>),
	/// Tokens, or what is no input.
	Other(serde::de::IgnoredAny),
}

impl Encoding {
	fn write(self, output: &[u8]) -> Value {
		match self {
			Self::Float => json!(numbers(output)),
			Self::Base64 => BASE64_STANDARD.encode(output).into(),
		}
	}
}

/// The numbers of a job's output.
pub fn numbers(output: &[u8]) -> Vec<f32> {
	output.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// The texts of an input, held to what jobs take.
///
/// # Errors
///
/// There are none, too many, or one that no job takes.
pub fn texts(input: Input) -> Result<Vec<String>, ApiError> {
	let refuse = |message: String| Err(ApiError::bad_request(Some("input"), message));
	let texts = match input {
		Input::Text(text) => vec![text],
		Input::Texts(texts) => texts,
		Input::Other(_) => return refuse("the input must be text; miners make the tokens themselves".into()),
	};
	if !(1..=MAX_INPUTS).contains(&texts.len()) {
		return refuse(format!("{} inputs; a request takes 1 to {MAX_INPUTS}", texts.len()));
	}
	for text in &texts {
		check_input("input", text)?;
	}
	Ok(texts)
}

/// Embeds each text by a job of its own, and returns the answers in the same order.
///
/// # Errors
///
/// The first that fails; what was answered before is paid all the same.
pub async fn embed(
	gateway: &Gateway,
	caller: &Caller,
	model: &Model,
	texts: Vec<String>,
) -> Result<Vec<Answer>, ApiError> {
	let several = texts.len() > 1;
	let answers = texts.into_iter().map(|text| async move {
		let order = order(&gateway.limits, model, Workload::Embed, text);
		let answer = whole(gateway.answer(caller, order).await?).await?;
		Ok::<_, ApiError>(answer)
	});
	let all = stream::iter(answers).buffered(AT_ONCE).try_collect().await;
	all.map_err(|error: ApiError| ApiError { charged: error.charged || several, ..error })
}

/// Tokens of all inputs.
pub fn input_tokens(answers: &[Answer]) -> u32 {
	answers.iter().fold(0, |sum: u32, answer| sum.saturating_add(answer.end.usage.input_tokens))
}

/// Turns texts into numbers; each text is a job of its own.
#[utoipa::path(
	post,
	path = "/v1/embeddings",
	tag = "OpenAI",
	request_body = EmbeddingRequest,
	params(("Idempotency-Key" = Option<String>, Header, description = "A name for the request: sent again, it is not charged again but refused")),
	responses(
		(status = 200, description = "The embeddings, in the order of the inputs", body = Value),
		(status = "default", description = "Why there are none, in OpenAI's form", body = Value),
	),
)]
pub async fn create(
	State(gateway): State<Shared>,
	caller: Caller,
	Body(request): Body<EmbeddingRequest>,
) -> Result<Json<Value>, ApiError> {
	let EmbeddingRequest { model: name, input, encoding_format, dimensions } = request;
	if dimensions.is_some() {
		return Err(ApiError::bad_request(Some("dimensions"), "dimensions: a job gives all that the model has"));
	}
	let model = gateway.embedding_model(&caller, &name).await?;
	let answers = embed(&gateway, &caller, &model, texts(input)?).await?;
	let encoding = encoding_format.unwrap_or_default();
	let data: Vec<_> = (0..)
		.zip(&answers)
		.map(
			|(index, answer)| json!({ "object": "embedding", "index": index, "embedding": encoding.write(&answer.output) }),
		)
		.collect::<Vec<Value>>();
	let tokens = input_tokens(&answers);
	let fee = answers.iter().fold(0, |sum: Balance, answer| sum.saturating_add(answer.end.fee));
	let jobs: Vec<_> = answers.iter().filter_map(|answer| answer.end.source.job()).collect();
	Ok(Json(json!({
		"object": "list",
		"data": data,
		"model": name,
		"usage": { "prompt_tokens": tokens, "total_tokens": tokens },
		"millrace": { "jobs": jobs, "fee": fee.to_string() },
	})))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn numbers_should_be_little_endian_singles_in_both_encodings() {
		let output: Vec<u8> = [0.5f32, -2.0].iter().flat_map(|number| number.to_le_bytes()).collect();
		assert_eq!(Encoding::Float.write(&output), json!([0.5, -2.0]));
		assert_eq!(Encoding::Base64.write(&output), json!("AAAAPwAAAMA="));
	}

	#[test]
	fn input_should_be_texts_within_bounds() {
		let texts_of = |value: Value| texts(serde_json::from_value(value).unwrap()).map_err(|error| error.param);
		assert_eq!(texts_of(json!("a")), Ok(vec!["a".into()]));
		assert_eq!(texts_of(json!(["a", "b"])).unwrap().len(), 2);
		for bad in [json!([]), json!(""), json!(["a", ""]), json!([1, 2]), json!([[1]]), json!(vec!["a"; 257])] {
			assert_eq!(texts_of(bad.clone()), Err(Some("input")), "{bad}");
		}
	}
}
