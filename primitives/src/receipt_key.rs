//! The keys with which miners sign receipts as JSON.

use alloc::vec::Vec;
use codec::Encode;
use sp_core::ed25519;
use sp_runtime::traits::Verify;

/// Separates these bytes from anything else that a receipt key ever signs.
pub const POSSESSION_DOMAIN: &[u8; 23] = b"millrace:receipt-key:v1";

/// What a receipt key signs once, to show that whoever registers it has it: [`POSSESSION_DOMAIN`], the hash of the
/// chain's block 0, the owner's account and the key itself.
///
/// They are signed as they are, 119 bytes on Millrace. A receipt's hash has 32, so that neither can be taken for the
/// other.
pub fn possession_bytes(genesis: &impl Encode, owner: &impl Encode, key: &ed25519::Public) -> Vec<u8> {
	let mut bytes = POSSESSION_DOMAIN.to_vec();
	genesis.encode_to(&mut bytes);
	owner.encode_to(&mut bytes);
	key.encode_to(&mut bytes);
	bytes
}

/// Whether `signature` shows that `owner` has `key`, on the chain with this block 0.
pub fn possesses(
	genesis: &impl Encode,
	owner: &impl Encode,
	key: &ed25519::Public,
	signature: &ed25519::Signature,
) -> bool {
	signature.verify(&possession_bytes(genesis, owner, key)[..], key)
}
