//! Whether the gateway lives and can work.

use std::{
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc,
	},
	time::Duration,
};

use axum::{
	extract::State,
	http::{header::CONTENT_TYPE, StatusCode},
	response::{IntoResponse, Response},
	Json,
};
use serde_json::{json, Value};
use tokio::time::timeout;

use crate::server::Shared;

/// A node that says nothing for so long is away.
const PATIENCE: Duration = Duration::from_secs(5);

/// A best block that is older has been forgotten by the chain's makers, or by the node.
const STALE: Duration = Duration::from_secs(60);

/// Whether the gateway is about to end.
#[derive(Clone, Debug, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
	/// It is.
	pub fn begin(&self) {
		self.0.store(true, Ordering::Relaxed);
	}

	fn has_begun(&self) -> bool {
		self.0.load(Ordering::Relaxed)
	}
}

/// Whether the process lives.
#[utoipa::path(get, path = "/healthz", tag = "Operation", responses((status = 200, description = "It does", body = Value)))]
pub async fn healthz() -> Json<Value> {
	Json(json!({ "status": "ok" }))
}

/// Whether requests can be answered: a node serves blocks that are young, and the gateway is not about to end.
#[utoipa::path(
	get,
	path = "/readyz",
	tag = "Operation",
	responses(
		(status = 200, description = "They can", body = Value),
		(status = 503, description = "Why not", body = Value),
	),
)]
pub async fn readyz(State(gateway): State<Shared>) -> Response {
	let not = |why: &str| (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": why }))).into_response();
	if gateway.draining.has_begun() {
		return not("draining");
	}
	let look = async {
		let at = gateway.client.at_best().await?;
		Ok::<_, millrace_client::Error>((at.block().number, at.timestamp().await?))
	};
	match timeout(PATIENCE, look).await {
		Ok(Ok((block, millis))) => {
			let now = u64::try_from(crate::store::now()).unwrap_or_default().saturating_mul(1_000);
			let age = Duration::from_millis(now.saturating_sub(millis));
			if age > STALE {
				return not("the node's best block is old");
			}
			Json(json!({ "status": "ok", "block": block })).into_response()
		}
		Ok(Err(error)) => {
			tracing::debug!(%error, "not ready");
			not("no node answers")
		}
		Err(_) => not("no node answers"),
	}
}

/// What Prometheus reads.
#[utoipa::path(
	get,
	path = "/metrics",
	tag = "Operation",
	responses((status = 200, description = "OpenMetrics", body = String, content_type = "application/openmetrics-text")),
)]
pub async fn metrics(State(gateway): State<Shared>) -> Response {
	match gateway.metrics.text() {
		Ok(text) => {
			([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
		}
		Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
	}
}
