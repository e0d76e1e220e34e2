//! The routes, and what all of them share.

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{
	body::Bytes,
	extract::{rejection::BytesRejection, DefaultBodyLimit, FromRequest, Request, State},
	http::{header::CONTENT_TYPE, HeaderMap, StatusCode, Uri},
	middleware::{self, Next},
	response::{IntoResponse, Response},
	routing::{get, post},
	Router,
};
use millrace_client::Client;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::{
	access::{self, Access, Caller},
	answer::{Backend, Deltas, NoAnswer, Order},
	catalog::Catalog,
	channels::Standings,
	config::{Config, Limits},
	desk::Desk,
	document, job_api, matching,
	metrics::Metrics,
	ollama::{self, OllamaError},
	once,
	openai::{chat, completions, embeddings, models, ApiError},
	status::{self, Draining},
	stop,
	store::Store,
};

/// What requests share.
pub struct Gateway {
	/// Reads the chain.
	pub client: Client,
	/// Knows its models.
	pub catalog: Catalog,
	/// Keys and jobs.
	pub store: Arc<Store>,
	/// Who is let in.
	pub access: Access,
	/// Makes the answers.
	pub backend: Arc<dyn Backend>,
	/// What was seen of miners in channels, where they are used.
	pub standings: Option<Arc<Standings>>,
	/// Makes jobs.
	pub desk: Arc<Desk>,
	/// What one answer may take.
	pub limits: Limits,
	/// Counts.
	pub metrics: Arc<Metrics>,
	/// Whether it is about to end.
	pub draining: Draining,
}

impl Gateway {
	/// Begins answers to orders that differ in their seeds alone, each of which ends where its order says.
	///
	/// # Errors
	///
	/// The backend's, and [`NoAnswer::TooManyTokens`]. None was begun then.
	pub async fn answers(&self, caller: &Caller, mut orders: Vec<Order>) -> Result<Vec<Deltas>, NoAnswer> {
		self.access.allow(caller, &mut orders)?;
		let ends: Vec<_> = orders.iter().map(|order| (order.stop.clone(), order.enough.clone())).collect();
		let all = self.backend.answers(caller, orders).await?;
		let ended = |(deltas, (texts, enough)): (_, (_, _))| stop::before(deltas, texts, enough);
		Ok(all.into_iter().zip(ends).map(ended).collect())
	}

	/// Begins one answer.
	///
	/// # Errors
	///
	/// As [`Gateway::answers`].
	pub async fn answer(&self, caller: &Caller, order: Order) -> Result<Deltas, NoAnswer> {
		let mut all = self.answers(caller, vec![order]).await?;
		all.pop().ok_or_else(NoAnswer::broke_off)
	}
}

/// A [`Gateway`] for many requests.
pub type Shared = Arc<Gateway>;

/// A JSON body with its content type; one that is none is refused in OpenAI's form.
pub struct Body<T>(pub T);

/// A JSON body whatever its content type, as Ollama takes it; one that is none is refused in Ollama's form.
pub struct AnyBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
	type Rejection = ApiError;

	async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
		if !is_json(request.headers()) {
			let message = "the body must be JSON, with the header content-type: application/json";
			return Err(ApiError::refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message));
		}
		read(request, state).await.map(Self)
	}
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for AnyBody<T> {
	type Rejection = OllamaError;

	async fn from_request(request: Request, state: &S) -> Result<Self, OllamaError> {
		read(request, state).await.map(Self).map_err(OllamaError)
	}
}

fn is_json(headers: &HeaderMap) -> bool {
	let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
	let kind = kind.split(';').next().unwrap_or_default().trim();
	kind.eq_ignore_ascii_case("application/json")
}

async fn read<S: Send + Sync, T: DeserializeOwned>(request: Request, state: &S) -> Result<T, ApiError> {
	let bytes = bytes(request, state).await?;
	serde_json::from_slice(&bytes)
		.map_err(|error| ApiError::bad_request(None, format!("the body can't be understood: {error}")))
}

/// The whole body.
///
/// # Errors
///
/// When it is too long, or does not come in time.
pub async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
	let patience = request.extensions().get::<ReadTimeout>().map_or(Duration::MAX, |patience| patience.0);
	match timeout(patience, Bytes::from_request(request, state)).await {
		Ok(Ok(bytes)) => Ok(bytes),
		Ok(Err(rejection)) => Err(refuse(&rejection)),
		Err(_) => {
			Err(ApiError::refused(StatusCode::REQUEST_TIMEOUT, "request_timeout", "the body did not come in time"))
		}
	}
}

fn refuse(rejection: &BytesRejection) -> ApiError {
	let code = match rejection.status() {
		StatusCode::PAYLOAD_TOO_LARGE => "request_too_large",
		_ => "bad_body",
	};
	ApiError::refused(rejection.status(), code, rejection.body_text())
}

/// The parameters behind a path's question mark, by name.
pub fn query(uri: &Uri) -> HashMap<String, String> {
	url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect()
}

/// A whole number among them.
///
/// # Errors
///
/// It is none.
pub fn number(query: &HashMap<String, String>, name: &'static str) -> Result<Option<u32>, ApiError> {
	let Some(text) = query.get(name) else { return Ok(None) };
	let refuse = |_| ApiError::bad_request(Some(name), format!("{name}: {text:?} is no whole number"));
	text.parse().map(Some).map_err(refuse)
}

/// How long a body may take to come.
#[derive(Clone, Copy)]
struct ReadTimeout(Duration);

/// All routes.
pub fn router(gateway: Shared, config: &Config) -> Router {
	let api = Router::new()
		.route("/v1/models", get(models::list))
		.route("/v1/models/{name}", get(models::retrieve))
		.route("/v1/chat/completions", post(chat::create))
		.route("/v1/completions", post(completions::create))
		.route("/v1/embeddings", post(embeddings::create))
		.route("/v1/match", get(matching::explain))
		.route("/metrics", get(status::metrics))
		.merge(job_api::routes())
		.merge(ollama::routes())
		.route_layer(middleware::from_fn_with_state(gateway.clone(), once::once))
		.route_layer(middleware::from_fn_with_state(gateway.clone(), access::enter));
	let read = ReadTimeout(config.read_timeout());
	Router::new()
		.route("/", get(ollama::root))
		.route("/healthz", get(status::healthz))
		.route("/readyz", get(status::readyz))
		.merge(document::routes())
		.merge(api)
		.fallback(unknown)
		.method_not_allowed_fallback(wrong_method)
		.layer(DefaultBodyLimit::max(config.max_body_bytes))
		.layer(middleware::from_fn_with_state(gateway.clone(), count))
		.layer(axum::Extension(read))
		.with_state(gateway)
}

async fn count(State(gateway): State<Shared>, request: Request, next: Next) -> Response {
	let route = route(request.uri().path());
	let response = next.run(request).await;
	gateway.metrics.request(route, response.status().as_u16());
	response
}

/// What the metrics call a path: few values, whatever is asked.
fn route(path: &str) -> &'static str {
	const KNOWN: [&str; 19] = [
		"/",
		"/healthz",
		"/readyz",
		"/metrics",
		"/docs",
		"/openapi.json",
		"/v1/models",
		"/v1/chat/completions",
		"/v1/completions",
		"/v1/embeddings",
		"/v1/match",
		"/api/generate",
		"/api/chat",
		"/api/embed",
		"/api/embeddings",
		"/api/tags",
		"/api/show",
		"/api/ps",
		"/api/version",
	];
	match KNOWN.into_iter().find(|known| *known == path) {
		Some(known) => known,
		None if path.starts_with("/v1/models/") => "/v1/models/{name}",
		None if path == "/v1/jobs" || path.starts_with("/v1/jobs/") => "/v1/jobs",
		None => "other",
	}
}

async fn unknown(request: Request) -> Response {
	let (method, path) = (request.method(), request.uri().path());
	let message = format!("there is no {method} {path} here; GET /openapi.json describes what there is");
	in_form_of(path, ApiError::refused(StatusCode::NOT_FOUND, "unknown_url", message))
}

async fn wrong_method(request: Request) -> Response {
	let (method, path) = (request.method(), request.uri().path());
	let message = format!("{path} does not take {method}; GET /openapi.json describes what it takes");
	in_form_of(path, ApiError::refused(StatusCode::METHOD_NOT_ALLOWED, "method_not_supported", message))
}

fn in_form_of(path: &str, error: ApiError) -> Response {
	if path.starts_with("/api/") {
		OllamaError(error).into_response()
	} else {
		error.into_response()
	}
}
