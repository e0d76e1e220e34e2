//! `GET /api/tags`, `POST /api/show` and `GET /api/ps`.

use axum::{extract::State, Json};
use millrace_client::Model;
use millrace_primitives::ModelKind;
use serde::Deserialize;
use serde_json::{json, Value};
use utoipa::ToSchema;

use super::OllamaError;
use crate::{
	access::Caller,
	server::{AnyBody, Shared},
};

/// The chain keeps no date of a registration; Ollama's client shows this as "Never".
const NEVER: &str = "0001-01-01T00:00:00Z";

/// A question for a model.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct ShowRequest {
	/// Name or number of a model of the chain.
	model: Option<String>,
	/// The older name of the same.
	name: Option<String>,
}

fn details(model: &Model) -> Value {
	let family = match model.kind {
		ModelKind::Embedding => "embedding",
		_ => "text",
	};
	json!({
		"parent_model": "",
		"format": "gguf",
		"family": family,
		"families": [family],
		"parameter_size": "",
		"quantization_level": "",
	})
}

/// What lists have of a model. Its size is the miners' matter: nothing lies here.
fn entry(model: &Model) -> Value {
	json!({
		"name": model.name,
		"model": model.name,
		"size": 0,
		"digest": hex::encode(model.digest),
		"details": details(model),
	})
}

/// All models that take jobs of this API.
#[utoipa::path(get, path = "/api/tags", tag = "Ollama", responses((status = 200, description = "The models", body = Value)))]
pub async fn tags(State(gateway): State<Shared>, caller: Caller) -> Result<Json<Value>, OllamaError> {
	let models = gateway.models(&caller).await?;
	let entries: Vec<_> = models
		.iter()
		.map(|model| {
			let mut entry = entry(model);
			entry["modified_at"] = NEVER.into();
			entry
		})
		.collect();
	Ok(Json(json!({ "models": entries })))
}

/// What the chain knows of a model.
#[utoipa::path(
	post,
	path = "/api/show",
	tag = "Ollama",
	request_body = ShowRequest,
	responses(
		(status = 200, description = "The model", body = Value),
		(status = 404, description = "There is none", body = Value),
	),
)]
pub async fn show(
	State(gateway): State<Shared>,
	caller: Caller,
	AnyBody(request): AnyBody<ShowRequest>,
) -> Result<Json<Value>, OllamaError> {
	// Ollama's own client sends both, one of them empty.
	let name = [request.model, request.name].into_iter().flatten().find(|name| !name.is_empty());
	let name = name.ok_or_else(|| OllamaError::bad_request("model is required"))?;
	let model = gateway.model(&caller, &name).await?;
	let capabilities: &[_] = match model.kind {
		ModelKind::Embedding => &["embedding"],
		_ => &["completion", "tools"],
	};
	Ok(Json(json!({
		"modified_at": NEVER,
		"details": details(&model),
		"capabilities": capabilities,
		"model_info": {
			"general.architecture": "millrace",
			"millrace.context_length": model.context_length,
			"millrace.digest": hex::encode(model.digest),
			"millrace.model": model.id,
			"millrace.owner": model.owner.to_string(),
		},
	})))
}

/// The models that some miner is ready to answer with: what Ollama calls loaded.
#[utoipa::path(get, path = "/api/ps", tag = "Ollama", responses((status = 200, description = "The models", body = Value)))]
pub async fn ps(State(gateway): State<Shared>, caller: Caller) -> Result<Json<Value>, OllamaError> {
	let at = gateway.client.at_best().await?;
	let ready: Vec<_> = at.miners().await?.into_iter().filter(|miner| miner.ready).collect();
	let models = gateway.models(&caller).await?;
	let entries: Vec<_> = models
		.iter()
		.filter(|model| ready.iter().any(|miner| miner.models.contains(&model.id)))
		.map(|model| {
			let mut entry = entry(model);
			entry["size_vram"] = 0.into();
			entry["context_length"] = model.context_length.into();
			// For as long as the miners are.
			entry["expires_at"] = "9999-12-31T23:59:59Z".into();
			entry
		})
		.collect();
	Ok(Json(json!({ "models": entries })))
}
