//! `GET /v1/models`.

use axum::{
	extract::{Path, State},
	Json,
};
use millrace_client::Model;
use serde_json::{json, Value};

use super::ApiError;
use crate::{access::Caller, server::Shared};

fn object(model: &Model) -> Value {
	json!({
		"id": model.name,
		"object": "model",
		// The chain keeps no date of a registration.
		"created": 0,
		"owned_by": model.owner.to_string(),
		"context_length": model.context_length,
		"digest": hex::encode(model.digest),
	})
}

/// All models that take jobs of this API.
#[utoipa::path(get, path = "/v1/models", tag = "OpenAI", responses((status = 200, description = "The models", body = Value)))]
pub async fn list(State(gateway): State<Shared>, caller: Caller) -> Result<Json<Value>, ApiError> {
	let models: Vec<_> = gateway.models(&caller).await?.iter().map(object).collect();
	Ok(Json(json!({ "object": "list", "data": models })))
}

/// One of them.
#[utoipa::path(
	get,
	path = "/v1/models/{name}",
	tag = "OpenAI",
	params(("name" = String, Path, description = "Name or number")),
	responses(
		(status = 200, description = "The model", body = Value),
		(status = 404, description = "There is none", body = Value),
	),
)]
pub async fn retrieve(
	State(gateway): State<Shared>,
	caller: Caller,
	Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
	Ok(Json(object(&gateway.model(&caller, &name).await?)))
}
