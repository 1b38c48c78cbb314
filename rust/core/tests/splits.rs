//! Normalizers and splitters equal those of the `tokenizers` crate, and parts are split as the whole is.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::needless_for_each,
    reason = "a test stops at the first surprise"
)]

mod splits {
    pub mod cuts;
    pub mod matrix;
    pub mod tables;
    pub mod texts;
}
