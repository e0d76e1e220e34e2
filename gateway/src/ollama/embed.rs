//! `POST /api/embed`, and its older form `POST /api/embeddings`.

use std::time::Instant;

use axum::{extract::State, Json};
use serde::Deserialize;
use serde_json::{json, Value};
use utoipa::ToSchema;

use super::{reply::nanos, OllamaError};
use crate::{
	access::Caller,
	openai::{
		embeddings::{embed as ask, input_tokens, numbers, texts, Input},
		request::asks,
	},
	server::{AnyBody, Shared},
};

/// A request for embeddings.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct EmbedRequest {
	/// Name or number of a model of the chain.
	model: String,
	/// One text or several.
	#[schema(value_type = Vec<String>)]
	input: Input,
	/// Not to be had.
	dimensions: Option<Value>,
}

/// A request for one embedding.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct EmbeddingsRequest {
	/// Name or number of a model of the chain.
	model: String,
	/// The text.
	prompt: String,
}

/// Turns texts into numbers; each text is a job of its own.
#[utoipa::path(
	post,
	path = "/api/embed",
	tag = "Ollama",
	request_body = EmbedRequest,
	responses(
		(status = 200, description = "The embeddings, in the order of the inputs", body = Value),
		(status = "default", description = "Why there are none", body = Value),
	),
)]
pub async fn embed(
	State(gateway): State<Shared>,
	caller: Caller,
	AnyBody(request): AnyBody<EmbedRequest>,
) -> Result<Json<Value>, OllamaError> {
	let began = Instant::now();
	let EmbedRequest { model: name, input, dimensions } = request;
	if asks(&dimensions) {
		return Err(OllamaError::bad_request("dimensions: a job gives all that the model has; leave it out"));
	}
	let model = gateway.embedding_model(&caller, &name).await?;
	let answers = ask(&gateway, &caller, &model, texts(input)?).await?;
	let embeddings: Vec<_> = answers.iter().map(|answer| numbers(&answer.output)).collect();
	Ok(Json(json!({
		"model": name,
		"embeddings": embeddings,
		"total_duration": nanos(began.elapsed()),
		"load_duration": 0,
		"prompt_eval_count": input_tokens(&answers),
	})))
}

/// Turns one text into numbers.
#[utoipa::path(
	post,
	path = "/api/embeddings",
	tag = "Ollama",
	request_body = EmbeddingsRequest,
	responses(
		(status = 200, description = "The embedding", body = Value),
		(status = "default", description = "Why there is none", body = Value),
	),
)]
pub async fn embeddings(
	State(gateway): State<Shared>,
	caller: Caller,
	AnyBody(request): AnyBody<EmbeddingsRequest>,
) -> Result<Json<Value>, OllamaError> {
	let model = gateway.embedding_model(&caller, &request.model).await?;
	let answers = ask(&gateway, &caller, &model, texts(Input::Text(request.prompt))?).await?;
	let embedding = answers.first().map(|answer| numbers(&answer.output));
	Ok(Json(json!({ "embedding": embedding })))
}
