//! Tasks: programs of this machine that its owner lets the chain's clients run. Off by default.
//!
//! A job's document names an entry of the owner's allow-list, arguments, inputs and outputs; it never carries code. What
//! the document is made of is told in `docs/tasks.md`.

mod address;
pub(crate) mod allowlist;
mod digest;
mod document;
mod inputs;
mod manifest;
mod outputs;
mod runner;
pub mod sandbox;
mod settings;
mod store;
mod workspace;

pub use address::is_public;
pub use allowlist::{AllowList, Argument, Entry, Kind, Pattern, Within};
pub use digest::Digest;
pub use document::{Document, Input, Output, Source, Unpack};
pub use manifest::{Made, Manifest, Tail, MAX_MANIFEST_BYTES};
pub use runner::{Runner, TaskJob, TaskLimits, TaskOutcome};
pub use settings::TaskSettings;
pub use store::Artifact;

use std::fmt::Display;

use millrace_primitives::FailCode;

use crate::engines::EngineError;

/// 10^6 bytes, the unit of all sizes that an owner writes.
pub(crate) const MEGABYTE: u64 = 1_000_000;

/// The client's fault: every miner would refuse it.
pub(crate) fn bad(what: impl Display) -> EngineError {
	EngineError::new(FailCode::BadInput, what.to_string())
}

/// The owner's rules refuse it.
pub(crate) fn denied(what: impl Display) -> EngineError {
	EngineError::new(FailCode::Denied, what.to_string())
}

/// This machine failed.
pub(crate) fn broken(what: impl Display) -> EngineError {
	EngineError::engine(what)
}
