//! The weights room. The claim: on any bytes a parser returns (no panic, hang or runaway memory), and every tensor that
//! it lists lies inside its bytes and has no more values than they hold. And archives around the input.

use std::sync::Arc;

use glotgap_core::Result;
use glotgap_core::weights::source::{Bytes, Encoding, Listing, Tensor};

/// A parser of one format.
pub type Parser = fn(&Arc<Bytes>) -> Result<Listing>;

/// Runs `parser` on `input` and checks the claim.
pub fn check(parser: Parser, input: &[u8]) {
    let Ok(listing) = parser(&Arc::new(Bytes::from_vec("fuzz", input.to_vec()))) else { return };
    listing.tensors.into_iter().for_each(assert_inside);
}

fn assert_inside(tensor: Tensor) {
    let held = tensor.bytes.len();
    let tensor = tensor.checked().expect("a listed tensor lies inside its bytes");
    let needed = match tensor.encoding {
        Encoding::Plain(dtype) => tensor.n() * dtype.size() as u64,
        Encoding::Blocks(block) => tensor.n() / block.elements() as u64 * block.bytes() as u64,
    };
    assert!(needed <= held, "{} values in {held} bytes", tensor.n());
}

/// A zip of the given entries, stored, without checksums (stored entries are read in place, unchecked).
///
/// Written out by hand, so that the fuzzer spends its time and its coverage on the reader.
pub fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in entries {
        let offset = (file.len() as u32).to_le_bytes();
        let size = (bytes.len() as u32).to_le_bytes();
        let name_length = (name.len() as u16).to_le_bytes();
        // version, flags, method, time, date, checksum: all zero but the version
        let common = [&[20, 0][..], &[0; 12], &size, &size, &name_length, &[0, 0]].concat();
        file.extend([b"PK\x03\x04", &common[..], name.as_bytes(), bytes].concat());
        directory.extend([b"PK\x01\x02\x14\x00", &common[..], &[0; 10], &offset, name.as_bytes()].concat());
    }
    let count = (entries.len() as u16).to_le_bytes();
    let (size, offset) = ((directory.len() as u32).to_le_bytes(), (file.len() as u32).to_le_bytes());
    let end = [b"PK\x05\x06", &[0; 4][..], &count, &count, &size, &offset, &[0; 2]].concat();
    [file, directory, end].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use glotgap_core::weights::source::zip;

    #[test]
    fn the_archive_is_one() {
        let array = b"\x93NUMPY\x01\x00\x38\x00{'descr': '|u1', 'fortran_order': False, 'shape': (2,)} ..";
        let file = Arc::new(Bytes::from_vec("fuzz", archive(&[("x.npy", array), ("y.npy", array)])));
        assert_eq!(zip::list(&file, &mut || Ok(())).expect("a zip").tensors.len(), 2);
    }
}
