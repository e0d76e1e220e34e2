//! Tests, one file per idea.

mod invariants;
mod retention;
mod root;
mod sets;
