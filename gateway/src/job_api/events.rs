//! `GET /v1/jobs/{id}/events`.

use std::{convert::Infallible, time::Duration};

use async_stream::stream;
use axum::{
	extract::{Path, State},
	response::{
		sse::{Event, KeepAlive, Sse},
		IntoResponse, Response,
	},
};

use super::{find, view};
use crate::{access::Caller, openai::ApiError, server::Shared};

/// A comment goes out so often while nothing happens.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// What happens to a job, from its beginning or the gateway's last start on, as server-sent events; the last one, `end`,
/// has the job as `GET /v1/jobs/{id}` has it.
#[utoipa::path(
	get,
	path = "/v1/jobs/{id}/events",
	tag = "Jobs",
	params(("id" = String, Path, description = "The job's name here")),
	responses(
		(status = 200, description = "The events", body = String, content_type = "text/event-stream"),
		(status = 404, description = "There is no such job", body = serde_json::Value),
	),
)]
pub async fn events(
	State(gateway): State<Shared>,
	caller: Caller,
	Path(id): Path<String>,
) -> Result<Response, ApiError> {
	let row = find(&gateway, &caller, &id)?;
	let mut progress = gateway.desk.progress(row.seq);
	let events = stream! {
		let mut told = 0;
		while let Some(progress) = &mut progress {
			let (steps, over) = {
				let now = progress.borrow_and_update();
				(now.steps.get(told..).unwrap_or_default().to_vec(), now.end.is_some())
			};
			for step in steps {
				told += 1;
				yield Ok::<_, Infallible>(Event::default().event(step.name).data(step.data.to_string()));
			}
			if over || progress.changed().await.is_err() {
				break;
			}
		}
		if let Ok(row) = find(&gateway, &caller, &id) {
			yield Ok(Event::default().event("end").data(view(&gateway, &row).to_string()));
		}
	};
	Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}
