//! A `tokenizer.json` of any text.
#![no_main]

use glotgap_fuzz::{tokenizer, uphold};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &str| uphold(|| tokenizer::check(json)));
