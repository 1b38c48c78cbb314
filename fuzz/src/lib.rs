//! What the fuzz targets share: for each room the claim that is tested, and the panics that end a run.

pub mod corpus;
pub mod json;
pub mod naive;
pub mod tokenizer;
pub mod weights;

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, Once, PoisonError};

static LAST: Mutex<String> = Mutex::new(String::new());
static HOOK: Once = Once::new();

/// Runs `claim`; a panic that leaves it ends the process.
///
/// The engine's own hook ends it at any panic; but some libraries panic on damaged data, and what the product catches is
/// no finding.
pub fn uphold(claim: impl FnOnce()) {
    HOOK.call_once(|| panic::set_hook(Box::new(|panic| *last() = panic.to_string())));
    if panic::catch_unwind(AssertUnwindSafe(claim)).is_err() {
        eprintln!("{}", last());
        std::process::abort();
    }
}

fn last() -> std::sync::MutexGuard<'static, String> {
    LAST.lock().unwrap_or_else(PoisonError::into_inner)
}
