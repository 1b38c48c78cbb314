//! The GGUF parser and block decoders: against gguf-py's files and values, and against every kind of damage.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

#[path = "gguf/writer.rs"]
mod writer;

use std::path::Path;
use std::sync::Arc;

use glotgap_core::weights::dtype::DType;
use glotgap_core::weights::source::dequant::ALL;
use glotgap_core::weights::source::{BlockType, Bytes, Encoding, Io, Listing, Tensor, gguf};
use glotgap_core::{Error, Kind, Result};
use proptest::prelude::*;
use writer::{Writer, array, string};

const F32: u32 = 0;
const Q8_0: u32 = 8;

/// Type numbers with their encodings, in the order of ggml.h.
const READ: [(u32, Encoding); 19] = [
    (0, Encoding::Plain(DType::F32)),
    (1, Encoding::Plain(DType::F16)),
    (2, Encoding::Blocks(BlockType::Q4_0)),
    (3, Encoding::Blocks(BlockType::Q4_1)),
    (6, Encoding::Blocks(BlockType::Q5_0)),
    (7, Encoding::Blocks(BlockType::Q5_1)),
    (8, Encoding::Blocks(BlockType::Q8_0)),
    (10, Encoding::Blocks(BlockType::Q2K)),
    (11, Encoding::Blocks(BlockType::Q3K)),
    (12, Encoding::Blocks(BlockType::Q4K)),
    (13, Encoding::Blocks(BlockType::Q5K)),
    (14, Encoding::Blocks(BlockType::Q6K)),
    (20, Encoding::Blocks(BlockType::Iq4Nl)),
    (24, Encoding::Plain(DType::I8)),
    (25, Encoding::Plain(DType::I16)),
    (26, Encoding::Plain(DType::I32)),
    (27, Encoding::Plain(DType::I64)),
    (28, Encoding::Plain(DType::F64)),
    (30, Encoding::Plain(DType::Bf16)),
];

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/gguf").join(name)).unwrap()
}

fn list(file: Vec<u8>) -> Result<Listing> {
    gguf::list(&Arc::new(Bytes::from_vec("memory.gguf", file)))
}

fn listed(writer: &Writer) -> Listing {
    list(writer.finish()).unwrap()
}

fn error(file: Vec<u8>) -> Error {
    list(file).unwrap_err()
}

fn names(listing: &Listing) -> Vec<&str> {
    listing.tensors.iter().map(|t| t.name.as_str()).collect()
}

/// Values and bytes of one block; a plain number is a block of one.
fn block(encoding: Encoding) -> (u64, usize) {
    match encoding {
        Encoding::Plain(dtype) => (1, dtype.size()),
        Encoding::Blocks(block) => (block.elements() as u64, block.bytes()),
    }
}

fn end(tensor: &Tensor) -> u64 {
    let (values, bytes) = block(tensor.encoding);
    tensor.offset + tensor.n() / values * bytes as u64
}

/// Three good tensors around one table row that is under test.
fn around(name: &str, number: u32, shape: &[u64], offset: u64) -> Writer {
    let good = Writer::new(3).tensor("first", F32, &[2, 4], &[1; 32]).tensor("second", Q8_0, &[1, 32], &[2; 34]);
    good.row(name.as_bytes(), number, shape, offset).gap(200).tensor("last", F32, &[3], &[3; 12])
}

/// The reason for which `row` is skipped, once all else is known to be listed.
fn reason(row: &Writer) -> String {
    let listing = listed(row);
    assert_eq!(names(&listing), ["first", "second", "last"]);
    let [skipped] = &listing.skipped[..] else { panic!("{:?}", listing.skipped) };
    assert_eq!(skipped.file, "memory.gguf");
    skipped.reason.clone()
}

fn assert_damaged(error: &Error, what: &str) {
    assert_eq!(error.kind, Kind::BadFile);
    assert!(error.what.contains(what), "{error}");
    assert!(!error.remedy.is_empty());
    assert_eq!(error.file.as_deref(), Some("memory.gguf"));
}

#[test]
fn every_block_type_equals_the_oracle() {
    for block_type in ALL {
        let file = fixture(&format!("{}.bin", block_type.name()));
        let n = file.len() / (block_type.bytes() + 4 * block_type.elements());
        let (blocks, values) = file.split_at(n * block_type.bytes());
        let mut decoded = vec![0f32; n * block_type.elements()];
        block_type.decode(blocks, &mut decoded);
        let expected: Vec<f32> = values.as_chunks().0.iter().map(|v| f32::from_le_bytes(*v)).collect();
        assert_eq!((n, decoded.len()), (5, expected.len()));
        for (i, (got, want)) in decoded.iter().zip(&expected).enumerate() {
            let equal = got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan());
            assert!(equal, "{} value {i}: {got:e}, not {want:e}", block_type.name());
        }
    }
}

#[test]
fn a_file_of_another_writer_is_read() {
    let listing = list(fixture("written.gguf")).unwrap();
    assert_eq!(names(&listing), ["plain.f32", "plain.f16", "plain.i8", "blocks.Q8_0", "blocks.Q4_K"]);
    let shapes: Vec<&[u64]> = listing.tensors.iter().map(|t| &t.shape[..]).collect();
    assert_eq!(shapes, [&[2, 3][..], &[5], &[1, 2, 2], &[2, 32], &[2, 256]]);
    assert!(listing.tensors.iter().all(|t| t.offset % 64 == 0 && t.strides.is_none()));
    assert_eq!(listing.skipped[0].name, "blocks.IQ2_XS");
    assert_eq!(listing.skipped[0].reason, "packed format IQ2_XS is not decoded");
    let values = listing.tensors[0].bytes.read(listing.tensors[0].offset, 24, &mut Vec::new()).unwrap().to_vec();
    assert_eq!(values, [0f32, 1.0, 2.0, 3.0, 4.0, 5.0].map(f32::to_le_bytes).concat());
    let value = |key: &str| listing.metadata.get(key).map(String::as_str);
    assert_eq!(value("general.architecture"), Some("llama"));
    assert_eq!(value("general.name"), Some("Grüße, שלום"));
    assert_eq!((value("llama.block_count"), value("scale")), (Some("2"), Some("0.25")));
    assert_eq!((value("flag"), value("negative")), (Some("true"), Some("-1099511627776")));
    assert_eq!((value("numbers"), value("tokenizer.ggml.tokens")), (None, None));
}

#[test]
fn both_versions_hold_every_type_outermost_dimension_first() {
    for version in [2, 3] {
        let mut writer = Writer::new(version);
        for (number, encoding) in READ {
            let (values, bytes) = block(encoding);
            writer = writer.tensor(&format!("t{number}"), number, &[2, 3, values], &vec![number as u8; 6 * bytes]);
        }
        let listing = listed(&writer);
        assert_eq!((listing.tensors.len(), listing.skipped.len()), (READ.len(), 0));
        for (tensor, (number, encoding)) in listing.tensors.iter().zip(READ) {
            let (values, bytes) = block(encoding);
            assert_eq!((&tensor.name, tensor.encoding), (&format!("t{number}"), encoding));
            assert_eq!(tensor.shape, [2, 3, values]);
            let mut buffer = Vec::new();
            let data = tensor.bytes.read(tensor.offset, 6 * bytes, &mut buffer).unwrap();
            assert!(data.iter().all(|byte| u32::from(*byte) == number));
        }
    }
}

#[test]
fn the_way_of_reading_changes_nothing() {
    let vocabulary: Vec<u8> = (0..100_000u32).flat_map(|i| string(format!("token {i}").as_bytes())).collect();
    let file = Writer::new(3)
        .key("tokens", 9, &array(8, 100_000, &vocabulary))
        .key("template", 8, &string(&vec![b'x'; 70_000]))
        .key("after", 8, &string(b"ok"))
        .tensor("only", F32, &[4], &[1; 16])
        .finish();
    let mut disk = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut disk, &file).unwrap();
    let memory = format!("{:?}", list(file).unwrap().metadata);
    for io in [Io::Mmap, Io::Pread] {
        let listing = gguf::list(&Arc::new(Bytes::open(disk.path(), io).unwrap())).unwrap();
        assert_eq!(format!("{:?}", listing.metadata), memory);
        assert_eq!(listing.tensors[0].offset + 16, listing.tensors[0].bytes.len());
    }
    assert_eq!(memory, r#"{"after": "ok"}"#);
}

#[test]
fn scalars_become_text_and_arrays_are_passed_over() {
    let nested = array(9, 2, &[array(4, 1, &[0; 4]), array(8, 1, &string(b"x"))].concat());
    let writer = Writer::new(2)
        .key("u8", 0, &[200])
        .key("i8", 1, &[200])
        .key("u16", 2, &[0xff; 2])
        .key("i16", 3, &[0xff; 2])
        .key("i32", 5, &[0xff; 4])
        .key("nested", 9, &nested)
        .key("empty", 9, &array(8, 0, &[]))
        .key("u64", 10, &[0xff; 8])
        .key("f64", 12, &1e-5f64.to_le_bytes())
        .key("broken", 8, &string(b"caf\xc3"));
    let metadata = listed(&writer).metadata;
    let text: Vec<_> = metadata.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let numbers = ["f64=0.00001", "i16=-1", "i32=-1", "i8=-56", "u16=65535", "u64=18446744073709551615", "u8=200"];
    assert_eq!(text[0], "broken=caf\u{fffd}");
    assert_eq!(text[1..], numbers);
}

#[test]
fn other_byte_order_and_other_versions_are_unsupported() {
    for (version, what) in [(3u32.swap_bytes(), "big-endian"), (1, "version 1"), (0, "version 0"), (4, "version 4")] {
        let error = error(Writer::new(version).finish());
        assert_eq!(error.kind, Kind::Unsupported);
        assert!(error.what.contains(what) && !error.remedy.is_empty(), "{error}");
    }
}

#[test]
fn other_files_are_not_gguf() {
    for file in [&b""[..], b"GG", b"PK\x03\x04 and so on", b"\x89PNG"] {
        assert_damaged(&error(file.to_vec()), "is not a GGUF file");
    }
}

#[test]
fn a_header_cut_anywhere_is_damaged() {
    let deep = array(9, 1, &array(8, 1, &string(b"x")));
    let writer =
        Writer::new(3).key("deep", 9, &deep).key("name", 8, &string(b"model")).tensor("t", F32, &[2, 2], &[0; 16]);
    let header = writer.header();
    for len in 4..header.len() {
        assert_damaged(&error(header[..len].to_vec()), "");
    }
    assert_damaged(&error(header), "1 of 1 tensors are cut");
}

#[test]
fn a_file_cut_in_its_data_is_an_error() {
    let whole = around("fourth", F32, &[1], 128).finish();
    for (missing, cut) in [(1, "1 of 4 tensors are cut"), (whole.len() / 2, " of 4 tensors are cut")] {
        let error = error(whole[..whole.len() - missing].to_vec());
        assert_damaged(&error, cut);
        assert!(error.remedy.contains("truncated"), "{error}");
    }
}

#[test]
fn absurd_counts_are_damage() {
    let huge = (u64::MAX / 2).to_le_bytes();
    let base = Writer::new(3).key("a", 4, &[0; 4]).finish();
    for at in [8, 16] {
        let mut file = base.clone();
        file[at..at + 8].copy_from_slice(&huge);
        assert_damaged(&error(file), "claims 9223372036854775807");
    }
    for number in [0, 4, 8, 9, 10] {
        let file = Writer::new(3).key("list", 9, &array(number, u64::MAX / 2, &[0; 64])).finish();
        assert_damaged(&error(file), "elements of \"list\"");
    }
    assert_damaged(&error(Writer::new(3).key("text", 8, &huge).finish()), "the header needs");
    assert_damaged(&error(Writer::new(3).row(b"many", F32, &[1; 9], 0).gap(99).finish()), "9 dimensions");
}

#[test]
fn names_must_be_utf8_and_short() {
    assert_damaged(&error(Writer::new(3).row(b"caf\xc3", F32, &[1], 0).gap(9).finish()), "a tensor name at offset 32");
    let mut file = Writer::new(3).key("key", 4, &[0; 4]).finish();
    file[32] = 0xff;
    assert_damaged(&error(file), "a metadata key at offset 32 is not UTF-8");
    assert_damaged(&error(Writer::new(3).row(&vec![b'n'; 65_536], F32, &[1], 0).gap(9).finish()), "claims 65536 bytes");
}

#[test]
fn metadata_must_make_sense() {
    let deep = (0..4).fold(array(4, 1, &[0; 4]), |inner, _| array(9, 1, &inner));
    assert_damaged(&error(Writer::new(3).key("deep", 9, &deep).finish()), "more than 4 deep");
    assert_damaged(&error(Writer::new(3).key("new", 13, &[0; 8]).finish()), "value type 13");
    assert_damaged(&error(Writer::new(3).key("new", 9, &array(13, 1, &[0; 8])).finish()), "value type 13");
    assert_damaged(&error(Writer::new(3).key("a", 0, &[1]).key("a", 0, &[2]).finish()), "\"a\" occurs twice");
}

#[test]
fn alignment_is_honoured_and_must_be_a_power_of_two() {
    for alignment in [1, 8, 256] {
        let writer = Writer::new(3).align(alignment).tensor("a", 24, &[5], &[1; 5]).tensor("b", 24, &[5], &[2; 5]);
        let listing = listed(&writer);
        let [a, b] = &listing.tensors[..] else { panic!("{:?}", listing.skipped) };
        assert_eq!((a.offset % u64::from(alignment), b.offset + 5), (0, b.bytes.len()));
    }
    for alignment in [0, 24] {
        let writer = Writer::new(3).key("general.alignment", 4, &u32::to_le_bytes(alignment));
        assert_damaged(&error(writer.finish()), "general.alignment");
    }
    assert_damaged(&error(Writer::new(3).key("general.alignment", 8, &string(b"32")).finish()), "general.alignment");
}

#[test]
fn types_that_are_not_decoded_are_skipped_by_name() {
    let read = READ.map(|(number, _)| number);
    for number in (0..43).filter(|number| !read.contains(number)) {
        assert!(reason(&around("odd", number, &[256], 128)).ends_with("is not decoded"), "{number}");
    }
    assert_eq!(reason(&around("odd", 17, &[256], 128)), "packed format IQ2_XS is not decoded");
    assert_eq!(reason(&around("odd", 39, &[32], 128)), "packed format MXFP4 is not decoded");
    assert!(reason(&around("odd", 999, &[32], 128)).contains("type number 999 is unknown"));
}

#[test]
fn one_bad_tensor_is_skipped_and_the_rest_listed() {
    let q4_k = 12;
    assert!(reason(&around("ragged", q4_k, &[2, 128], 128)).contains("rows of 128 values are not whole q4_k blocks"));
    assert!(reason(&around("scalar", q4_k, &[], 128)).contains("rows of 1 values"));
    assert!(reason(&around("far", F32, &[1], u64::MAX - 31)).contains("too large"));
    assert!(reason(&around("huge", F32, &[1 << 32, 1 << 32], 128)).contains("too large"));
    assert!(reason(&around("wide", F32, &[1 << 62], 128)).contains("too large"));
    assert!(reason(&around("crooked", F32, &[1], 129)).contains("not a multiple of the alignment 32"));
    assert!(reason(&around("first", F32, &[1], 128)).contains("its name occurs twice"));
}

#[test]
fn data_beyond_the_end_are_an_error() {
    assert_damaged(&error(around("outside", F32, &[1000], 128).finish()), "1 of 4 tensors are cut");
}

#[test]
fn both_of_two_overlapping_tensors_are_skipped() {
    let listing = listed(&around("intruder", F32, &[4], 32));
    assert_eq!(names(&listing), ["first", "last"]);
    let reasons: Vec<_> = listing.skipped.iter().map(|s| (s.name.as_str(), s.reason.as_str())).collect();
    let reason = |other| format!("its bytes overlap those of \"{other}\": one of the two offsets is damaged");
    assert_eq!(reasons, [("second", reason("intruder").as_str()), ("intruder", reason("second").as_str())]);
}

#[test]
fn empty_tensors_scalars_gaps_and_no_tensors_are_sound() {
    assert!(listed(&Writer::new(3)).tensors.is_empty());
    let writer = Writer::new(3).tensor("none", F32, &[0, 4], &[]).tensor("scalar", F32, &[], &[1; 4]);
    let listing = listed(&writer.gap(1000).tensor("after", Q8_0, &[7, 0], &[]).tensor("same", F32, &[1], &[1; 4]));
    assert_eq!(names(&listing), ["none", "scalar", "after", "same"]);
    assert_eq!(listing.tensors.iter().map(Tensor::n).collect::<Vec<_>>(), [0, 1, 0, 1]);
}

fn assert_sound(file: Vec<u8>) -> std::result::Result<(), TestCaseError> {
    let Ok(listing) = list(file) else { return Ok(()) };
    let mut extents: Vec<_> = listing.tensors.iter().map(|t| (t.offset, end(t))).collect();
    prop_assert!(listing.tensors.iter().all(|t| end(t) <= t.bytes.len()));
    extents.retain(|(start, end)| start < end);
    extents.sort_unstable();
    prop_assert!(extents.windows(2).all(|pair| pair[0].1 <= pair[1].0), "overlap in {extents:?}");
    Ok(())
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..400)) {
        assert_sound([b"GGUF\x03\0\0\0", &body[..]].concat())?;
        assert_sound(body)?;
    }

    #[test]
    fn a_mutated_file_lists_only_tensors_inside_it(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut file = fixture("written.gguf");
        let header = 700; // edits there count; edits of data prove nothing
        for (at, byte) in edits {
            file[at.index(header)] = byte;
        }
        assert_sound(file.clone())?;
        file.truncate(cut.index(file.len()));
        assert_sound(file)?;
    }

    #[test]
    fn any_tensor_table_lists_only_disjoint_tensors_inside_the_file(
        rows in prop::collection::vec((0u32..45, prop::collection::vec(0u64..70, 0..4), 0u64..40), 0..9),
    ) {
        let named = rows.iter().enumerate();
        let writer = named.fold(Writer::new(3), |writer, (i, (number, shape, offset))| {
            writer.row(format!("t{}", i % 7).as_bytes(), *number, shape, offset * 32)
        });
        let file = writer.gap(1000).finish();
        if let Ok(listing) = list(file.clone()) {
            prop_assert_eq!(listing.tensors.len() + listing.skipped.len(), rows.len());
        }
        assert_sound(file)?;
    }

    #[test]
    fn decoding_any_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..700), room in 0usize..600) {
        for block_type in ALL {
            block_type.decode(&bytes, &mut vec![0f32; room]);
        }
    }
}
