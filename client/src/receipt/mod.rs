//! Receipts that anybody can check without a node, years later.
//!
//! [`Client::export_receipt`](crate::Client::export_receipt) makes a file, [`verify`] checks one. What a file holds
//! and what it proves is described in `docs/receipts.md`. Nothing here but the export uses a network.

mod error;
mod export;
pub mod files;
mod finality;
#[cfg(test)]
mod fixtures;
mod format;
pub mod json;
#[cfg(test)]
mod tests;
mod tree;
mod trust;
mod verify;

pub use error::{ExportError, FinalityError, FormatError, TrustError, VerifyError};
pub use export::ExportOptions;
pub use format::{Header, Justification, ReceiptFile, SetChange, MAGIC, MAX_BYTES, VERSION};
pub use sp_consensus_grandpa::{AuthorityId, AuthorityList, SetId};
pub use trust::Trust;
pub use verify::{verify, Verified};
