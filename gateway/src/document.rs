//! The description of the HTTP interface, made of the code, and a page that shows it.

use axum::{http::header::CONTENT_TYPE, response::IntoResponse, routing::get, Router};
use utoipa::{
	openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
	Modify, OpenApi,
};

use crate::{job_api, matching, ollama, openai, server::Shared, status};

/// The page.
const PAGE: &str = include_str!("docs.html");

/// Where the description is.
const PATH: &str = "/openapi.json";

#[derive(OpenApi)]
#[openapi(
	info(
		title = "millrace-gateway",
		description = "OpenAI's and Ollama's interfaces, and one of its own, in front of Millrace: answers are \
			streamed in channels or are jobs on chain."
	),
	paths(
		openai::chat::create,
		openai::completions::create,
		openai::embeddings::create,
		openai::models::list,
		openai::models::retrieve,
		ollama::generate,
		ollama::chat,
		ollama::embed,
		ollama::embeddings,
		ollama::tags,
		ollama::show,
		ollama::ps,
		ollama::version,
		ollama::root,
		job_api::create,
		job_api::list,
		job_api::status,
		job_api::delete,
		job_api::cancel,
		job_api::result,
		job_api::receipt,
		job_api::events,
		matching::explain,
		status::healthz,
		status::readyz,
		status::metrics,
	),
	modifiers(&Keys),
	security(("key" = []), ()),
)]
struct Document;

/// API keys, which a gateway without any does not ask for.
struct Keys;

impl Modify for Keys {
	fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
		let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
		document.components.get_or_insert_default().add_security_scheme("key", scheme);
	}
}

/// The description as JSON.
///
/// # Errors
///
/// None but those of writing JSON.
pub fn text() -> serde_json::Result<String> {
	serde_json::to_string_pretty(&Document::openapi())
}

async fn serve() -> impl IntoResponse {
	([(CONTENT_TYPE, "application/json")], text().unwrap_or_default())
}

async fn page() -> impl IntoResponse {
	// Nothing but what is in the page itself, and the description.
	let policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'";
	([(CONTENT_TYPE.as_str(), "text/html; charset=utf-8"), ("content-security-policy", policy)], PAGE)
}

/// The description, and the page at `/docs` that shows it without any other source.
pub fn routes() -> Router<Shared> {
	Router::new().route(PATH, get(serve)).route("/docs", get(page))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn description_should_name_every_route_once() {
		let document = Document::openapi();
		for path in ["/v1/chat/completions", "/v1/embeddings", "/api/generate", "/v1/jobs/{id}/events", "/v1/match"] {
			assert!(document.paths.paths.contains_key(path), "{path}");
		}
		assert!(text().unwrap().contains("\"bearer\""));
	}
}
