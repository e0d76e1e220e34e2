//! Errors in OpenAI's form, see <https://platform.openai.com/docs/guides/error-codes>.

use axum::{
	http::StatusCode,
	response::{IntoResponse, Response},
	Json,
};
use millrace_client::Error;
use millrace_primitives::FailCode;
use serde_json::{json, Value};

use crate::jobs::NoAnswer;

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
}

impl ApiError {
	/// The request is at fault.
	pub fn bad_request(param: Option<&'static str>, message: impl Into<String>) -> Self {
		Self {
			status: StatusCode::BAD_REQUEST,
			kind: "invalid_request_error",
			code: None,
			param,
			message: message.into(),
		}
	}

	/// No API key, or none that is let in.
	pub fn unauthorized() -> Self {
		Self {
			status: StatusCode::UNAUTHORIZED,
			kind: "invalid_request_error",
			code: Some("invalid_api_key"),
			param: None,
			message: "no valid API key; send one of this gateway's as `Authorization: Bearer KEY`".into(),
		}
	}

	/// There is no such model.
	pub fn unknown_model(name: &str) -> Self {
		Self {
			status: StatusCode::NOT_FOUND,
			kind: "invalid_request_error",
			code: Some("model_not_found"),
			param: Some("model"),
			message: format!("the chain has no model {name:?} that takes jobs; GET /v1/models lists them"),
		}
	}

	fn server(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
		Self { status, kind: "server_error", code: Some(code), param: None, message: message.into() }
	}

	/// The form that OpenAI's clients read.
	pub fn body(&self) -> Value {
		json!({ "error": { "message": self.message, "type": self.kind, "param": self.param, "code": self.code } })
	}
}

impl IntoResponse for ApiError {
	fn into_response(self) -> Response {
		(self.status, Json(self.body())).into_response()
	}
}

impl From<Error> for ApiError {
	fn from(error: Error) -> Self {
		let message = error.to_string();
		match &error {
			Error::Dispatch { error, .. } if error == "InsufficientBalance" => poor(message),
			Error::InsufficientFunds => poor(message),
			Error::Dispatch { .. } => Self::bad_request(None, message),
			Error::Connection(_) => Self::server(StatusCode::SERVICE_UNAVAILABLE, "chain_unreachable", message),
			_ => Self::server(StatusCode::BAD_GATEWAY, "chain_error", message),
		}
	}
}

fn poor(message: String) -> ApiError {
	ApiError {
		status: StatusCode::TOO_MANY_REQUESTS,
		kind: "insufficient_quota",
		code: Some("insufficient_quota"),
		param: None,
		message,
	}
}

impl From<NoAnswer> for ApiError {
	fn from(reason: NoAnswer) -> Self {
		match reason {
			NoAnswer::Chain(error) => error.into(),
			NoAnswer::BadRequest(FailCode::ContextTooLong) => Self {
				code: Some("context_length_exceeded"),
				..Self::bad_request(Some("messages"), "prompt and max_tokens exceed the model's context")
			},
			NoAnswer::BadRequest(FailCode::EmptyOutput) => Self::server(
				StatusCode::BAD_GATEWAY,
				"empty_answer",
				"the model ended its answer before the first word of it; nothing was paid",
			),
			NoAnswer::BadRequest(_) => Self::bad_request(
				Some("messages"),
				"the miner can't use the input: it has a NUL or spells one of the model's control tokens",
			),
			NoAnswer::Failed(code) => {
				let why = code.map_or_else(|| "the miner stayed silent".into(), |code| format!("{code:?}"));
				let message = format!("all attempts failed, the last one: {why}; nothing was paid");
				Self::server(StatusCode::BAD_GATEWAY, "attempts_failed", message)
			}
			NoAnswer::Expired => Self::server(
				StatusCode::SERVICE_UNAVAILABLE,
				"no_miner",
				"no miner took the job in time; nothing was paid",
			),
			NoAnswer::Cancelled => {
				Self::server(StatusCode::BAD_GATEWAY, "cancelled", "another program of this account withdrew the job")
			}
			NoAnswer::Pruned(job) => Self::server(
				StatusCode::BAD_GATEWAY,
				"answer_gone",
				format!("job {job} was answered and paid, and its answer left the chain's state before it was read"),
			),
		}
	}
}
