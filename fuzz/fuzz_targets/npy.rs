//! `.npz` archives of any bytes after `PK`; anything else as a `.npy`, alone and in an archive.
#![no_main]

use glotgap_core::weights::source::npy;
use glotgap_fuzz::weights::{archive, check};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if input.starts_with(b"PK") {
        return check(npy::list_npz, input);
    }
    check(npy::list, input);
    check(npy::list_npz, &archive(&[("x.npy", input), ("y", input)]));
});
