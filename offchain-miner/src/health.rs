//! `GET /healthz` and `GET /metrics` for the owner's monitoring, and `GET /artifacts/SHA256` for what jobs made.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
	extract::{Path, State},
	http::{
		header::{ACCEPT, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
		HeaderMap, StatusCode,
	},
	response::IntoResponse,
	routing::get,
	Json, Router,
};
use millrace_primitives::H256;
use serde_json::{json, Value};
use tokio::net::TcpListener;

use crate::{
	artifacts::{image_type, Artifacts},
	engines::LocalModel,
	metrics::{Format, Metrics},
	task,
};

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
	/// What jobs made.
	pub artifacts: Artifacts,
	/// Where tasks leave theirs.
	pub tasks: Option<Arc<task::Runner>>,
}

type Shared = Arc<(Facts, Arc<Metrics>)>;

/// Serves at `bind` and returns the address that it got.
pub async fn serve(bind: SocketAddr, facts: Facts, metrics: Arc<Metrics>) -> std::io::Result<SocketAddr> {
	let listener = TcpListener::bind(bind).await?;
	let address = listener.local_addr()?;
	let router = Router::new()
		.route("/healthz", get(healthz))
		.route("/metrics", get(exposition))
		.route("/artifacts/{sha256}", get(artifact))
		.with_state(Arc::new((facts, metrics)));
	tokio::spawn(async move {
		if let Err(error) = axum::serve(listener, router).await {
			tracing::error!(%error, "the health server ended");
		}
	});
	Ok(address)
}

async fn exposition(State(shared): State<Shared>, headers: HeaderMap) -> impl IntoResponse {
	let format = Format::accepted(headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()));
	let text = shared.1.text(format).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR);
	text.map(|text| ([(CONTENT_TYPE, format.content_type())], text))
}

async fn artifact(State(shared): State<Shared>, Path(sha256): Path<String>) -> Result<impl IntoResponse, StatusCode> {
	let path = shared.0.artifacts.path(&sha256).ok_or(StatusCode::NOT_FOUND)?;
	let bytes = match tokio::fs::read(path).await {
		Ok(bytes) => bytes,
		Err(_) => made_by_task(&shared.0, &sha256).await.ok_or(StatusCode::NOT_FOUND)?,
	};
	let kind = image_type(&bytes).unwrap_or("application/octet-stream");
	// Never to be taken for a page of this address, whatever it says.
	Ok(([(CONTENT_TYPE, kind), (X_CONTENT_TYPE_OPTIONS, "nosniff")], bytes))
}

async fn made_by_task(facts: &Facts, sha256: &str) -> Option<Vec<u8>> {
	let tasks = facts.tasks.clone()?;
	let sha256 = <[u8; 32]>::try_from(hex::decode(sha256).ok()?).ok()?;
	// It hashes the file again when anything about it has changed.
	let found = tokio::task::spawn_blocking(move || tasks.artifact(H256(sha256))).await.ok()??;
	tokio::fs::read(found.path).await.ok()
}

async fn healthz(State(shared): State<Shared>) -> (StatusCode, Json<Value>) {
	let (facts, metrics) = &*shared;
	let status = metrics.status();
	let (lag, age) = metrics.lags(&status);
	let fresh = status.read_at.is_some() && lag < STALE;
	let code = if fresh { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
	let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
	let mut body = json!({
		"healthy": fresh,
		"draining": status.draining,
		"ready": status.vitals.ready,
		"genesis": facts.genesis,
		"operator": facts.operator,
		"models": facts.models,
		"engines": status.vitals.engines,
		"best_block": status.best,
		"best_block_age_ms": status.best_at.map(|_| millis(age)),
		"chain_lag_ms": status.read_at.map(|_| millis(lag)),
		"running": status.counts.running,
		"queued": status.counts.queued,
		"submitting": status.counts.submitting,
	});
	if !status.vitals.gpus.is_empty() {
		let gpus = status.vitals.gpus.iter().map(|reading| {
			let gpu = &reading.gpu;
			json!({
				"index": gpu.index,
				"name": gpu.name,
				"memory_total": gpu.memory_total,
				"memory_free": gpu.free(),
				"celsius": reading.celsius,
			})
		});
		body["gpus"] = gpus.collect();
	}
	(code, Json(body))
}

#[cfg(test)]
mod tests {
	use std::time::Instant;

	use super::*;
	use crate::{
		hardware::{gpu::tests::gpu, sensors::Reading},
		metrics::EngineVital,
		runner::SharedStatus,
	};

	/// The report of a miner in this state.
	async fn report(status: &SharedStatus) -> (StatusCode, Value) {
		let artifacts = Artifacts::new(std::path::Path::new("/none"));
		let facts = Facts { genesis: "00".into(), operator: "5F".into(), models: Vec::new(), artifacts, tasks: None };
		let metrics = Arc::new(Metrics::new(status.clone(), 1, true));
		let (code, Json(body)) = healthz(State(Arc::new((facts, metrics)))).await;
		(code, body)
	}

	#[tokio::test]
	async fn artifact_should_be_served_by_its_sha256_and_nothing_else() {
		let dir = tempfile::tempdir().unwrap();
		let artifacts = Artifacts::new(dir.path());
		let kept = artifacts.keep(b"\x89PNG\r\n\x1a\n", "image/png").unwrap();
		std::fs::write(dir.path().join("secret"), "x").unwrap();
		let facts = Facts { genesis: "00".into(), operator: "5F".into(), models: Vec::new(), artifacts, tasks: None };
		let metrics = Arc::new(Metrics::new(SharedStatus::default(), 1, false));
		let address = serve(([127, 0, 0, 1], 0).into(), facts, metrics).await.unwrap();
		let get = |path: String| reqwest::get(format!("http://{address}/artifacts/{path}"));
		let found = get(kept.sha256.clone()).await.unwrap();
		assert_eq!((found.status(), found.headers()["content-type"].as_bytes()), (StatusCode::OK, &b"image/png"[..]));
		for path in ["..%2Fsecret".to_owned(), "../secret".into(), "a".repeat(64), kept.sha256.to_uppercase()] {
			assert_eq!(get(path.clone()).await.unwrap().status(), StatusCode::NOT_FOUND, "{path}");
		}
	}

	#[tokio::test]
	async fn report_should_be_bad_when_the_chain_was_never_read() {
		let (code, body) = report(&SharedStatus::default()).await;
		assert_eq!((code, &body["chain_lag_ms"]), (StatusCode::SERVICE_UNAVAILABLE, &Value::Null));
		assert!(body.get("gpus").is_none());
	}

	#[tokio::test]
	async fn report_should_tell_work_engines_and_free_gpu_memory_when_all_is_well() {
		let status = SharedStatus::default();
		{
			let mut status = status.lock().unwrap();
			(status.best, status.best_at, status.read_at) = (Some(7), Some(Instant::now()), Some(Instant::now()));
			(status.counts.running, status.counts.queued) = (1, 2);
			status.vitals.engines = vec![EngineVital { kind: "llama", up: true }];
			status.vitals.gpus = vec![Reading { gpu: gpu(0, 10, 4), celsius: Some(40), millijoules: None }];
		}
		let (code, body) = report(&status).await;
		assert_eq!(code, StatusCode::OK);
		assert_eq!((&body["running"], &body["queued"], &body["best_block"]), (&json!(1), &json!(2), &json!(7)));
		assert_eq!(body["engines"], json!([{ "kind": "llama", "up": true }]));
		assert_eq!(body["gpus"][0]["memory_free"], json!(6));
		assert!(body["chain_lag_ms"].as_u64().is_some_and(|lag| lag < 30_000));
	}
}
