//! Corpora: the same documents whatever the format, the compression and the cuts; every fault told.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "corpus/columns.rs"]
mod columns;
#[path = "corpus/damage.rs"]
mod damage;
#[path = "corpus/fixtures.rs"]
mod fixtures;
#[path = "corpus/lines.rs"]
mod lines;
#[path = "corpus/twins.rs"]
mod twins;
