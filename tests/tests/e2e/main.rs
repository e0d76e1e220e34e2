//! End-to-end tests: real binaries, real blocks, results read from the chain.

mod bad_input;
mod faults;
mod flow;
mod ollama;
mod polkadot_js;
