//! Tests, one file per idea.

mod index;
mod invariants;
mod retention;
mod root;
mod sets;
