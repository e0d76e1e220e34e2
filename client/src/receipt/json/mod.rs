//! Receipts as signed JSON, in the shape of AITBC's receipts: canonical text, SHA-256, Ed25519.
//!
//! [`Client::sign_receipt`](crate::Client::sign_receipt) makes one, [`SignedReceipt::verify`] checks one, by keys that its
//! reader has from the chain or elsewhere and never by what the receipt itself carries. `docs/receipts.md` describes the
//! text and what it is worth.

mod error;
mod keys;
mod make;
mod statement;
#[cfg(test)]
mod tests;
mod text;

pub use error::JsonError;
pub use keys::{ReceiptPublic, ReceiptSigner, TrustedKeys};
pub use statement::Statement;
pub use text::{SignedReceipt, MAX_JSON_BYTES};
