//! Where jobs stand, what came of them, and their end.

use std::time::Duration;

use axum::{
	extract::{Path, State},
	http::{
		header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE},
		HeaderMap, StatusCode, Uri,
	},
	response::{IntoResponse, Response},
	Json,
};
use millrace_client::{calls, receipt::ExportOptions, Error};
use millrace_primitives::{AccountId32, JobId, Receipt};
use serde_json::{json, Value};

use super::{find, view};
use crate::{
	access::Caller,
	answer::NoAnswer,
	desk::{ended, usage_json},
	openai::ApiError,
	server::{number, query, Gateway, Shared},
	store::JobRow,
};

/// Jobs on a page unless told otherwise, and at the most.
const PAGE: u32 = 20;
const MAX_PAGE: u32 = 100;

/// How long a receipt's file is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The caller's jobs, the latest first.
#[utoipa::path(
	get,
	path = "/v1/jobs",
	tag = "Jobs",
	params(
		("limit" = Option<u32>, Query, description = "1 to 100; 20 unless told otherwise", minimum = 1, maximum = 100),
		("after" = Option<String>, Query, description = "The last job of the page before"),
	),
	responses((status = 200, description = "A page of them", body = Value), (status = 400, description = "No such page", body = Value)),
)]
pub async fn list(State(gateway): State<Shared>, caller: Caller, uri: Uri) -> Result<Json<Value>, ApiError> {
	let query = query(&uri);
	let limit = number(&query, "limit")?.unwrap_or(PAGE);
	if !(1..=MAX_PAGE).contains(&limit) {
		return Err(ApiError::bad_request(Some("limit"), format!("limit is {limit}; it must be 1 to {MAX_PAGE}")));
	}
	let before = match query.get("after") {
		Some(id) => match gateway.store.job(caller.id(), id)? {
			Some(row) => Some(row.seq),
			None => return Err(ApiError::bad_request(Some("after"), format!("after: there is no job {id:?}"))),
		},
		None => None,
	};
	let mut rows = gateway.store.list_jobs(caller.id(), before, limit.saturating_add(1))?;
	let has_more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
	rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
	Ok(Json(json!({
		"object": "list",
		"data": rows.iter().map(|row| view(&gateway, row)).collect::<Vec<_>>(),
		"last_id": rows.last().map(|row| &row.id),
		"has_more": has_more,
	})))
}

/// Where a job stands.
#[utoipa::path(
	get,
	path = "/v1/jobs/{id}",
	tag = "Jobs",
	params(("id" = String, Path, description = "The job's name here")),
	responses((status = 200, description = "The job", body = Value), (status = 404, description = "There is none", body = Value)),
)]
pub async fn status(
	State(gateway): State<Shared>,
	caller: Caller,
	Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
	let row = find(&gateway, &caller, &id)?;
	Ok(Json(view(&gateway, &row)))
}

fn too_early(what: &str) -> ApiError {
	let error = ApiError::refused(StatusCode::TOO_EARLY, "not_ready", what);
	ApiError { retry_after: Some(1), ..error }
}

/// The number of a job that has ended, and was one.
fn settled(row: &JobRow) -> Result<JobId, ApiError> {
	let Some((ended, _)) = &row.ended else { return Err(too_early("the job has not ended yet")) };
	match (ended.outcome.as_str(), row.posted) {
		("settled", Some((job, _))) => Ok(job),
		(outcome, _) => {
			let reason = ended.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
			let message = format!("the job has no answer, it ended as {outcome}{reason}");
			Err(ApiError::refused(StatusCode::CONFLICT, "no_answer", message))
		}
	}
}

/// The answer of a settled job, as its bytes.
#[utoipa::path(
	get,
	path = "/v1/jobs/{id}/result",
	tag = "Jobs",
	params(("id" = String, Path, description = "The job's name here")),
	responses(
		(status = 200, description = "The answer: text, for embeddings little-endian singles", body = String, content_type = "text/plain"),
		(status = 409, description = "The job ended without one", body = Value),
		(status = 410, description = "The chain has pruned it", body = Value),
		(status = 425, description = "The job has not ended", body = Value),
		(status = "default", description = "Why there is none", body = Value),
	),
)]
pub async fn result(
	State(gateway): State<Shared>,
	caller: Caller,
	Path(id): Path<String>,
) -> Result<Response, ApiError> {
	let row = find(&gateway, &caller, &id)?;
	let job = settled(&row)?;
	let output = gateway.client.output(job).await?.ok_or_else(|| {
		ApiError::refused(StatusCode::GONE, "answer_gone", format!("the chain has pruned the answer of job {job}"))
	})?;
	let kind = match row.workload.as_str() {
		"chat" | "generate" | "conversation" => "text/plain; charset=utf-8",
		"image" | "task" => "application/json",
		_ => "application/octet-stream",
	};
	// Never to be taken for a page of this address, whatever it says.
	Ok(([(CONTENT_TYPE.as_str(), kind), ("x-content-type-options", "nosniff")], output).into_response())
}

/// Withdraws a job that no miner has yet.
#[utoipa::path(
	post,
	path = "/v1/jobs/{id}/cancel",
	tag = "Jobs",
	params(("id" = String, Path, description = "The job's name here")),
	responses(
		(status = 200, description = "It is withdrawn", body = Value),
		(status = 409, description = "It can't be: a miner has it, or it has ended", body = Value),
		(status = "default", description = "Why it is not", body = Value),
	),
)]
pub async fn cancel(
	State(gateway): State<Shared>,
	caller: Caller,
	Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
	withdraw(&gateway, &caller, &id).await
}

/// The same as `POST /v1/jobs/{id}/cancel`.
#[utoipa::path(
	delete,
	path = "/v1/jobs/{id}",
	tag = "Jobs",
	params(("id" = String, Path, description = "The job's name here")),
	responses(
		(status = 200, description = "It is withdrawn", body = Value),
		(status = 409, description = "It can't be: a miner has it, or it has ended", body = Value),
		(status = "default", description = "Why it is not", body = Value),
	),
)]
pub async fn delete(
	State(gateway): State<Shared>,
	caller: Caller,
	Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
	withdraw(&gateway, &caller, &id).await
}

async fn withdraw(gateway: &Gateway, caller: &Caller, id: &str) -> Result<Json<Value>, ApiError> {
	let conflict = |message: String| ApiError::refused(StatusCode::CONFLICT, "not_cancellable", message);
	let row = find(gateway, caller, id)?;
	let job = match (row.posted, &row.ended) {
		(_, Some((ended, _))) => return Err(conflict(format!("the job has ended as {}", ended.outcome))),
		(None, None) => return Err(conflict("the job is not in a block yet; try again in a moment".into())),
		(Some((job, _)), None) => job,
	};
	match gateway.desk.submitter().submit(calls::cancel(job)).await {
		Ok(_) => {}
		Err(error @ Error::Dispatch { .. }) => return Err(conflict(error.to_string())),
		Err(error) => return Err(error.into()),
	}
	if let Some(progress) = gateway.desk.progress(row.seq) {
		// How it ended is in the records by then, also when a miner was faster.
		drop(ended(progress).await);
	}
	let row = find(gateway, caller, id)?;
	Ok(Json(view(gateway, &row)))
}

/// The record of an ended job on chain; with `Accept: application/octet-stream` a file that proves it to anybody.
#[utoipa::path(
	get,
	path = "/v1/jobs/{id}/receipt",
	tag = "Jobs",
	params(("id" = String, Path, description = "The job's name here")),
	responses(
		(status = 200, description = "The receipt", body = Value),
		(status = 425, description = "The job has not ended, or its end is not final", body = Value),
		(status = "default", description = "Why there is none", body = Value),
	),
)]
pub async fn receipt(
	State(gateway): State<Shared>,
	caller: Caller,
	headers: HeaderMap,
	Path(id): Path<String>,
) -> Result<Response, ApiError> {
	let row = find(&gateway, &caller, &id)?;
	if row.ended.is_none() {
		return Err(too_early("the job has not ended yet"));
	}
	let Some((job, _)) = row.posted else {
		return Err(ApiError::refused(StatusCode::CONFLICT, "no_receipt", "the job was never in a block"));
	};
	let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
	if accepted.contains("application/octet-stream") {
		return file(&gateway, job).await;
	}
	let receipt = gateway.client.receipt(job).await?.ok_or_else(|| gone(job))?;
	Ok(Json(record(&receipt)).into_response())
}

fn gone(job: JobId) -> ApiError {
	let message = format!("the receipt of job {job} has left the chain's state; an archive node can make it again");
	ApiError::refused(StatusCode::GONE, "receipt_gone", message)
}

async fn file(gateway: &Gateway, job: JobId) -> Result<Response, ApiError> {
	let options = ExportOptions { patience: PATIENCE, ..ExportOptions::default() };
	match gateway.client.export_receipt(job, &options).await {
		Ok(bytes) => {
			let name = format!("attachment; filename=\"job-{job}.receipt\"");
			let headers = [(CONTENT_TYPE, "application/octet-stream".to_owned()), (CONTENT_DISPOSITION, name)];
			Ok((headers, bytes).into_response())
		}
		Err(error) if error.is_temporary() => Err(too_early(&error.to_string())),
		Err(error) => Err(NoAnswer::from(Error::Incompatible(error.to_string())).into()),
	}
}

fn record(receipt: &Receipt<AccountId32>) -> Value {
	json!({
		"job": receipt.job,
		"client": receipt.client.to_string(),
		"miner": receipt.miner.as_ref().map(ToString::to_string),
		"attempts": receipt.attempts,
		"model_digest": format!("{:?}", receipt.model_digest),
		"input_hash": format!("{:?}", receipt.input_hash),
		"params_hash": format!("{:?}", receipt.params_hash),
		"output_hash": format!("{:?}", receipt.output_hash),
		"transcript_root": format!("{:?}", receipt.transcript_root),
		"usage": usage_json(&receipt.usage),
		"fee": receipt.fee.to_string(),
		"outcome": format!("{:?}", receipt.outcome).to_lowercase(),
		"submitted_at": receipt.submitted_at,
		"ended_at": receipt.ended_at,
	})
}
