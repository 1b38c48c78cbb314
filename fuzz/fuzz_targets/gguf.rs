//! GGUF on any bytes.
#![no_main]

use glotgap_core::weights::source::gguf;
use glotgap_fuzz::weights::check;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| check(gguf::list, input));
