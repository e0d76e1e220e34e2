#![doc = include_str!("../README.md")]

pub mod chain;
pub mod config;
pub mod core;
pub mod engines;
pub mod health;
pub mod journal;
pub mod pause;
pub mod receipts;
pub mod runner;
mod start;
pub mod watch;

pub use start::run;
