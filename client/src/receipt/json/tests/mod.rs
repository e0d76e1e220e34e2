//! One file for the text, one for the keys, one for the files that other implementations can be held against.

mod golden;
mod keys;
mod text;

pub(super) use super::*;
pub(super) use crate::{receipt::fixtures::receipt, ReceiptKey};
pub(super) use millrace_primitives::{AccountId32, Outcome, H256};

pub(super) const GENESIS: H256 = H256::repeat_byte(1);
/// The block in which the job ended.
pub(super) const ENDED: u32 = crate::receipt::fixtures::BLOCK;

pub(super) fn signer() -> ReceiptSigner {
	ReceiptSigner::from_secret(&format!("0x{}", "09".repeat(32))).unwrap()
}

pub(super) fn other() -> ReceiptSigner {
	ReceiptSigner::from_secret(&format!("0x{}", "0a".repeat(32))).unwrap()
}

pub(super) fn statement() -> Statement {
	let receipt = receipt(7);
	let provider = receipt.miner.clone().unwrap();
	Statement { genesis: GENESIS, provider, receipt, started_at: 1_790_000_001, completed_at: 1_790_000_004 }
}

pub(super) fn signed() -> String {
	SignedReceipt::sign(&statement(), &signer())
}

/// The keys that the chain lists: this one, for these blocks.
pub(super) fn listed(key: ReceiptPublic, from: u32, until: Option<u32>) -> TrustedKeys {
	let keys = vec![ReceiptKey { key, from, until, deposit: 5 }];
	TrustedKeys::Listed { genesis: GENESIS, owner: statement().provider, keys }
}

/// Checks a text by the signer's key as the chain lists it.
pub(super) fn verify(text: &str) -> Result<Statement, JsonError> {
	SignedReceipt::from_bytes(text.as_bytes())?.verify(&listed(signer().public(), 1, None)).cloned()
}
