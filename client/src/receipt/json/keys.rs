//! The keys that sign receipts as JSON.

use std::{fmt, str::FromStr};

use millrace_primitives::{receipt_key::possession_bytes, AccountId32, H256};
use sha2::{Digest, Sha256};
use sp_core::{ed25519, Pair};

use crate::{Error, ReceiptKey};

/// The public half of a receipt key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptPublic(pub [u8; 32]);

impl ReceiptPublic {
	/// How receipts name it: `sha256:` and 64 digits. The key can't be had from its name.
	pub fn id(&self) -> String {
		format!("sha256:{}", hex::encode(Sha256::digest(self.0)))
	}

	/// Whether `signature` is the key's over a receipt's hash.
	pub(super) fn verifies(&self, hash: &[u8; 32], signature: &[u8; 64]) -> bool {
		ed25519::Pair::verify(&ed25519::Signature::from_raw(*signature), hash, &ed25519::Public::from_raw(self.0))
	}
}

impl fmt::Display for ReceiptPublic {
	/// 0x and 64 digits.
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "0x{}", hex::encode(self.0))
	}
}

impl FromStr for ReceiptPublic {
	type Err = Error;

	/// Reads 64 digits, with or without 0x.
	fn from_str(text: &str) -> Result<Self, Error> {
		let key: H256 = text.parse().map_err(|_| Error::Key("a receipt key has 64 hexadecimal digits".into()))?;
		Ok(Self(key.0))
	}
}

/// A receipt key of a miner.
pub struct ReceiptSigner(ed25519::Pair);

impl ReceiptSigner {
	/// A new key, and its secret as [`ReceiptSigner::from_secret`] reads it.
	pub fn generate() -> (Self, String) {
		let (pair, seed) = ed25519::Pair::generate();
		(Self(pair), format!("0x{}", hex::encode(seed)))
	}

	/// The key of a secret seed: 0x and 64 digits, with white space around them.
	///
	/// # Errors
	///
	/// [`Error::Key`] when it is none. The message does not repeat the secret.
	pub fn from_secret(text: &str) -> Result<Self, Error> {
		let digits = text.trim().strip_prefix("0x").and_then(|digits| hex::decode(digits).ok());
		let seed = digits.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
		let seed = seed.ok_or_else(|| Error::Key("the secret of a receipt key is 0x and 64 digits".into()))?;
		Ok(Self(ed25519::Pair::from_seed(&seed)))
	}

	/// The public half.
	pub fn public(&self) -> ReceiptPublic {
		ReceiptPublic(self.0.public().0)
	}

	/// The signature that [`crate::calls::set_receipt_key`] carries, for this owner on the chain with this block 0.
	pub fn possession(&self, genesis: H256, owner: &AccountId32) -> [u8; 64] {
		self.0.sign(&possession_bytes(&genesis, owner, &self.0.public())).0
	}

	pub(super) fn sign(&self, hash: &[u8; 32]) -> [u8; 64] {
		self.0.sign(hash).0
	}
}

impl fmt::Debug for ReceiptSigner {
	/// Only the public half: a secret must not reach a log.
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.debug_tuple("ReceiptSigner").field(&self.public()).finish()
	}
}

/// The keys that a reader trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustedKeys {
	/// Those that a chain lists for a miner's owner, see [`crate::Client::receipt_keys`].
	Listed {
		/// Hash of the chain's block 0.
		genesis: H256,
		/// The owner.
		owner: AccountId32,
		/// The owner's keys.
		keys: Vec<ReceiptKey>,
	},
	/// A key that the reader has from elsewhere, trusted for every chain, miner and time that a receipt names.
	Given(ReceiptPublic),
}
