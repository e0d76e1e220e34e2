#![doc = include_str!("../README.md")]

pub mod amount;
pub mod calls;
pub mod channel;
mod client;
pub mod conversation;
pub mod endpoint;
mod error;
mod event;
mod fields;
#[cfg(test)]
mod fits;
mod follow;
mod nonce;
mod query;
pub mod receipt;
mod rpc;
pub mod session;
mod signer;
mod snapshot;
mod submit;
mod types;
mod upgrade;
#[cfg(test)]
#[path = "../../primitives/tests/vectors/mod.rs"]
mod vectors;
mod wire;

pub use calls::Call;
pub use channel::{Channel, ChannelState};
pub use client::Client;
pub use endpoint::Endpoint;
pub use error::Error;
pub use event::{Event, JobEvent};
pub use follow::{JobRequest, JobUpdate, JobUpdates};
pub use signer::Signer;
pub use snapshot::Snapshot;
pub use submit::{InBlock, Signed, Submitter, TxHandle};
pub use types::{
	Assignment, Balances, BlockRef, EscrowRow, Job, JobState, Miner, Model, NodeHealth, Offer, Parameters, ReceiptKey,
	Unbonding,
};
