#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod bench;
pub mod channel;
pub mod fail;
pub mod job;
pub mod model;
pub mod proof;
pub mod query;
pub mod rate;
pub mod receipt;
pub mod receipt_key;
mod signed;
pub mod traits;
pub mod transcript;
pub mod workload;

pub use channel::{
	ChannelId, ChannelReceipt, Checkpoint, CheckpointPayload, RequestPayload, RunningTotal, Voucher, VoucherPayload,
};
pub use fail::{FailCode, Fault};
pub use job::{Attempt, JobId, JobParams, Outcome};
pub use model::{ModelId, ModelKind, ModelSummary};
pub use proof::{Proof, ProofPayload};
pub use query::{Bid, Obstacle, Page, Prices, Quote, Score};
pub use rate::{Rate, Usage, UsageBounds};
pub use receipt::Receipt;
pub use transcript::{Alternative, TranscriptEntry};
pub use workload::{BadWorkload, Sampling, Workload};

/// An amount of the native token in plancks; 1 MILL = 10^12 plancks.
pub type Balance = u128;
/// A block's height.
pub type BlockNumber = u32;
/// A 32-byte hash.
pub use sp_core::H256;
/// The chain's accounts: an sr25519, ed25519 or ecdsa public key's 32-byte id.
pub use sp_runtime::AccountId32;

/// Decimals of MILL.
pub const DECIMALS: u8 = 12;
/// One MILL in plancks.
pub const MILL: Balance = 1_000_000_000_000;
/// One thousandth of a MILL in plancks.
pub const MILLI_MILL: Balance = MILL / 1_000;
/// Milliseconds between two slots; fixed at genesis.
pub const MILLISECS_PER_BLOCK: u64 = 1_000;
