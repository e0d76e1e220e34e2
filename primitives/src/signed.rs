//! How statements are signed.

use alloc::vec::Vec;
use codec::Encode;
use sp_core::sr25519;
use sp_runtime::{
	traits::{BlakeTwo256, Hash, Verify},
	AccountId32,
};

/// blake2-256 of the domain's raw bytes and the SCALE encoding of the payload: the 32 bytes that get signed.
pub(crate) fn signing_hash(domain: &[u8], payload: &impl Encode) -> [u8; 32] {
	let mut bytes = Vec::with_capacity(domain.len().saturating_add(payload.encoded_size()));
	bytes.extend_from_slice(domain);
	payload.encode_to(&mut bytes);
	BlakeTwo256::hash(&bytes).0
}

/// Whether `signature` is `signer`'s sr25519 signature over the 32 bytes.
pub(crate) fn is_signed(hash: &[u8; 32], signature: &sr25519::Signature, signer: &AccountId32) -> bool {
	signature.verify(&hash[..], &sr25519::Public::from_raw(*signer.as_ref()))
}
