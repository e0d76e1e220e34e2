//! Measured weights, one file for each pallet, written by `make weights`; and which of them count.

// The other choice leaves some unused.
#![cfg_attr(feature = "stock-weights", allow(dead_code))]

pub mod choice;

pub mod frame_system;
pub mod frame_system_extensions;
pub mod pallet_balances;
pub mod pallet_channels;
pub mod pallet_jobs;
pub mod pallet_miners;
pub mod pallet_models;
pub mod pallet_parameters;
pub mod pallet_sudo;
pub mod pallet_timestamp;
pub mod pallet_transaction_payment;
pub mod pallet_utility;
