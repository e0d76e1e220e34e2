//! Ollama's API, see <https://github.com/ollama/ollama/blob/main/docs/api.md>, for its own clients and those of others.

mod ask;
mod catalog;
mod embed;
mod options;
mod reply;

use axum::{
	response::{IntoResponse, Response},
	routing::{get, post},
	Json, Router,
};
use millrace_client::Error;
use serde_json::{json, Value};

pub use ask::{__path_chat, __path_generate};
pub use catalog::{__path_ps, __path_show, __path_tags};
pub use embed::{__path_embed, __path_embeddings};
pub use reply::date;

use crate::{answer::NoAnswer, openai::ApiError, server::Shared};

/// The version of Ollama whose interface this is; clients look at it.
const OLLAMA: &str = "0.17.4";

/// An error in Ollama's form.
#[derive(Debug)]
pub struct OllamaError(pub ApiError);

impl OllamaError {
	fn body(&self) -> Value {
		json!({ "error": self.0.message })
	}

	fn bad_request(message: impl Into<String>) -> Self {
		Self(ApiError::bad_request(None, message))
	}
}

impl IntoResponse for OllamaError {
	fn into_response(self) -> Response {
		self.0.with(self.body())
	}
}

impl From<ApiError> for OllamaError {
	fn from(error: ApiError) -> Self {
		Self(error)
	}
}

impl From<NoAnswer> for OllamaError {
	fn from(reason: NoAnswer) -> Self {
		Self(reason.into())
	}
}

impl From<Error> for OllamaError {
	fn from(error: Error) -> Self {
		Self(error.into())
	}
}

/// The routes below `/api`.
pub fn routes() -> Router<Shared> {
	Router::new()
		.route("/api/generate", post(ask::generate))
		.route("/api/chat", post(ask::chat))
		.route("/api/embed", post(embed::embed))
		.route("/api/embeddings", post(embed::embeddings))
		.route("/api/tags", get(catalog::tags))
		.route("/api/show", post(catalog::show))
		.route("/api/ps", get(catalog::ps))
		.route("/api/version", get(version))
}

/// What Ollama's clients look for first.
#[utoipa::path(get, path = "/", tag = "Ollama", responses((status = 200, description = "It runs", body = String)))]
pub async fn root() -> &'static str {
	"Ollama is running"
}

/// Which version of Ollama's interface this is, and which of the gateway.
#[utoipa::path(get, path = "/api/version", tag = "Ollama", responses((status = 200, description = "Both", body = Value)))]
pub async fn version() -> Json<Value> {
	Json(json!({ "version": OLLAMA, "millrace": env!("CARGO_PKG_VERSION") }))
}
