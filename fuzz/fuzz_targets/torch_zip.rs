//! Zip archives of any bytes after `PK`; anything else as the pickle of a sound torch checkpoint.
#![no_main]

use glotgap_core::weights::source::{torch, zip};
use glotgap_fuzz::weights::{archive, check};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if input.starts_with(b"PK") {
        return check(|file| zip::list(file, &mut || Ok(())), input);
    }
    let storage = &[0; 64][..];
    let entries = [("x/data.pkl", input), ("x/data/0", storage), ("x/data/1", storage), ("x/data/2", storage)];
    check(torch::list, &archive(&entries));
});
