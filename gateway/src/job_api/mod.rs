//! Jobs under names of their own, for programs that don't want to hold a connection until the answer is there.

mod create;
mod events;
mod read;

use axum::{
	routing::{get, post},
	Router,
};
use serde_json::{json, Value};

pub use create::__path_create;
pub use events::__path_events;
pub use read::{__path_cancel, __path_delete, __path_list, __path_receipt, __path_result, __path_status};

use crate::{
	access::Caller,
	desk::usage_json,
	ollama::date,
	openai::ApiError,
	server::{Gateway, Shared},
	store::JobRow,
};

/// The routes below `/v1/jobs`.
pub fn routes() -> Router<Shared> {
	Router::new()
		.route("/v1/jobs", post(create::create).get(read::list))
		.route("/v1/jobs/{id}", get(read::status).delete(read::delete))
		.route("/v1/jobs/{id}/cancel", post(read::cancel))
		.route("/v1/jobs/{id}/result", get(read::result))
		.route("/v1/jobs/{id}/receipt", get(read::receipt))
		.route("/v1/jobs/{id}/events", get(events::events))
}

/// A job of the caller's.
fn find(gateway: &Gateway, caller: &Caller, id: &str) -> Result<JobRow, ApiError> {
	let unknown = || {
		let message = format!("there is no job {id:?} of this API key, or it is forgotten");
		ApiError::refused(axum::http::StatusCode::NOT_FOUND, "job_not_found", message)
	};
	gateway.store.job(caller.id(), id)?.ok_or_else(unknown)
}

/// Where a job stands, in a word.
fn word(gateway: &Gateway, row: &JobRow) -> String {
	if let Some((ended, _)) = &row.ended {
		return ended.outcome.clone();
	}
	let step = gateway.desk.progress(row.seq).and_then(|progress| Some(progress.borrow().steps.last()?.name));
	let word = match (step, row.posted) {
		(Some("queued" | "attempt_failed"), _) => "queued",
		(Some("assigned" | "completed"), _) => "running",
		(_, Some(_)) => "posted",
		(_, None) => "submitting",
	};
	word.into()
}

/// A job as clients see it.
fn view(gateway: &Gateway, row: &JobRow) -> Value {
	let mut view = json!({
		"id": row.id,
		"object": "job",
		"status": word(gateway, row),
		"model": row.model,
		"workload": row.workload,
		"max_fee": row.max_fee.to_string(),
		"created_at": date(row.created),
		"transaction": row.tx_hash.map(|hash| format!("{hash:?}")),
		"job": row.posted.map(|(job, _)| job),
		"block": row.posted.map(|(_, block)| block),
	});
	if let Some((ended, at)) = &row.ended {
		view["ended_at"] = date(*at).into();
		view["fee"] = ended.fee.to_string().into();
		view["usage"] = usage_json(&ended.usage);
		view["reason"] = ended.reason.clone().into();
	}
	view
}
