//! End-to-end tests: real binaries, real blocks, results read from the chain.

// Everything here is a test: a failure must stop it with its reason.
#![allow(clippy::unwrap_used)]

mod bad_input;
mod channel_ends;
mod channels;
mod command_line;
mod engines;
mod extortion;
mod faults;
mod flow;
mod gateway;
mod gateway_api;
mod gateway_channels;
mod gateway_choices;
mod gateway_forms;
mod gateway_limits;
mod gateway_load;
mod gateway_once;
mod gateway_openapi;
mod gateway_tools;
mod gateway_twins;
mod libraries;
mod ollama;
mod receipts;
mod reload;
mod reorg;
mod rivals;
mod sessions;
mod upgrade;
mod workloads;
