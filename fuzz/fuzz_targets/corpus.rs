//! A file of any bytes after the first, which says as what it is read.
#![no_main]

use glotgap_fuzz::{corpus, uphold};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Some((&first, bytes)) = input.split_first() {
        uphold(|| corpus::check(first, bytes));
    }
});
