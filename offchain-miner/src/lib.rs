#![doc = include_str!("../README.md")]

pub mod artifacts;
pub mod bench;
pub mod chain;
pub mod config;
pub mod core;
pub mod disk;
pub mod doctor;
pub mod engines;
pub mod hardware;
pub mod health;
pub mod init;
pub mod journal;
pub mod logging;
pub mod metrics;
pub mod models;
pub mod offer;
pub mod owner;
pub mod pause;
pub mod plan;
pub mod probe;
pub mod receipts;
pub mod reload;
pub mod runner;
pub mod session;
pub mod shell;
mod start;
pub mod task;
#[cfg(test)]
#[path = "../../primitives/tests/vectors/mod.rs"]
mod vectors;
pub mod watch;

pub use start::run;
