//! safetensors on any bytes; and on any header, with the right length in front and 64 bytes of data behind.
#![no_main]

use glotgap_core::weights::source::safetensors;
use glotgap_fuzz::weights::check;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    check(safetensors::list, input);
    check(safetensors::list, &[&(input.len() as u64).to_le_bytes(), input, &[0; 64]].concat());
});
