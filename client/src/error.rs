//! What can go wrong between a program and the chain.

use millrace_primitives::{JobId, H256};
use subxt::error::{DispatchError, TokenError};
use subxt_rpcs::UserError;

use crate::rpc::UNREACHABLE;

/// Why a request to the chain failed. One variant a cause, so that a program can choose what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
	/// The node can't be reached, or the connection broke. Later attempts connect again.
	#[error("{0}; check that it runs and that the address is right")]
	Connection(String),
	/// A node serves another chain than the one that was asked for.
	#[error("the node at {url} serves another chain: genesis {found:?} instead of {expected:?}")]
	OtherChain {
		/// The node's address.
		url: String,
		/// The genesis hash that was asked for.
		expected: H256,
		/// The node's.
		found: H256,
	},
	/// The node answered with an error of its own.
	#[error("the node refused the request: {message} ({code})")]
	Node {
		/// JSON-RPC error code.
		code: i32,
		/// The node's words.
		message: String,
	},
	/// The chain at the other end is not the one that this program was made for.
	#[error("this chain does not fit: {0}; use a client of the chain's version")]
	Incompatible(String),
	/// Bytes of the chain that do not mean what they should.
	#[error("cannot decode what the chain holds: {0}")]
	Decode(String),
	/// The transaction is in a block and its call failed. Its fee is paid, nothing else changed.
	#[error("the chain refused: {pallet}::{error}: {docs}")]
	Dispatch {
		/// The pallet; `Token`, `Arithmetic` or `System` when the error is no pallet's own.
		pallet: String,
		/// The error's name.
		error: String,
		/// The error's documentation on chain: what was wrong and what to do.
		docs: String,
	},
	/// The account can't pay the transaction fee, so that the transaction was not taken.
	#[error("the account cannot pay the transaction fee; send it some MILL first")]
	InsufficientFunds,
	/// The node did not take the transaction.
	#[error("the node did not take the transaction: {0}")]
	Invalid(String),
	/// The pool forgot the transaction, mostly because it was full.
	#[error("the node dropped the transaction before it was in a block; send it again")]
	Dropped,
	/// Another transaction of the account took this one's nonce.
	#[error("another transaction of the account took this one's place; check what else uses the account")]
	Usurped,
	/// The transaction was in no block during the 256 blocks for which it is valid.
	#[error("the transaction was in no block for 256 blocks and is void; send it again")]
	Outlived,
	/// The transaction could not be written down before it was sent, so that it was not.
	#[error("the transaction was not sent, because it could not be noted: {0}")]
	NotNoted(String),
	/// The chain knows no such job, neither open nor as a receipt.
	#[error("the chain knows no job {0}")]
	UnknownJob(JobId),
	/// A secret that is no key: neither a mnemonic nor a seed with valid derivations.
	#[error("not a key: {0}; expected a BIP-39 mnemonic or a 0x seed, with derivations such as //hard or /soft")]
	Key(String),
}

impl Error {
	/// Whether the connection is at fault, so that the same request may work later.
	pub fn is_connection(&self) -> bool {
		matches!(self, Self::Connection(_))
	}

	/// Whether the chain itself said no, so that the same request fails again.
	pub fn is_refusal(&self) -> bool {
		matches!(
			self,
			Self::Dispatch { .. }
				| Self::InsufficientFunds
				| Self::Invalid(_)
				| Self::Dropped
				| Self::Usurped
				| Self::Outlived
		)
	}

	/// The error with number `error` of the pallet with number `index`.
	pub(crate) fn of_pallet(metadata: &subxt::Metadata, index: u8, error: u8) -> Self {
		let pallet = metadata.pallet_by_error_index(index);
		match pallet.and_then(|pallet| Some((pallet.name(), pallet.error_variant_by_index(error)?))) {
			Some((pallet, variant)) => {
				Self::Dispatch { pallet: pallet.to_owned(), error: variant.name.clone(), docs: docs(&variant.docs) }
			}
			None => Self::Decode(format!("error {error} of pallet {index}")),
		}
	}

	/// Whether a transaction was refused for a nonce that is in use, which a fresh nonce cures.
	pub(crate) fn is_nonce_taken(&self) -> bool {
		matches!(self, Self::Invalid(reason) if reason.contains(STALE) || reason.contains(OCCUPIED))
	}

	/// Whether a transaction was refused for its signature. We sign with keys that fit, so that it was signed for a
	/// runtime that was replaced meanwhile.
	pub(crate) fn is_bad_signature(&self) -> bool {
		matches!(self, Self::Invalid(reason) if reason.contains(BAD_SIGNATURE))
	}

	/// Whether a transaction was refused because the account is past its nonce.
	pub(crate) fn is_nonce_used_up(&self) -> bool {
		matches!(self, Self::Invalid(reason) if reason.contains(STALE))
	}
}

/// What the node says of a nonce below the account's.
const STALE: &str = "outdated";
/// What the node says of a nonce that another transaction in the pool has.
const OCCUPIED: &str = "Priority is too low";
/// What the node says of a signature that does not fit what it thinks was signed.
const BAD_SIGNATURE: &str = "bad signature";
/// What the node says when the fee can't be paid.
const UNPAYABLE: &str = "Inability to pay";
/// JSON-RPC codes of the transaction pool: 1010 invalid to 1021.
const POOL_CODES: std::ops::RangeInclusive<i32> = 1010..=1021;

fn from_node(error: UserError) -> Error {
	// A reason is a JSON string; anything else is shown as it is.
	let data = error
		.data
		.as_ref()
		.map(|data| serde_json::from_str::<String>(data.get()).unwrap_or_else(|_| data.get().to_owned()));
	let message = match data {
		Some(data) => format!("{}: {data}", error.message),
		None => error.message,
	};
	match error.code {
		_ if message.contains(UNPAYABLE) => Error::InsufficientFunds,
		1016 => Error::Dropped,
		code if POOL_CODES.contains(&code) => Error::Invalid(message),
		code => Error::Node { code, message },
	}
}

impl From<subxt_rpcs::Error> for Error {
	fn from(error: subxt_rpcs::Error) -> Self {
		match error {
			subxt_rpcs::Error::User(error) => from_node(error),
			subxt_rpcs::Error::Deserialization(error) => Self::Decode(error.to_string()),
			subxt_rpcs::Error::Decode(error) => Self::Decode(error.to_string()),
			subxt_rpcs::Error::Client(reason) => {
				let reason = reason.to_string();
				match reason.find(UNREACHABLE) {
					Some(start) => Self::Connection(reason[start..].to_owned()),
					None => Self::Connection(format!("the connection to the node broke: {reason}")),
				}
			}
			error => Self::Connection(error.to_string()),
		}
	}
}

impl From<subxt::Error> for Error {
	fn from(error: subxt::Error) -> Self {
		if let subxt::Error::OtherRpcClientError(error) = error {
			return error.into();
		}
		let text = error.to_string();
		if let Some(start) = text.find(UNREACHABLE) {
			return Self::Connection(text[start..].to_owned());
		}
		match error {
			subxt::Error::ConstantError(_) | subxt::Error::ExtrinsicError(_) => Self::Incompatible(text),
			subxt::Error::StorageError(error) => match error {
				subxt::error::StorageError::CannotFetchValue(_)
				| subxt::error::StorageError::CannotIterateValues(_)
				| subxt::error::StorageError::StreamFailure(_) => Self::Node { code: 0, message: text },
				_ => Self::Incompatible(text),
			},
			subxt::Error::StorageValueError(_) | subxt::Error::StorageKeyError(_) => Self::Decode(text),
			subxt::Error::ViewFunctionError(_) => Self::Incompatible(text),
			subxt::Error::RuntimeApiError(error) => match error {
				subxt::error::RuntimeApiError::CannotCallApi(_) => Self::Node { code: 0, message: text },
				subxt::error::RuntimeApiError::CouldNotDecodeResponse(_) => Self::Decode(text),
				_ => Self::Incompatible(text),
			},
			subxt::Error::EventsError(error) => match error {
				subxt::error::EventsError::CannotFetchEventBytes(_) => Self::Node { code: 0, message: text },
				_ => Self::Decode(text),
			},
			_ => Self::Node { code: 0, message: text },
		}
	}
}

/// subxt has an error type for each of its parts; all of them are one here.
macro_rules! through_subxt {
	($($part:ident),* $(,)?) => {
		$(impl From<subxt::error::$part> for Error {
			fn from(error: subxt::error::$part) -> Self {
				subxt::Error::from(error).into()
			}
		})*
	};
}

through_subxt!(
	ConstantError,
	EventsError,
	ExtrinsicError,
	OnlineClientAtBlockError,
	OnlineClientError,
	RuntimeApiError,
	StorageError,
	StorageKeyError,
	StorageValueError,
	ViewFunctionError,
);

impl From<DispatchError> for Error {
	fn from(error: DispatchError) -> Self {
		let (pallet, name, docs) = match &error {
			DispatchError::Module(module) => match module.details() {
				Ok(details) => {
					(details.pallet.name().to_owned(), details.variant.name.clone(), docs(&details.variant.docs))
				}
				Err(_) => ("Unknown".to_owned(), module.to_string(), String::new()),
			},
			DispatchError::Token(token) => ("Token".to_owned(), format!("{token:?}"), token_docs(token)),
			DispatchError::Arithmetic(arithmetic) => {
				("Arithmetic".to_owned(), format!("{arithmetic:?}"), arithmetic.to_string())
			}
			other => ("System".to_owned(), format!("{other:?}"), other.to_string()),
		};
		Self::Dispatch { pallet, error: name, docs: docs.trim().to_owned() }
	}
}

fn docs(lines: &[String]) -> String {
	lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ").trim().to_owned()
}

fn token_docs(error: &TokenError) -> String {
	match error {
		TokenError::FundsUnavailable => {
			"The free balance is less than the amount; send less or fund the account.".into()
		}
		TokenError::BelowMinimum => "The receiving account would stay below the existential deposit; send more.".into(),
		TokenError::NotExpendable => "The sending account would fall below the existential deposit; send less.".into(),
		other => other.to_string(),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn user(code: i32, message: &str, data: &str) -> Error {
		let data = serde_json::from_str(&format!("{data:?}")).expect("a JSON string");
		subxt_rpcs::Error::User(UserError { code, message: message.into(), data: Some(data) }).into()
	}

	#[test]
	fn error_should_be_insufficient_funds_when_the_fee_cannot_be_paid() {
		let error = user(1010, "Invalid Transaction", "Inability to pay some fees (e.g. account balance too low)");
		assert!(matches!(error, Error::InsufficientFunds));
		assert!(error.is_refusal());
	}

	#[test]
	fn error_should_ask_for_a_fresh_nonce_when_the_nonce_is_in_use() {
		assert!(user(1010, "Invalid Transaction", "Transaction is outdated").is_nonce_taken());
		assert!(user(1014, "Priority is too low: (1 vs 1)", "The transaction has too low priority").is_nonce_taken());
		assert!(!user(1010, "Invalid Transaction", "Transaction has a bad signature").is_nonce_taken());
		assert!(user(1010, "Invalid Transaction", "Transaction is outdated").is_nonce_used_up());
		assert!(!user(1014, "Priority is too low: (1 vs 1)", "").is_nonce_used_up());
	}

	#[test]
	fn error_should_ask_for_a_fresh_signature_when_the_runtime_was_replaced() {
		assert!(user(1010, "Invalid Transaction", "Transaction has a bad signature").is_bad_signature());
		assert!(!user(1010, "Invalid Transaction", "Transaction is outdated").is_bad_signature());
	}

	#[test]
	fn error_should_be_a_connection_error_when_the_client_lost_the_node() {
		let lost = subxt_rpcs::Error::Client("cannot reach the node at ws://x: refused".into());
		let direct = Error::from(lost);
		assert!(direct.is_connection() && !direct.is_refusal());
		let nested = subxt::error::StorageError::CannotFetchValue(
			subxt_rpcs::Error::Client("cannot reach the node at ws://x: refused".into()).into(),
		);
		assert!(Error::from(nested).is_connection());
	}

	#[test]
	fn error_should_say_what_to_do_when_tokens_are_short() {
		let error = Error::from(DispatchError::Token(TokenError::FundsUnavailable));
		let text = error.to_string();
		assert!(text.contains("Token::FundsUnavailable") && text.contains("fund the account"), "{text}");
	}
}
