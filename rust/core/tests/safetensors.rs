//! safetensors headers and shard indexes, sound and damaged.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod parsing;

use std::fs;
use std::sync::Arc;

use glotgap_core::weights::dtype::DType;
use glotgap_core::weights::source::index::{self, Index};
use glotgap_core::weights::source::{Bytes, Io, safetensors};
use glotgap_core::{Error, Kind};
use parsing::{assert_inside, damage, dtype, memory, names, skipped, tensor, values};
use proptest::prelude::*;

/// A file of `header` and `data`.
fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

/// A file of f32 tensors with the given header entries.
fn entries(entries: &[(&str, &str, [u64; 2])], data: usize) -> Vec<u8> {
    let entry = |(name, shape, [begin, end]): &(&str, &str, [u64; 2])| {
        format!(r#""{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[{begin},{end}]}}"#)
    };
    file(&format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(",")), &vec![0; data])
}

fn refusal(bytes: &[u8]) -> Error {
    let error = safetensors::list(&memory(bytes)).unwrap_err();
    assert_eq!(error.kind, Kind::BadFile, "{error}");
    assert_eq!(error.file.as_deref(), Some("memory"), "{error}");
    error
}

fn sound() -> Vec<u8> {
    let header = r#"{"__metadata__":{"format":"pt"},
        "b":{"dtype":"BF16","shape":[2,2],"data_offsets":[8,16]},
        "a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
        "empty":{"dtype":"F64","shape":[0,3],"data_offsets":[16,16]},
        "scalar":{"dtype":"I8","shape":[],"data_offsets":[16,17]}}   "#;
    let data = [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0x80, 0x3f, 0, 0x40, 0x40, 0x40, 0x80, 0x40, 0xff];
    file(header, &data)
}

#[test]
fn tensors_come_in_order_of_offset_with_their_values() {
    let listing = safetensors::list(&memory(&sound())).unwrap();
    assert_eq!(names(&listing), ["a", "b", "empty", "scalar"]);
    assert_eq!(values(tensor(&listing, "a")), [1.0, 2.0]);
    assert_eq!(values(tensor(&listing, "b")), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(values(tensor(&listing, "scalar")), [-1.0]);
    assert_eq!(listing.metadata.get("format").map(String::as_str), Some("pt"));
}

#[test]
fn zero_size_tensors_are_listed() {
    let listing = safetensors::list(&memory(&sound())).unwrap();
    assert_eq!((tensor(&listing, "empty").n(), &tensor(&listing, "empty").shape), (0, &vec![0, 3]));
}

#[test]
fn a_file_without_tensors_is_an_empty_listing() {
    assert!(safetensors::list(&memory(&file("{}", b""))).unwrap().tensors.is_empty());
}

#[test]
fn every_format_of_the_contract_is_known() {
    let known = "F64 F32 F16 BF16 F8_E4M3 F8_E5M2 F8_E4M3FNUZ F8_E5M2FNUZ F8_E8M0 I64 I32 I16 I8 U8 BOOL";
    for (code, expected) in known.split(' ').zip(glotgap_core::weights::dtype::ALL) {
        let size = expected.size();
        let header = format!(r#"{{"x":{{"dtype":"{code}","shape":[1],"data_offsets":[0,{size}]}}}}"#);
        let listing = safetensors::list(&memory(&file(&header, &[0; 8]))).unwrap();
        assert_eq!(dtype(tensor(&listing, "x")), expected);
    }
}

#[test]
fn formats_that_are_not_read_are_skipped_with_a_reason() {
    for code in ["F4", "F6_E2M3", "F6_E3M2", "U16", "U32", "U64", "C64", "F5_NEW"] {
        let header = format!(
            r#"{{"x":{{"dtype":"{code}","shape":[2],"data_offsets":[0,1]}},
                 "y":{{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}}}"#
        );
        let listing = safetensors::list(&memory(&file(&header, &[0; 2]))).unwrap();
        assert_eq!(names(&listing), ["y"]);
        let [("x", reason)] = skipped(&listing)[..] else { panic!("{code}") };
        assert!(reason.contains(code), "{reason}");
    }
}

#[test]
fn a_file_shorter_than_its_length_field_is_refused() {
    for length in 0..8 {
        refusal(&vec![0; length]);
    }
}

#[test]
fn a_header_over_100_megabytes_is_refused() {
    let error = refusal(&[&100_000_001u64.to_le_bytes()[..], b"{}"].concat());
    assert!(error.what.contains("100000001"), "{error}");
}

#[test]
fn a_header_that_ends_beyond_the_file_is_refused() {
    let error = refusal(&[&3u64.to_le_bytes()[..], b"{}"].concat());
    assert!(error.remedy.contains("truncated"), "{error}");
}

#[test]
fn a_header_that_is_not_a_json_object_is_refused() {
    for header in ["", "not json", "[]", "1", "{", "{} {}", "{\"a\":1}", "{\"a\":{}}", "{\"__metadata__\":{\"a\":1}}"] {
        let error = refusal(&file(header, b""));
        assert!(error.what.contains("JSON"), "{error}");
    }
    refusal(&[&4u64.to_le_bytes()[..], b"{\"\xff\""].concat());
}

#[test]
fn a_malformed_entry_is_named() {
    let error = refusal(&file(r#"{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, &[0; 4]));
    assert!(error.what.contains("\"w\""), "{error}");
}

#[test]
fn deep_nesting_does_not_overflow_the_stack() {
    refusal(&file(&format!("{{\"a\":{}", "[".repeat(1_000_000)), b""));
}

#[test]
fn duplicate_names_are_refused() {
    let error = refusal(&entries(&[("w", "[1]", [0, 4]), ("w", "[1]", [4, 8])], 8));
    assert_eq!(error.tensor.as_deref(), Some("w"));
    refusal(&file(r#"{"__metadata__":{"a":"1","a":"2"}}"#, b""));
}

#[test]
fn offsets_beyond_the_file_are_refused() {
    let error = refusal(&entries(&[("w", "[2]", [0, 8])], 7));
    assert_eq!(error.tensor.as_deref(), Some("w"));
    refusal(&entries(&[("w", "[1]", [u64::MAX - 4, u64::MAX])], 8));
}

#[test]
fn a_range_that_ends_before_it_begins_is_refused() {
    let error = refusal(&entries(&[("w", "[1]", [8, 4])], 8));
    assert_eq!(error.tensor.as_deref(), Some("w"));
}

#[test]
fn overlapping_ranges_are_refused_by_both_names() {
    let error = refusal(&entries(&[("v", "[2]", [0, 8]), ("empty", "[0]", [2, 2]), ("w", "[1]", [4, 8])], 8));
    assert_eq!(error.tensor.as_deref(), Some("w"));
    assert!(error.what.contains("\"v\""), "{error}");
}

#[test]
fn a_size_other_than_shape_times_dtype_is_refused() {
    let error = refusal(&entries(&[("w", "[2]", [0, 4])], 4));
    assert_eq!(error.tensor.as_deref(), Some("w"));
    assert!(error.what.contains("needs 8 bytes, not 4"), "{error}");
}

#[test]
fn a_shape_that_overflows_is_refused() {
    for shape in ["[18446744073709551615,2]", "[4294967296,4294967296]", "[9223372036854775807,1]"] {
        assert_eq!(refusal(&entries(&[("w", shape, [0, 0])], 0)).tensor.as_deref(), Some("w"));
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        assert_inside(&safetensors::list(&memory(&bytes)));
    }

    #[test]
    fn damaged_files_never_panic(bytes in damage(sound())) {
        assert_inside(&safetensors::list(&memory(&bytes)));
    }

    #[test]
    fn arbitrary_headers_never_panic(header in r#"\{("[a-c]":\{"dtype":"F32","shape":\[[0-9]{1,20}\],"data_offsets":\[[0-9]{1,2},[0-9]{1,2}\]\},?){0,3}\}"#) {
        assert_inside(&safetensors::list(&memory(&file(&header, &[0; 40]))));
    }
}

/// A directory with two shards, `a` in one and `b` and `c` in the other, and an index of the given map.
fn sharded(weight_map: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(directory.path().join(name), bytes).unwrap();
    write("1.safetensors", &entries(&[("a", "[1]", [0, 4])], 4));
    write("2.safetensors", &entries(&[("b", "[1]", [0, 4]), ("c", "[1]", [4, 8])], 8));
    write("index.json", format!(r#"{{"metadata":{{"total_size":12}},"weight_map":{weight_map}}}"#).as_bytes());
    directory
}

fn read(weight_map: &str) -> glotgap_core::Result<Index> {
    index::read(&sharded(weight_map).path().join("index.json"))
}

/// Reads the index, lists each shard and verifies it: what a directory lister does.
fn verified(weight_map: &str) -> glotgap_core::Result<()> {
    let directory = sharded(weight_map);
    let index = index::read(&directory.path().join("index.json"))?;
    index.shards.iter().try_for_each(|shard| {
        let bytes = Arc::new(Bytes::open(&index.locate(shard), Io::Pread)?);
        index.verify(shard, &safetensors::list(&bytes)?)
    })
}

#[test]
fn an_index_gives_its_shards_sorted_and_once() {
    let index = read(r#"{"b":"2.safetensors","a":"1.safetensors","c":"2.safetensors"}"#).unwrap();
    assert_eq!(index.shards, ["1.safetensors", "2.safetensors"]);
    assert_eq!(index.shard_of.get("c").map(String::as_str), Some("2.safetensors"));
}

#[test]
fn a_tensor_outside_the_index_is_fine() {
    verified(r#"{"a":"1.safetensors","b":"2.safetensors"}"#).unwrap();
}

#[test]
fn an_indexed_tensor_that_its_shard_lacks_is_named_with_the_shard() {
    let error = verified(r#"{"a":"1.safetensors","x":"2.safetensors"}"#).unwrap_err();
    assert_eq!((error.kind, error.tensor.as_deref()), (Kind::BadFile, Some("x")));
    assert!(error.what.contains("2.safetensors"), "{error}");
}

#[test]
fn a_missing_shard_is_named() {
    let error = read(r#"{"a":"1.safetensors","b":"3.safetensors"}"#).unwrap_err();
    assert_eq!(error.kind, Kind::BadFile);
    assert!(error.what.contains("3.safetensors"), "{error}");
}

#[test]
fn shards_outside_the_directory_are_refused() {
    for shard in ["../1.safetensors", "/etc/passwd", "sub/1.safetensors", "..", ".", "", r"sub\\1", "C:x"] {
        let error = read(&format!(r#"{{"a":"{shard}"}}"#)).unwrap_err();
        assert!(error.what.contains("plain file name"), "{error}");
    }
}

#[test]
fn an_index_that_is_not_one_is_refused() {
    for map in ["{}", "[]", "{\"a\":1}", "{\"a\":\"1.safetensors\",\"a\":\"2.safetensors\"}", "{"] {
        assert_eq!(read(map).unwrap_err().kind, Kind::BadFile, "{map}");
    }
    let nowhere = index::read(std::path::Path::new("/nowhere/index.json")).unwrap_err();
    assert!(nowhere.file.is_some_and(|file| file.contains("index.json")));
}

#[test]
fn dtypes_keep_their_names() {
    let listing = safetensors::list(&memory(&sound())).unwrap();
    assert_eq!(dtype(tensor(&listing, "b")), DType::Bf16);
}
