//! The keys that sign.

use std::{fmt, str::FromStr};

use millrace_primitives::{AccountId32, ProofPayload};
use subxt_signer::{sr25519::Keypair, SecretUri};

use crate::Error;

/// An sr25519 key pair and its account.
#[derive(Clone)]
pub struct Signer {
	keypair: Keypair,
}

impl Signer {
	/// The key of a secret: `//Alice`, a BIP-39 mnemonic or a `0x` seed of 32 bytes, each with derivations (`//hard`,
	/// `/soft`, `///password`).
	///
	/// # Errors
	///
	/// [`Error::Key`] when it is none of these. The message does not repeat the secret.
	pub fn from_uri(uri: &str) -> Result<Self, Error> {
		let uri = SecretUri::from_str(uri).map_err(|error| Error::Key(error.to_string()))?;
		let keypair = Keypair::from_uri(&uri).map_err(|error| Error::Key(error.to_string()))?;
		Ok(Self { keypair })
	}

	/// The 12 words of a new key. `entropy` has to be as random as the key is to be secret.
	///
	/// # Errors
	///
	/// None that can happen: every 16 bytes have their words.
	pub fn mnemonic(entropy: &[u8; 16]) -> Result<String, Error> {
		let words = subxt_signer::bip39::Mnemonic::from_entropy(entropy);
		Ok(words.map_err(|error| Error::Key(error.to_string()))?.to_string())
	}

	/// The account.
	pub fn account_id(&self) -> AccountId32 {
		AccountId32::new(self.keypair.public_key().0)
	}

	/// The sr25519 signature over `message`, in the context "substrate".
	pub fn sign(&self, message: &[u8]) -> [u8; 64] {
		self.keypair.sign(message).0
	}

	/// The signature that a proof carries: over the payload's signing hash.
	pub fn sign_proof(&self, payload: &ProofPayload) -> [u8; 64] {
		self.sign(&payload.signing_hash())
	}

	/// The key pair in subxt's form.
	pub(crate) fn keypair(&self) -> &Keypair {
		&self.keypair
	}
}

impl From<Keypair> for Signer {
	fn from(keypair: Keypair) -> Self {
		Self { keypair }
	}
}

impl fmt::Debug for Signer {
	/// Only the account: a secret must not reach a log.
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.debug_tuple("Signer").field(&self.account_id()).finish()
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use millrace_primitives::{Usage, H256};

	#[test]
	fn signer_should_sign_proofs_that_the_chain_accepts_when_it_is_the_operator() {
		let signer = Signer::from_uri("//Bob").expect("a development account");
		let payload = ProofPayload {
			genesis: H256::repeat_byte(1),
			job: 7,
			attempt: 1,
			work: H256::repeat_byte(4),
			output_hash: H256::repeat_byte(2),
			transcript_root: H256::repeat_byte(3),
			usage: Usage { input_tokens: 5, output_tokens: 6, gpu_ms: 7 },
		};
		let signature = signer.sign_proof(&payload).into();
		assert!(payload.verify(&signature, &signer.account_id()));
		let other = Signer::from_uri("//Alice").expect("a development account");
		assert!(!payload.verify(&signature, &other.account_id()));
	}

	#[test]
	fn mnemonic_should_be_that_of_bip39_when_the_entropy_is_known() {
		let words = Signer::mnemonic(&[0x7f; 16]).expect("12 words");
		assert_eq!(words, "legal winner thank year wave sausage worth useful legal winner thank yellow");
		assert!(Signer::from_uri(&words).is_ok());
	}

	#[test]
	fn proof_should_be_signed_over_the_golden_bytes() {
		let signer = Signer::from_uri("//Bob").expect("a development account");
		for (payload, hash) in crate::vectors::proofs() {
			let signature = subxt_signer::sr25519::Signature(signer.sign_proof(&payload));
			let key = signer.keypair().public_key();
			assert!(subxt_signer::sr25519::verify(&signature, hash, &key));
			assert!(!subxt_signer::sr25519::verify(&signature, [0; 32], &key));
		}
	}

	#[test]
	fn signer_should_not_repeat_the_secret_when_it_is_bad_or_printed() {
		let error = Signer::from_uri("correct horse battery staple").expect_err("no mnemonic");
		assert!(!error.to_string().contains("horse"));
		let signer = Signer::from_uri("//Alice").expect("a development account");
		assert_eq!(format!("{signer:?}"), format!("Signer({:?})", signer.account_id()));
	}
}
