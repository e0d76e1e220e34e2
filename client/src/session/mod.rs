//! Streaming channels, off chain. [`Earner`] and [`Payer`] are the two sides without any transport: what each may sign,
//! what it must refuse, and what it must keep. [`Session`] is the client's side over the network; [`wire`], [`talk`] and
//! [`network`] are what both sides share, for the miner's own.
//!
//! ```text
//! client                                 miner
//!   │ request, signed by the session key   │
//!   ├─────────────────────────────────────►│
//!   │ tokens, up to an interval            │
//!   │◄─────────────────────────────────────┤
//!   │ checkpoint, signed by the operator   │
//!   │◄─────────────────────────────────────┤
//!   │ voucher on the running total         │
//!   ├─────────────────────────────────────►│  and so on, to the last checkpoint
//! ```
//!
//! A side that stops costs the other one no more than what lies between two checkpoints: the miner answers no further than
//! one interval without a voucher, and the client signs only for what it has received. A [`Payer`] whose voucher has changed
//! and an [`Earner`] whose [`Earner::kept`] has have to be stored before anything that they returned is sent: then whatever
//! is killed at whatever moment signs nothing twice and loses no voucher. A side that has lost its last voucher with the
//! machine's power gets it from the other one.

mod earner;
mod live;
pub mod network;
mod opening;
mod partial;
mod payer;
pub mod store;
pub mod talk;
#[cfg(test)]
mod tests;
pub mod transcripts;
pub mod wire;

use millrace_primitives::{AccountId32, Balance, ChannelId, Rate, H256};

pub use earner::{Earner, Refusal};
pub use live::{chain_folder, last_voucher, Answer, Delta, Session, SessionError};
pub use opening::{counterpart, Counterpart};
pub use payer::{Fault, Payer, Received};

/// What the chain says of a channel, as both sides need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelTerms {
	/// Hash of the chain's block 0.
	pub genesis: H256,
	/// The channel.
	pub channel: ChannelId,
	/// Signs checkpoints.
	pub operator: AccountId32,
	/// Signs requests and vouchers.
	pub session_key: AccountId32,
	/// sha256 of the model's GGUF file.
	pub model_digest: H256,
	/// The price.
	pub rate: Rate,
	/// Plancks that all answers can cost together.
	pub deposit: Balance,
}
