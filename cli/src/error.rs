//! How the program fails: a message for people, a kind and an exit code for scripts.

use std::process::ExitCode;

use millrace_client::{
	receipt::{json::JsonError, ExportError, VerifyError},
	session::SessionError,
	Error as ClientError,
};
use millrace_primitives::Outcome;
use serde_json::json;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
	/// The arguments do not fit together.
	#[error("{0}")]
	Usage(String),
	/// Something that was asked for does not exist.
	#[error("{0}")]
	NotFound(String),
	/// A key or password is missing or wrong.
	#[error("{0}")]
	Key(String),
	/// A job ended without an answer.
	#[error("job {job} {}", ending(*.outcome))]
	Unsettled {
		/// The job.
		job: u64,
		/// How it ended.
		outcome: Outcome,
	},
	/// Money is not where it should be.
	#[error("the sums do not match: {0}")]
	Mismatch(String),
	/// A file proves no receipt.
	#[error("the receipt is not valid: {0}")]
	Invalid(#[from] VerifyError),
	/// A receipt as JSON proves nothing.
	#[error("the receipt is not valid: {0}")]
	InvalidJson(#[from] JsonError),
	/// No receipt's file could be made.
	#[error(transparent)]
	Export(ExportError),
	/// The chain or the way to it.
	#[error(transparent)]
	Chain(#[from] ClientError),
	/// The session with a miner.
	#[error(transparent)]
	Session(SessionError),
	/// Files and terminals.
	#[error("{what}: {source}")]
	Io {
		/// What was tried.
		what: String,
		/// Why it failed.
		source: std::io::Error,
	},
}

fn ending(outcome: Outcome) -> &'static str {
	match outcome {
		Outcome::Settled => "was answered",
		Outcome::Failed => "failed: every attempt was used up, or the request itself was at fault; refunded in full",
		Outcome::Expired =>
			"expired: no miner took it in time; refunded in full. `millrace miner list` shows who is ready and at what price",
		Outcome::Cancelled => "was cancelled; refunded in full",
	}
}

impl From<ExportError> for CliError {
	fn from(error: ExportError) -> Self {
		match error {
			ExportError::Chain(error) => Self::Chain(error),
			error => Self::Export(error),
		}
	}
}

impl From<SessionError> for CliError {
	fn from(error: SessionError) -> Self {
		match error {
			SessionError::Chain(error) => Self::Chain(error),
			error => Self::Session(error),
		}
	}
}

impl CliError {
	/// Adds what was tried to an I/O error.
	pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
		let what = what.into();
		move |source| Self::Io { what, source }
	}

	/// The kind, a stable word for scripts.
	fn kind(&self) -> &'static str {
		match self {
			Self::Usage(_) => "usage",
			Self::NotFound(_) | Self::Chain(ClientError::UnknownJob(_)) => "not_found",
			Self::Key(_) | Self::Chain(ClientError::Key(_)) => "key",
			Self::Unsettled { .. } => "unsettled",
			Self::Chain(error) if error.is_connection() => "connection",
			Self::Chain(error) if error.is_refusal() => "refused",
			Self::Mismatch(_) => "mismatch",
			Self::Invalid(_) | Self::InvalidJson(_) => "invalid",
			Self::Export(ExportError::Unsignable(_)) => "key",
			Self::Export(
				ExportError::NotEnded(_)
				| ExportError::Unknown(_)
				| ExportError::Gone(_)
				| ExportError::NotInBlock { .. }
				| ExportError::NoMiner(_),
			) => "not_found",
			Self::Export(ExportError::NotFinal(_)) => "not_final",
			Self::Session(error) => match error {
				SessionError::UnknownChannel(_) | SessionError::NotOpen(_) | SessionError::NoEndpoint(_) => "not_found",
				SessionError::WrongKey(_) => "key",
				SessionError::Network(_) | SessionError::Lost(_) => "connection",
				SessionError::Refused { .. } | SessionError::Failed { .. } => "refused",
				SessionError::Dishonest(_) | SessionError::Broken(_) => "mismatch",
				SessionError::Chain(_) | SessionError::Store(_) | SessionError::Ended => "other",
			},
			Self::Chain(_) | Self::Export(_) | Self::Io { .. } => "other",
		}
	}

	fn number(&self) -> u8 {
		match self.kind() {
			"usage" => 2,
			"connection" => 3,
			"refused" => 4,
			"unsettled" => 5,
			"not_found" => 6,
			"key" => 7,
			"invalid" => 8,
			_ => 1,
		}
	}

	/// Prints the error to stderr, as one JSON object if `json`, and returns the exit code.
	pub fn report(&self, json: bool) -> ExitCode {
		if json {
			let mut error = json!({ "kind": self.kind(), "exit_code": self.number(), "message": self.to_string() });
			if let Self::Chain(ClientError::Dispatch { pallet, error: name, .. }) = self {
				error["pallet"] = json!(pallet);
				error["error"] = json!(name);
			}
			match self {
				Self::Invalid(cause) => error["cause"] = json!(cause.name()),
				Self::InvalidJson(cause) => error["cause"] = json!(cause.name()),
				_ => {}
			}
			eprintln!("{}", json!({ "error": error }));
		} else {
			eprintln!("error: {self}");
			if let Some(hint) = self.hint() {
				eprintln!("hint: {hint}");
			}
		}
		ExitCode::from(self.number())
	}

	/// What to do about it, where the message does not say.
	fn hint(&self) -> Option<&'static str> {
		let Self::Chain(error) = self else { return None };
		match error {
			ClientError::Connection(_) => Some("start one with `millrace-node --dev`, or name another with --url"),
			ClientError::Dispatch { pallet, error, .. } => dispatch_hint(pallet, error),
			_ => None,
		}
	}
}

fn dispatch_hint(pallet: &str, error: &str) -> Option<&'static str> {
	Some(match (pallet, error) {
		("Escrow", "InsufficientBalance") => {
			"lower --max-fee, or send the account some MILL (`millrace account transfer`)"
		}
		("Jobs", "UnknownModel") => "`millrace model list` shows the models",
		("Jobs", "MaxTokensAboveContext") => "`millrace model show` tells the model's context; lower --max-tokens",
		("Jobs", "MaxFeeTooLow") => "raise --max-fee",
		("Jobs", "NotEnded") => "wait until the job ends: `millrace job watch`",
		("Jobs", "NotQueued") => "only a job that still waits for a miner can be cancelled: `millrace job status`",
		("Jobs", "UnknownJob") => "an ended job is pruned after a while; `millrace receipt show` still knows it",
		("Miners", "NotRegistered") => "`millrace miner list` shows the miners; `millrace miner register` makes one",
		("Miners", "ReceiptKeyListed") => "`millrace miner receipt-key new` makes another key",
		("Miners", "NoFreeSlot" | "NotReady" | "NoOffer") => "leave --miner out, and the chain draws one that is free",
		_ => return None,
	})
}

#[cfg(test)]
mod tests {
	use millrace_client::receipt::Subject;

	use super::*;

	fn dispatch(pallet: &str, error: &str) -> CliError {
		let (pallet, error) = (pallet.to_owned(), error.to_owned());
		ClientError::Dispatch { pallet, error, docs: "Docs.".into() }.into()
	}

	#[test]
	fn exit_code_should_tell_the_cause_when_a_command_fails() {
		let unsettled = CliError::Unsettled { job: 1, outcome: Outcome::Expired };
		for (error, code) in [
			(CliError::Usage("x".into()), 2),
			(ClientError::Connection("x".into()).into(), 3),
			(dispatch("Jobs", "NotClient"), 4),
			(ClientError::InsufficientFunds.into(), 4),
			(unsettled, 5),
			(CliError::NotFound("x".into()), 6),
			(ClientError::UnknownJob(3).into(), 6),
			(CliError::Key("x".into()), 7),
			(ClientError::Key("x".into()).into(), 7),
			(CliError::Mismatch("x".into()), 1),
			(VerifyError::NoHeader.into(), 8),
			(JsonError::BadSignature.into(), 8),
			(ExportError::Unsignable(JsonError::BadSignature).into(), 7),
			(ExportError::NoMiner(1).into(), 6),
			(ExportError::Gone(Subject::Job(1)).into(), 6),
			(ExportError::NotFinal(Subject::Channel(1)).into(), 1),
			(ExportError::Chain(ClientError::Connection("x".into())).into(), 3),
			(ClientError::Decode("x".into()).into(), 1),
		] {
			assert_eq!(error.number(), code, "{error}");
		}
	}

	#[test]
	fn error_should_say_what_to_do_when_the_chain_refuses() {
		let error = dispatch("Escrow", "InsufficientBalance");
		assert_eq!(error.to_string(), "the chain refused: Escrow::InsufficientBalance: Docs.");
		assert!(error.hint().is_some_and(|hint| hint.contains("--max-fee")));
	}
}
