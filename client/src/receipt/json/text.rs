//! The text of a receipt as JSON.

use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};
use millrace_primitives::{Attempt, Balance, BlockNumber};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{JsonError, ReceiptSigner, Statement, TrustedKeys};

/// Longest text in bytes; what is longer is not read.
pub const MAX_JSON_BYTES: usize = 16 << 10;
/// The version of AITBC's schema.
pub(super) const VERSION: &str = "1.0";
/// The only algorithm.
pub(super) const ALGORITHM: &str = "Ed25519";
/// What `units` counts.
pub(super) const UNIT_TYPE: &str = "tokens";
/// What `price` counts.
pub(super) const PRICE_UNIT: &str = "planck";

// Fields stand in the order of their names, so that they are written in it: the canonical text has its keys sorted. All
// numbers are integers.

/// All fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
	pub(super) artifact_hash: String,
	pub(super) client: String,
	pub(super) completed_at: u64,
	pub(super) duration_ms: u32,
	pub(super) job_id: String,
	pub(super) metadata: Metadata,
	pub(super) model: String,
	pub(super) price: Balance,
	pub(super) prompt_hash: String,
	pub(super) provider: String,
	pub(super) receipt_id: String,
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub(super) signature: Option<Signature>,
	pub(super) started_at: u64,
	pub(super) unit_type: String,
	pub(super) units: u64,
	pub(super) version: String,
}

/// What AITBC's schema has no field for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metadata {
	pub(super) attempts: Attempt,
	pub(super) ended_at: BlockNumber,
	pub(super) genesis: String,
	pub(super) input_tokens: u32,
	pub(super) outcome: String,
	pub(super) output_tokens: u32,
	pub(super) params_hash: String,
	pub(super) price_unit: String,
	pub(super) submitted_at: BlockNumber,
	pub(super) transcript_root: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signature {
	pub(super) alg: String,
	pub(super) key_id: String,
	pub(super) sig: String,
}

impl Body {
	/// The canonical text: keys sorted, no white space.
	pub(super) fn text(&self) -> String {
		serde_json::to_string(self).expect("the keys are strings, and numbers and strings can always be written")
	}

	/// The hash that gets signed; the signature itself is left out.
	fn hash(&self) -> [u8; 32] {
		let unsigned = Self { signature: None, ..self.clone() };
		Sha256::digest(unsigned.text()).into()
	}

	/// The name of the first field, apart from the signature and the price, in which the two differ.
	pub(super) fn differs_from(&self, other: &Self) -> Option<String> {
		// A price can be too large for this form of a number. It is read and written as it is.
		let fields = |body: &Self| match serde_json::to_value(Self { signature: None, price: 0, ..body.clone() }) {
			Ok(Value::Object(fields)) => fields,
			_ => Map::new(),
		};
		let theirs = fields(other);
		fields(self).into_iter().find(|(name, value)| theirs.get(name) != Some(value)).map(|(name, _)| name)
	}
}

/// A receipt as JSON whose text makes sense, and whose signature is not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedReceipt {
	statement: Statement,
	key_id: String,
	hash: [u8; 32],
	signature: [u8; 64],
}

impl SignedReceipt {
	/// Whether a file is to be read as JSON: it begins with a brace.
	pub fn is_json(bytes: &[u8]) -> bool {
		bytes.trim_ascii_start().first() == Some(&b'{')
	}

	/// The canonical text of a statement, signed. Nothing of what it says is checked; [`crate::Client::sign_receipt`] signs
	/// what the chain has made final.
	pub fn sign(statement: &Statement, signer: &ReceiptSigner) -> String {
		let mut body = statement.body();
		let sig = URL_SAFE_NO_PAD.encode(signer.sign(&body.hash()));
		body.signature = Some(Signature { alg: ALGORITHM.into(), key_id: signer.public().id(), sig });
		body.text()
	}

	/// Reads a text. White space between its parts and the order of its keys don't matter; anything else does: each
	/// field is there once, none is missing or unknown, and all are as they are written for what they say.
	///
	/// # Errors
	///
	/// [`JsonError`]; nothing of what the text claims is checked.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, JsonError> {
		if bytes.len() > MAX_JSON_BYTES {
			return Err(JsonError::TooLong(bytes.len()));
		}
		let body: Body = serde_json::from_slice(bytes).map_err(|error| JsonError::NotAReceipt(error.to_string()))?;
		if body.version != VERSION {
			return Err(JsonError::OtherVersion(body.version));
		}
		let Signature { alg, key_id, sig } = body.signature.as_ref().ok_or(JsonError::NotSigned)?;
		if alg != ALGORITHM {
			return Err(JsonError::OtherAlgorithm(alg.clone()));
		}
		let signature = URL_SAFE_NO_PAD.decode(sig).ok().and_then(|bytes| bytes.try_into().ok());
		let signature = signature.ok_or_else(|| JsonError::Field("signature.sig".into()))?;
		Ok(Self { statement: Statement::of(&body)?, key_id: key_id.clone(), hash: body.hash(), signature })
	}

	/// What it says. It is worth nothing before [`SignedReceipt::verify`].
	pub fn statement(&self) -> &Statement {
		&self.statement
	}

	/// The name of the key by which it says that it is signed, see [`super::ReceiptPublic::id`].
	pub fn key_id(&self) -> &str {
		&self.key_id
	}

	/// Whether one of the keys that the reader trusts signed it, and held for the block in which the job ended.
	///
	/// # Errors
	///
	/// [`JsonError`]
	pub fn verify(&self, trusted: &TrustedKeys) -> Result<&Statement, JsonError> {
		let unknown = || JsonError::UnknownKey(self.key_id.clone());
		let key = match trusted {
			TrustedKeys::Given(key) => Some(*key).filter(|key| key.id() == self.key_id).ok_or_else(unknown)?,
			TrustedKeys::Listed { genesis, owner, keys } => {
				let Statement { genesis: found, provider, receipt, .. } = &self.statement;
				if genesis != found {
					return Err(JsonError::OtherChain { found: *found, trusted: *genesis });
				}
				if owner != provider {
					return Err(JsonError::OtherMiner { found: provider.clone(), trusted: owner.clone() });
				}
				let listed = keys.iter().find(|listed| listed.key.id() == self.key_id).ok_or_else(unknown)?;
				if !listed.holds_for(receipt.ended_at) {
					return Err(JsonError::KeyNotInForce { key_id: self.key_id.clone(), block: receipt.ended_at });
				}
				listed.key
			}
		};
		if key.verifies(&self.hash, &self.signature) {
			Ok(&self.statement)
		} else {
			Err(JsonError::BadSignature)
		}
	}
}
