//! Tests of the reader, one file per idea, on chains made by the test with real signatures.

mod bytes;
mod chain;
mod channel;
mod golden;
mod place;
mod sets;
mod votes;
