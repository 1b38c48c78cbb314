//! numpy files: arrays that numpy wrote, and damage.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod parsing;

use std::fs;

use glotgap_core::weights::source::{Listing, npy, zip};
use glotgap_core::{Error, Kind};
use parsing::{assert_inside, damage, dtype, memory, names, open, path, skipped, tensor, values};
use proptest::prelude::*;

const COUNTING: [f64; 6] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];

fn only(name: &str) -> Listing {
    npy::list(&open(name)).unwrap()
}

/// A version 1.0 file with the given header.
fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), data].concat()
}

fn refusal(bytes: &[u8]) -> Error {
    npy::list(&memory(bytes)).unwrap_err()
}

#[test]
fn an_array_is_named_after_its_file_and_keeps_its_values() {
    let listing = only("npy/matrix.npy");
    assert_eq!(values(tensor(&listing, "matrix")), COUNTING);
    assert_eq!(tensor(&listing, "matrix").shape, [2, 3]);
}

#[test]
fn all_three_versions_of_the_header_are_read() {
    for version in ["version2", "version3"] {
        assert_eq!(values(tensor(&only(&format!("npy/{version}.npy")), version)), COUNTING);
    }
}

#[test]
fn column_major_arrays_are_read_in_their_logical_order() {
    let listing = only("npy/fortran.npy");
    let fortran = tensor(&listing, "fortran");
    assert_eq!((&fortran.shape[..], fortran.strides.as_deref()), (&[2, 3, 4][..], Some(&[1, 2, 6][..])));
    assert_eq!(values(fortran), (0..24).map(f64::from).collect::<Vec<_>>());
}

#[test]
fn an_array_that_cannot_be_read_is_an_error_with_a_remedy() {
    for (name, word) in [("big_endian", "astype(\"<f4\")"), ("bfloat16", "safetensors"), ("objects", "numbers")] {
        let error = npy::list(&open(&format!("npy/{name}.npy"))).unwrap_err();
        assert_eq!(error.kind, Kind::Unsupported);
        assert!(error.remedy.contains(word) && error.file.is_some(), "{error}");
    }
}

#[test]
fn an_archive_lists_what_it_can_and_says_why_of_the_rest() {
    for archive in ["npy/arrays.npz", "npy/deflated.npz"] {
        let listing = npy::list_npz(&open(archive)).unwrap();
        let read = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "b1", "scalar", "empty", "fortran"];
        assert_eq!(names(&listing), read);
        let expected = [
            ("big_endian", "big-endian"),
            ("bfloat16", "raw"),
            ("float8", "raw"),
            ("complex", "complex"),
            ("unsigned", "unsigned"),
            ("records", "records"),
            ("objects", "objects"),
            ("text", "<U2"),
        ];
        for ((name, reason), (known, word)) in skipped(&listing).into_iter().zip(expected) {
            assert!(name == known && reason.contains(word), "{name}: {reason}");
        }
        assert_eq!(listing.skipped.len(), expected.len());
    }
}

#[test]
fn every_format_of_an_archive_keeps_its_values() {
    for archive in ["npy/arrays.npz", "npy/deflated.npz"] {
        let listing = zip::list(&open(archive), &mut || Ok(())).unwrap();
        for name in ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "fortran"] {
            assert_eq!(values(tensor(&listing, name)), COUNTING, "{name}");
        }
        assert_eq!(values(tensor(&listing, "b1")), [0.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(values(tensor(&listing, "scalar")), [7.0]);
        assert_eq!(tensor(&listing, "empty").n(), 0);
        assert_eq!(dtype(tensor(&listing, "f2")).name(), "f16");
    }
}

#[test]
fn stored_arrays_are_read_in_place_and_deflated_ones_from_a_copy() {
    for (archive, in_place) in [("npy/arrays.npz", true), ("npy/deflated.npz", false)] {
        let file = open(archive);
        let listing = npy::list_npz(&file).unwrap();
        assert_eq!(std::sync::Arc::ptr_eq(&tensor(&listing, "f4").bytes, &file), in_place);
    }
}

#[test]
fn a_truncated_array_is_refused() {
    let whole = fs::read(path("npy/matrix.npy")).unwrap();
    for length in 0..whole.len() {
        assert_eq!(refusal(&whole[..length]).kind, Kind::BadFile, "{length}");
    }
}

#[test]
fn headers_that_are_not_the_dict_are_refused() {
    let fields = "'descr': '<f4', 'fortran_order': False, 'shape': (1,)";
    npy::list(&memory(&file(&format!("{{{fields}, }} \n"), &[0; 4]))).unwrap();
    let spoilt = [
        format!("{{{fields}, 'more': 1}}"),
        format!("{{{fields}"),
        format!("dict({fields})"),
        fields.replace("(1,)", "(-1,)"),
        format!("{{{}}}", fields.replace("(1,)", "1")),
        format!("{{{}}}", fields.replace("False", "0")),
        format!("{{{}}}", fields.replace("'<f4'", "4")),
        format!("{{{}}}", fields.replace("'<f4'", "''")),
        "__import__('os').system('true')".to_owned(),
    ];
    for header in spoilt {
        assert_eq!(refusal(&file(&header, &[0; 4])).kind, Kind::BadFile, "{header}");
    }
}

#[test]
fn an_unknown_version_is_said_so() {
    let error = refusal(b"\x93NUMPY\x04\x00\x00\x00\x00\x00");
    assert_eq!(error.kind, Kind::Unsupported);
    assert!(error.what.contains("4.0"), "{error}");
}

#[test]
fn a_shape_that_overflows_is_refused() {
    for shape in ["(18446744073709551615,)", "(4294967296, 4294967296)", "(4294967296, 4294967296, 0)"] {
        let header = format!("{{'descr': '<f4', 'fortran_order': True, 'shape': {shape}}}");
        assert_eq!(refusal(&file(&header, &[0; 4])).kind, Kind::BadFile, "{shape}");
    }
}

#[test]
fn a_header_longer_than_the_file_is_refused_before_it_is_read() {
    let error = refusal(b"\x93NUMPY\x02\x00\xff\xff\xff\x00{}");
    assert!(error.what.contains("16777215"), "{error}");
}

#[test]
fn a_zip_of_neither_kind_is_said_so() {
    let mut writer = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("readme.txt", ::zip::write::SimpleFileOptions::default()).unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    assert_eq!(zip::list(&memory(&bytes), &mut || Ok(())).unwrap_err().kind, Kind::Unsupported);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        assert_inside(&npy::list(&memory(&bytes)));
        assert_inside(&npy::list(&memory(&[b"\x93NUMPY\x01\x00", &bytes[..]].concat())));
    }

    #[test]
    fn damaged_arrays_never_panic(bytes in damage(fs::read(path("npy/fortran.npy")).unwrap())) {
        assert_inside(&npy::list(&memory(&bytes)));
    }

    #[test]
    fn damaged_archives_never_panic(bytes in damage(fs::read(path("npy/deflated.npz")).unwrap())) {
        assert_inside(&zip::list(&memory(&bytes), &mut || Ok(())));
    }
}
