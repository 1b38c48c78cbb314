//! What the tests of all parsers share: fixtures, the values of a tensor read the slow way, and damage.
#![allow(dead_code, reason = "each test file uses its part")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use glotgap_core::Result;
use glotgap_core::weights::dtype::DType;
use glotgap_core::weights::source::{Bytes, Encoding, Io, Listing, Tensor};
use proptest::prelude::*;

pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

pub fn open(name: &str) -> Arc<Bytes> {
    Arc::new(Bytes::open(&path(name), Io::Pread).unwrap())
}

pub fn memory(bytes: &[u8]) -> Arc<Bytes> {
    Arc::new(Bytes::from_vec("memory", bytes.to_vec()))
}

pub fn names(listing: &Listing) -> Vec<&str> {
    listing.tensors.iter().map(|t| t.name.as_str()).collect()
}

pub fn skipped(listing: &Listing) -> Vec<(&str, &str)> {
    listing.skipped.iter().map(|s| (s.name.as_str(), s.reason.as_str())).collect()
}

pub fn tensor<'a>(listing: &'a Listing, name: &str) -> &'a Tensor {
    listing.tensors.iter().find(|t| t.name == name).unwrap_or_else(|| panic!("no tensor {name}"))
}

pub fn dtype(tensor: &Tensor) -> DType {
    match tensor.encoding {
        Encoding::Plain(dtype) => dtype,
        Encoding::Blocks(_) => panic!("blocks"),
    }
}

/// Every value in row-major order, found by its index: the obvious way.
pub fn values(tensor: &Tensor) -> Vec<f64> {
    (0..tensor.n()).map(|index| value(tensor, index)).collect()
}

fn value(tensor: &Tensor, index: u64) -> f64 {
    let (mut rest, mut place, mut step) = (index, 0, 1);
    for (axis, d) in tensor.shape.iter().enumerate().rev() {
        place += rest % d * tensor.strides.as_ref().map_or(step, |strides| strides[axis]);
        rest /= d;
        step *= d;
    }
    let size = dtype(tensor).size();
    let mut buffer = Vec::new();
    decode(dtype(tensor), tensor.bytes.read(tensor.offset + place * size as u64, size, &mut buffer).unwrap())
}

fn decode(dtype: DType, bytes: &[u8]) -> f64 {
    match dtype {
        DType::F64 => f64::from_le_bytes(bytes.try_into().unwrap()),
        DType::F32 => f64::from(f32::from_le_bytes(bytes.try_into().unwrap())),
        DType::I64 => i64::from_le_bytes(bytes.try_into().unwrap()) as f64,
        DType::I32 => f64::from(i32::from_le_bytes(bytes.try_into().unwrap())),
        narrow => narrow.value(bytes.iter().rev().fold(0, |pattern, byte| pattern << 8 | u16::from(*byte))),
    }
}

/// The claim that matters to a scan: whatever was listed lies inside its bytes, and is no larger than they are.
pub fn assert_inside(result: &Result<Listing>) {
    for tensor in result.iter().flat_map(|listing| &listing.tensors) {
        let checked = tensor.clone().checked().unwrap();
        assert!(checked.n() * dtype(&checked).size() as u64 <= checked.bytes.len(), "{tensor:?}");
    }
}

/// `bytes` with some of them changed, and perhaps cut short.
pub fn damage(bytes: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>());
    let cut = prop::option::weighted(0.2, any::<prop::sample::Index>());
    (prop::collection::vec(change, 1..8), cut).prop_map(move |(changes, cut)| {
        let mut bytes = bytes.clone();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.truncate(cut.map_or(bytes.len(), |cut| cut.index(bytes.len())));
        bytes
    })
}
