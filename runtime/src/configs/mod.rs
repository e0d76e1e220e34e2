//! The configuration of each pallet, one file per idea.

pub mod consensus;
pub mod millrace;
pub mod parameters;
pub mod payment;
pub mod system;
