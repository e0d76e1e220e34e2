#![doc = include_str!("../README.md")]
// The SDK's own error type, which every one of its command runners wants back.
#![allow(clippy::result_large_err)]

mod chain_spec;
mod cli;
mod command;
mod rpc;
mod service;

fn main() -> sc_cli::Result<()> {
	command::run()
}
