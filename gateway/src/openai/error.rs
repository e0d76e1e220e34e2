//! Errors in OpenAI's form, see <https://platform.openai.com/docs/guides/error-codes>.

use std::time::Duration;

use axum::{
	http::{header::RETRY_AFTER, StatusCode},
	response::{IntoResponse, Response},
	Json,
};
use millrace_client::{amount, Error};
use millrace_primitives::FailCode;
use serde_json::{json, Value};

use super::request::refusal;
use crate::{access::whole_seconds, answer::NoAnswer, once::Charged, store::Scope};

/// What a client of OpenAI's API is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
	/// HTTP's.
	pub status: StatusCode,
	/// OpenAI's `type`.
	pub kind: &'static str,
	/// OpenAI's `code`.
	pub code: Option<&'static str>,
	/// The parameter that is at fault.
	pub param: Option<&'static str>,
	/// Words.
	pub message: String,
	/// Seconds after which the same request may do better.
	pub retry_after: Option<u64>,
	/// Whether something may have been paid all the same.
	pub charged: bool,
}

impl ApiError {
	fn new(status: StatusCode, kind: &'static str, code: Option<&'static str>, message: impl Into<String>) -> Self {
		Self { status, kind, code, param: None, message: message.into(), retry_after: None, charged: false }
	}

	/// The request is at fault.
	pub fn bad_request(param: Option<&'static str>, message: impl Into<String>) -> Self {
		Self { param, ..Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", None, message) }
	}

	/// The request asks for what no answer can do.
	pub fn unsupported(param: &'static str) -> Self {
		let why = refusal(param).unwrap_or("no answer can do that; leave it out");
		Self { code: Some("unsupported_parameter"), ..Self::bad_request(Some(param), format!("{param}: {why}")) }
	}

	/// The request is at fault in another way than most.
	pub fn refused(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
		Self::new(status, "invalid_request_error", Some(code), message)
	}

	/// No API key, or none that is let in.
	pub fn unauthorized() -> Self {
		// OpenAI's own words: some clients tell this error by them.
		let message = "Incorrect API key provided; send one of this gateway's as `Authorization: Bearer KEY`";
		Self::refused(StatusCode::UNAUTHORIZED, "invalid_api_key", message)
	}

	/// The key is not for this.
	pub fn forbidden(scope: Scope) -> Self {
		let message = format!("this API key is not for {}", scope.name());
		Self::refused(StatusCode::FORBIDDEN, "insufficient_permissions", message)
	}

	/// Without keys, a request that a web page of another machine makes.
	pub fn foreign() -> Self {
		let message =
			"without API keys only this machine is served, by the name localhost; make a key to open the gateway";
		Self::refused(StatusCode::FORBIDDEN, "foreign_origin", message)
	}

	/// The key's requests of this minute are used up.
	pub fn too_fast(retry: Duration) -> Self {
		let seconds = whole_seconds(retry);
		let message = format!("too many requests with this API key; try again in {seconds} s");
		let code = Some("rate_limit_exceeded");
		Self { retry_after: Some(seconds), ..Self::new(StatusCode::TOO_MANY_REQUESTS, "requests", code, message) }
	}

	/// There is no such model.
	pub fn unknown_model(name: &str) -> Self {
		let message = format!("the chain has no model {name:?} that takes such jobs; GET /v1/models lists them");
		let error = Self::refused(StatusCode::NOT_FOUND, "model_not_found", message);
		Self { param: Some("model"), ..error }
	}

	/// There is such a model, but not for this key.
	pub fn forbidden_model(name: &str) -> Self {
		let error = Self::refused(
			StatusCode::FORBIDDEN,
			"model_not_found",
			format!("this API key is not for the model {name:?}"),
		);
		Self { param: Some("model"), ..error }
	}

	/// The gateway, the chain or a miner is at fault.
	pub fn server(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
		Self::new(status, "server_error", Some(code), message)
	}

	fn poor(message: String) -> Self {
		Self::new(StatusCode::TOO_MANY_REQUESTS, "insufficient_quota", Some("insufficient_quota"), message)
	}

	/// The form that OpenAI's clients read.
	pub fn body(&self) -> Value {
		json!({ "error": { "message": self.message, "type": self.kind, "param": self.param, "code": self.code } })
	}

	/// With the headers that go with it.
	pub fn with(&self, body: Value) -> Response {
		let mut response = (self.status, Json(body)).into_response();
		if let Some(seconds) = self.retry_after {
			response.headers_mut().insert(RETRY_AFTER, seconds.into());
		}
		if self.charged {
			response.extensions_mut().insert(Charged);
		}
		response
	}
}

impl IntoResponse for ApiError {
	fn into_response(self) -> Response {
		self.with(self.body())
	}
}

impl From<&Error> for ApiError {
	fn from(error: &Error) -> Self {
		let message = error.to_string();
		match error {
			Error::Dispatch { error, .. } if error == "InsufficientBalance" || error == "FundsUnavailable" => {
				Self::poor(message)
			}
			Error::InsufficientFunds => Self::poor(message),
			Error::Dispatch { .. } => Self::bad_request(None, message),
			Error::Connection(_) => Self {
				retry_after: Some(5),
				..Self::server(StatusCode::SERVICE_UNAVAILABLE, "chain_unreachable", message)
			},
			_ => Self::server(StatusCode::BAD_GATEWAY, "chain_error", message),
		}
	}
}

impl From<Error> for ApiError {
	fn from(error: Error) -> Self {
		Self::from(&error)
	}
}

impl From<NoAnswer> for ApiError {
	fn from(reason: NoAnswer) -> Self {
		let charged = reason.may_be_paid();
		Self { charged, ..Self::told(reason) }
	}
}

impl ApiError {
	fn told(reason: NoAnswer) -> Self {
		let bad_gateway = |code, message: String| Self::server(StatusCode::BAD_GATEWAY, code, message);
		match reason {
			NoAnswer::Chain(error) => Self::from(&*error),
			NoAnswer::BadRequest(FailCode::ContextTooLong) => Self {
				code: Some("context_length_exceeded"),
				..Self::bad_request(Some("messages"), "prompt and max_tokens exceed the model's context")
			},
			NoAnswer::BadRequest(FailCode::EmptyOutput) => bad_gateway(
				"empty_answer",
				"the model ended its answer before the first word of it; nothing was paid".into(),
			),
			NoAnswer::BadRequest(_) => Self::bad_request(
				Some("messages"),
				"the miner can't use the input: it has a NUL or spells one of the model's control tokens",
			),
			NoAnswer::Failed(code) => {
				let why = code.map_or_else(|| "the miner stayed silent".into(), |code| format!("{code:?}"));
				bad_gateway("attempts_failed", format!("all attempts failed, the last one: {why}; nothing was paid"))
			}
			NoAnswer::Expired => Self::server(
				StatusCode::SERVICE_UNAVAILABLE,
				"no_miner",
				"no miner took the job in time; nothing was paid",
			),
			NoAnswer::Cancelled => {
				Self::refused(StatusCode::CONFLICT, "cancelled", "the job was withdrawn; nothing was paid")
			}
			NoAnswer::Pruned { job, .. } => bad_gateway(
				"answer_gone",
				format!("job {job} was answered and paid, and its answer left the chain's state before it was read"),
			),
			NoAnswer::OverBudget(over) => Self::poor(format!(
				"this API key's budget of {} a month does not reach: {} are spent, {} reserved for what is under way, and \
				 this may cost {}",
				amount::show(over.budget),
				amount::show(over.spent),
				amount::show(over.reserved),
				amount::show(over.needed),
			)),
			NoAnswer::Broken(why) => bad_gateway(
				"answer_broke_off",
				format!("the answer broke off: {why}; what came of it was paid up to the last checkpoint"),
			),
			NoAnswer::Seeded => Self::bad_request(
				Some("seed"),
				"seed: no miner streams this model now, and the chain gives jobs their seed; leave it out",
			),
			NoAnswer::Unrecorded => Self::bad_request(
				Some("logprobs"),
				"logprobs: no miner streams this model now, and of jobs the chain keeps no tokens; leave it out",
			),
			NoAnswer::TooManyTokens { limit, needed, retry } => {
				let retry_after = retry.map(whole_seconds);
				let then = match retry_after {
					Some(seconds) => format!("try again in {seconds} s"),
					None => "ask with a lower max_tokens, a shorter input or fewer answers".into(),
				};
				let message = format!(
					"this API key may use {limit} tokens a minute, and this request may take {needed}, its input counted \
					 in bytes; {then}"
				);
				let code = Some("rate_limit_exceeded");
				Self { retry_after, ..Self::new(StatusCode::TOO_MANY_REQUESTS, "tokens", code, message) }
			}
			NoAnswer::OneOf { index, count, why } => {
				let error = Self::from(*why);
				let message = format!(
					"answer {index} of {count} failed, and the others ended with it; what came of them is paid, and jobs \
					 go on: {}",
					error.message
				);
				Self { message, ..error }
			}
			NoAnswer::Busy => Self {
				retry_after: Some(1),
				..Self::new(
					StatusCode::TOO_MANY_REQUESTS,
					"requests",
					Some("rate_limit_exceeded"),
					"too many answers are under way; try again in a moment",
				)
			},
			NoAnswer::Store(error) => {
				tracing::error!(%error, "the records can't be used");
				Self::server(
					StatusCode::INTERNAL_SERVER_ERROR,
					"records_failed",
					"the gateway can't use its own records",
				)
			}
		}
	}
}
