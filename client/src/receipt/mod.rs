//! Receipts that anybody can check without a node, years later.
//!
//! [`Client::export_receipt`](crate::Client::export_receipt) makes a file, [`verify`] checks one;
//! [`Client::export_channel_receipt`](crate::Client::export_channel_receipt) and [`verify_channel`] those of channels. What a file holds
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
pub use format::{
	is_of_channel, ChannelReceiptFile, FileOf, Header, Justification, Leaf, ReceiptFile, SetChange, Subject,
	CHANNEL_VERSION, MAGIC, MAX_BYTES, VERSION,
};
pub use sp_consensus_grandpa::{AuthorityId, AuthorityList, SetId};
pub use trust::Trust;
pub use verify::{verify, verify_channel, Verified, VerifiedOf};
