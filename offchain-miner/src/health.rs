//! `GET /healthz` for the owner's monitoring.

use std::{net::SocketAddr, time::Duration};

use axum::{extract::State, http::StatusCode, routing::get, Json, Router};
use serde_json::{json, Value};
use tokio::net::TcpListener;

use crate::{engines::LocalModel, runner::SharedStatus};

/// A chain that was not read for so long counts as out of reach.
const STALE: Duration = Duration::from_secs(30);

/// What does not change while the miner runs.
#[derive(Clone)]
pub struct Facts {
	/// The chain's genesis hash in hex.
	pub genesis: String,
	/// The operator's account.
	pub operator: String,
	/// The models at the start.
	pub models: Vec<LocalModel>,
}

/// Serves at `bind` and returns the address that it got.
pub async fn serve(bind: SocketAddr, facts: Facts, status: SharedStatus) -> std::io::Result<SocketAddr> {
	let listener = TcpListener::bind(bind).await?;
	let address = listener.local_addr()?;
	let router = Router::new().route("/healthz", get(healthz)).with_state((facts, status));
	tokio::spawn(async move {
		if let Err(error) = axum::serve(listener, router).await {
			tracing::error!(%error, "the health server ended");
		}
	});
	Ok(address)
}

async fn healthz(State((facts, status)): State<(Facts, SharedStatus)>) -> (StatusCode, Json<Value>) {
	let status = status.lock().map(|status| status.clone()).unwrap_or_default();
	let lag = status.read_at.map(|at| at.elapsed());
	let fresh = lag.is_some_and(|lag| lag < STALE);
	let code = if fresh { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
	let body = json!({
		"healthy": fresh,
		"draining": status.draining,
		"genesis": facts.genesis,
		"operator": facts.operator,
		"models": facts.models,
		"best_block": status.best,
		"chain_lag_ms": lag.map(|lag| u64::try_from(lag.as_millis()).unwrap_or(u64::MAX)),
		"running": status.counts.running,
		"queued": status.counts.queued,
		"submitting": status.counts.submitting,
	});
	(code, Json(body))
}
