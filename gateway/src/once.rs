//! `Idempotency-Key`: a request that is sent again is not charged again.
//!
//! The answers of jobs that the job API posts can be had again. Those of other requests are kept nowhere; sent again, such
//! a request is refused, unless the first one came to nothing that may have been paid.

use axum::{
	body::Body,
	extract::{Request, State},
	http::{HeaderMap, Method, StatusCode},
	middleware::Next,
	response::{IntoResponse, Response},
};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
	access::Caller,
	ollama::OllamaError,
	openai::ApiError,
	server::{bytes, Shared},
	store::Claim,
};

/// Longest name in characters.
const MAX_NAME: usize = 255;

/// Marks a response that says no, to a request that may have been paid.
#[derive(Clone, Copy, Debug)]
pub struct Charged;

/// The request's name, if its client gives it one.
///
/// # Errors
///
/// It is too long, or not visible.
pub fn name_of(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
	let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
	match value.to_str() {
		Ok(name) if (1..=MAX_NAME).contains(&name.len()) => Ok(Some(name)),
		_ => Err(ApiError::bad_request(
			Some("Idempotency-Key"),
			format!("Idempotency-Key: expected 1 to {MAX_NAME} visible ASCII characters"),
		)),
	}
}

/// Another request had the name.
pub fn reused() -> ApiError {
	let message = "another request was sent with this Idempotency-Key; take a new one for each request";
	ApiError::refused(StatusCode::CONFLICT, "idempotency_key_reused", message)
}

fn taken() -> ApiError {
	let message =
		"this request was sent before with this Idempotency-Key, and is charged once; its answer is not kept: \
	               take a new key to ask again";
	ApiError::refused(StatusCode::CONFLICT, "idempotency_key_used", message)
}

/// Lets a request with a name through once.
pub async fn once(State(gateway): State<Shared>, caller: Caller, request: Request, next: Next) -> Response {
	let path = request.uri().path().to_owned();
	let refuse = |error: ApiError| match path.starts_with("/api/") {
		true => OllamaError(error).into_response(),
		false => error.into_response(),
	};
	// The job API has its own way, with answers.
	if request.method() != Method::POST || path.starts_with("/v1/jobs") {
		return next.run(request).await;
	}
	let name = match name_of(request.headers()) {
		Ok(Some(name)) => name.to_owned(),
		Ok(None) => return next.run(request).await,
		Err(error) => return refuse(error),
	};
	let (parts, body) = request.into_parts();
	let body = match bytes(Request::from_parts(parts.clone(), body), &gateway).await {
		Ok(body) => body,
		Err(error) => return refuse(error),
	};
	// Written anew, its keys are in order: how it was spelled does not count.
	let spelled = serde_json::from_slice::<Value>(&body).map(|value| value.to_string().into_bytes());
	let asked = spelled.unwrap_or_else(|_| body.to_vec());
	let hash = Sha256::new().chain_update(&path).chain_update([0]).chain_update(asked).finalize().into();
	match gateway.store.claim(caller.id(), &name, hash) {
		Ok(Claim::New) => {}
		Ok(Claim::Same) => return refuse(taken()),
		Ok(Claim::Other) => return refuse(reused()),
		Err(error) => return refuse(error.into()),
	}
	let response = next.run(Request::from_parts(parts, Body::from(body))).await;
	if !response.status().is_success() && response.extensions().get::<Charged>().is_none() {
		if let Err(error) = gateway.store.release(caller.id(), &name) {
			tracing::error!(%error, "a request's name can't be released");
		}
	}
	response
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn name_should_be_short_and_visible() {
		let of = |value: &str| {
			let mut headers = HeaderMap::new();
			headers.insert("idempotency-key", axum::http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
			name_of(&headers).map(|name| name.map(str::to_owned)).map_err(|error| error.param)
		};
		assert_eq!(of("first"), Ok(Some("first".into())));
		assert_eq!(name_of(&HeaderMap::new()), Ok(None));
		for wrong in ["", &"x".repeat(256), "\u{e9}"] {
			assert_eq!(of(wrong), Err(Some("Idempotency-Key")), "{wrong}");
		}
	}
}
