//! The HTTP server.

use std::sync::Arc;

use anyhow::{bail, Context};
use axum::{
	extract::{rejection::JsonRejection, FromRequest, Request, State},
	http::header::AUTHORIZATION,
	middleware::{self, Next},
	response::{IntoResponse, Response},
	routing::{get, post},
	Json, Router,
};
use millrace_client::{Client, Signer};
use serde::de::DeserializeOwned;
use serde_json::{json, Value};
use tokio::{
	net::TcpListener,
	signal::unix::{signal, SignalKind},
};

use crate::{
	args::Run,
	jobs::Jobs,
	keys::{self, ApiKeys},
	openai::{chat, completions, models, ApiError},
};

/// What requests share.
pub struct Gateway {
	/// Makes the answers.
	pub jobs: Jobs,
	keys: ApiKeys,
}

/// A [`Gateway`] for many requests.
pub type Shared = Arc<Gateway>;

/// A JSON body; one that is none is refused in OpenAI's form.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
	type Rejection = ApiError;

	async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
		match Json::<T>::from_request(request, state).await {
			Ok(Json(body)) => Ok(Self(body)),
			Err(rejection) => Err(refuse(&rejection)),
		}
	}
}

fn refuse(rejection: &JsonRejection) -> ApiError {
	ApiError { status: rejection.status(), ..ApiError::bad_request(None, rejection.body_text()) }
}

/// Serves until SIGTERM or Ctrl-C; what is under way then is still answered.
///
/// # Errors
///
/// A key that is none, an address that can't be had or is open to others without API keys, or a node that does not answer
/// at the start.
pub async fn run(args: Run) -> anyhow::Result<()> {
	let keys = match &args.api_keys {
		Some(path) => ApiKeys::read(path)?,
		None if args.bind.ip().is_loopback() => ApiKeys::Anybody,
		None => bail!("{} is open to others, who would spend your money: give --api-keys", args.bind),
	};
	let signer = match (&args.key_file, &args.dev) {
		(Some(path), _) => keys::payer(path)?,
		(None, Some(name)) => Signer::from_uri(&format!("//{name}"))?,
		(None, None) => bail!("no account pays: give --key-file"),
	};
	let client = Client::connect(&args.url).await?;
	let account = signer.account_id();
	let submitter = client.submitter(signer);
	let jobs = Jobs::new(client, submitter, args.max_fee, args.timeout);
	let router = router(Arc::new(Gateway { jobs, keys }));
	let listener = TcpListener::bind(args.bind).await.with_context(|| format!("can't listen at {}", args.bind))?;
	let address = listener.local_addr()?;
	tracing::info!(event = %"ready", url = %format!("http://{address}/v1"), payer = %account, "serving");
	let mut terminated = signal(SignalKind::terminate())?;
	let stop = async move {
		tokio::select! {
			_ = terminated.recv() => {},
			_ = tokio::signal::ctrl_c() => {},
		}
		tracing::info!(event = %"draining", "stopping: requests under way are answered");
	};
	axum::serve(listener, router).with_graceful_shutdown(stop).await?;
	Ok(())
}

fn router(gateway: Shared) -> Router {
	let api = Router::new()
		.route("/v1/models", get(models::list))
		.route("/v1/models/{name}", get(models::retrieve))
		.route("/v1/chat/completions", post(chat::create))
		.route("/v1/completions", post(completions::create))
		.route_layer(middleware::from_fn_with_state(gateway.clone(), authorize));
	Router::new().route("/healthz", get(healthz)).merge(api).fallback(unknown).with_state(gateway)
}

async fn authorize(State(gateway): State<Shared>, request: Request, next: Next) -> Response {
	let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
	if gateway.keys.allow(header) {
		next.run(request).await
	} else {
		ApiError::unauthorized().into_response()
	}
}

async fn healthz(State(gateway): State<Shared>) -> Result<Json<Value>, ApiError> {
	Ok(Json(json!({ "status": "ok", "block": gateway.jobs.height().await? })))
}

async fn unknown(request: Request) -> ApiError {
	let (method, path) = (request.method(), request.uri().path());
	let message =
		format!("there is no {method} {path} here; there are /v1/models, /v1/chat/completions, /v1/completions");
	ApiError { status: axum::http::StatusCode::NOT_FOUND, ..ApiError::bad_request(None, message) }
}
