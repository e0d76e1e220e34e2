//! `GET /v1/models`.

use axum::{
	extract::{Path, State},
	Json,
};
use millrace_client::Model;
use serde_json::{json, Value};

use super::ApiError;
use crate::server::Shared;

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

/// All models that take jobs.
pub async fn list(State(gateway): State<Shared>) -> Result<Json<Value>, ApiError> {
	let models: Vec<_> = gateway.jobs.models().await?.iter().map(object).collect();
	Ok(Json(json!({ "object": "list", "data": models })))
}

/// One of them.
pub async fn retrieve(State(gateway): State<Shared>, Path(name): Path<String>) -> Result<Json<Value>, ApiError> {
	match gateway.jobs.model(&name).await? {
		Some(model) => Ok(Json(object(&model))),
		None => Err(ApiError::unknown_model(&name)),
	}
}
