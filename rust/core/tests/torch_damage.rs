//! torch checkpoints made to do harm, and damaged ones: one claim each, then random damage.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

#[path = "parsing/checkpoint.rs"]
mod checkpoint;
mod parsing;

use std::fs;
use std::time::{Duration, Instant};

use checkpoint::{archive, dict, packed, text};
use glotgap_core::weights::source::{torch, zip};
use glotgap_core::{Error, Kind};
use parsing::{assert_inside, damage, memory, names, path, skipped, tensor, values};
use proptest::prelude::*;

fn refusal(bytes: &[u8]) -> Error {
    torch::list(&memory(bytes)).unwrap_err()
}

/// The refusal of a checkpoint whose pickle is `pickle`.
fn refused(pickle: &[u8]) -> Error {
    refusal(&archive(pickle, &[]))
}

#[test]
fn a_name_outside_the_list_is_refused_even_when_it_is_not_called() {
    for name in ["builtins\neval", "os\nsystem", "torch\nload", "torch.storage\n_load_from_bytes", "functools\npartial"]
    {
        let error = refused(&[b"\x80\x02c", name.as_bytes(), b"\n."].concat());
        assert_eq!(error.kind, Kind::Unsupported, "{error}");
        assert!(error.what.contains(&name.replace('\n', ".")), "{error}");
    }
    let stacked = [b"\x80\x04", &text("os")[..], &text("system"), b"\x93."].concat();
    assert!(refused(&stacked).what.contains("os.system"));
}

/// The one reason why a tensor of 4 floats in an entry of 16 bytes is skipped.
fn reason(numel: u64, offset: u64, shape: &[u64], strides: &[u64]) -> String {
    let pickle = dict(&[("w", checkpoint::tensor("0", numel, offset, shape, strides))]);
    let listing = torch::list(&memory(&archive(&pickle, &[("data/0", &[0; 16])]))).unwrap();
    assert!(listing.tensors.is_empty());
    skipped(&listing)[0].1.to_owned()
}

#[test]
fn a_storage_that_is_cut_short_skips_its_tensor() {
    assert!(reason(5, 0, &[4], &[1]).contains("cut short"));
    assert!(reason(1 << 62, 0, &[4], &[1]).contains("cut short"));
}

#[test]
fn a_view_out_of_range_skips_its_tensor() {
    assert!(reason(4, 1, &[4], &[1]).contains("ends at byte 20"));
    assert!(reason(4, 0, &[2, 2], &[3, 1]).contains("ends at byte 20"));
    assert!(reason(3, 0, &[4], &[1]).contains("ends at byte 16 of storage 0, which has 12"));
}

#[test]
fn an_impossible_view_skips_its_tensor() {
    assert!(reason(4, 0, &[1 << 62, 4], &[0, 0]).contains("impossible"));
    assert!(reason(4, 0, &[2], &[1 << 62]).contains("impossible"));
    assert!(reason(4, 0, &[2, 2], &[1]).contains("dimensions"));
    assert!(reason(4, 0, &[1; 65], &[1; 65]).contains("65 dimensions"));
    assert!(reason(4, u64::MAX, &[2], &[1]).contains("size"));
    assert!(reason(4, 0, &[1 << 60], &[0]).contains("repeats"));
}

#[test]
fn names_that_come_twice_are_listed_once() {
    let one = checkpoint::tensor("0", 4, 0, &[2], &[1]);
    let other = checkpoint::tensor("0", 4, 2, &[2], &[1]);
    let bytes = archive(&dict(&[("w", one), ("w", other)]), &[("data/0", &[0; 16])]);
    let listing = torch::list(&memory(&bytes)).unwrap();
    assert_eq!((names(&listing), listing.skipped.len()), (vec!["w"], 1));
}

#[test]
fn big_endian_files_are_refused_with_a_remedy() {
    let pickle = dict(&[]);
    let error = refusal(&archive(&pickle, &[("byteorder", b"big")]));
    assert_eq!(error.kind, Kind::Unsupported);
    torch::list(&memory(&archive(&pickle, &[("byteorder", b"little")]))).unwrap();
}

#[test]
fn a_zip_without_a_pickle_or_with_two_is_refused() {
    assert_eq!(refusal(b"").kind, Kind::BadFile);
    assert_eq!(refusal(b"PK\x03\x04").kind, Kind::BadFile);
    let whole = fs::read(path("torch/alone.pt")).unwrap();
    assert_eq!(refusal(&whole[..whole.len() - 30]).kind, Kind::BadFile);
    let two = rename(archive(&dict(&[]), &[("data_pkl", b"")]), b"x/data_pkl", b"y/data.pkl");
    assert!(refusal(&two).what.contains("two data.pkl"));
}

#[test]
fn a_damaged_pickle_is_refused() {
    let cases: [&[u8]; 16] = [
        b"",
        b".",
        b"\x80\x02",
        b"(",
        b"0.",
        b"h\x00.",
        b"t.",
        b"N(0u.",
        b"]Na",
        b"NNa.",
        b"}(Nu.",
        b"NR.",
        b"Q.",
        b"X\xff\xff\xff\xff",
        b"\xff.",
        b"\x97.",
    ];
    for pickle in cases {
        assert_eq!(refused(pickle).kind, Kind::BadFile, "{pickle:?}");
    }
}

/// Ten lists, each holding the one before it ten times, and a tensor in the innermost: 10^10 names.
fn laughs() -> Vec<u8> {
    let innermost = [b"]", &checkpoint::tensor("0", 4, 0, &[4], &[1])[..], b"aq\x00"].concat();
    let layer = |depth: u8| [b"](".to_vec(), [b'h', depth - 1].repeat(10), vec![b'e', b'q', depth]].concat();
    [b"\x80\x02".to_vec(), innermost, (1..=10).flat_map(layer).collect(), b".".to_vec()].concat()
}

#[test]
fn shared_lists_cannot_spell_out_endless_names() {
    let start = Instant::now();
    assert_eq!(refused(&laughs()).kind, Kind::BadFile);
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// Found by fuzzing: 94 bytes that took half a second and 128 MB to refuse.
#[test]
fn a_container_that_holds_itself_is_refused_at_once() {
    let start = Instant::now();
    assert_eq!(refused(b"\x80\x02]q\x00h\x00a.").kind, Kind::BadFile);
    let wide_set = [b"\x8f\x94("[..].to_vec(), b"h\x00".repeat(40), b"\x90.".to_vec()].concat();
    assert_eq!(refused(&wide_set).kind, Kind::BadFile);
    assert!(start.elapsed() < Duration::from_millis(500));
}

#[test]
fn deep_nesting_neither_overflows_the_stack_nor_takes_long() {
    let depth = 1_000_000;
    let lists = [b"\x80\x02".to_vec(), b"]".repeat(depth), b"a".repeat(depth - 1), b".".to_vec()].concat();
    let start = Instant::now();
    let _ = torch::list(&memory(&archive(&lists, &[])));
    let tuples = [b"\x80\x02)".to_vec(), b"\x85".repeat(depth), b".".to_vec()].concat();
    let _ = torch::list(&memory(&archive(&tuples, &[])));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_pickle_cannot_hold_endless_values() {
    let error = refused(&[b"\x80\x02".to_vec(), b"]".repeat(5_000_000), b".".to_vec()].concat());
    assert!(error.what.contains("4000000"), "{error}");
    assert_eq!(refused(&b"N".repeat(5_000_000)).kind, Kind::BadFile);
    assert_eq!(refused(&b"(".repeat(5_000_000)).kind, Kind::BadFile);
}

#[test]
fn a_deflated_entry_must_have_the_size_it_declares() {
    let pickle = dict(&[("w", checkpoint::tensor("0", 4, 0, &[4], &[1]))]);
    let bytes = packed(&pickle, &[("data/0", &[0; 1000])], ::zip::CompressionMethod::Deflated);
    assert_eq!(torch::list(&memory(&bytes)).unwrap().tensors.len(), 1);
    for (declared, word) in [(900u32, "size"), (1100, "size"), (u32::MAX - 1, "cannot come from")] {
        let listing = torch::list(&memory(&declare(&bytes, declared))).unwrap();
        let [("w", reason)] = skipped(&listing)[..] else { panic!("{declared}") };
        assert!(reason.contains(word) || reason.contains("cannot inflate"), "{declared}: {reason}");
    }
}

/// `bytes` with another uncompressed size for `x/data/0`, wherever it is declared.
fn declare(bytes: &[u8], size: u32) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> = (0..bytes.len() - 4).filter(|at| bytes[*at..at + 4] == 1000u32.to_le_bytes()).collect();
    for at in places {
        bytes[at..at + 4].copy_from_slice(&size.to_le_bytes());
    }
    bytes
}

/// `bytes` with two bytes of the central directory's last entry changed.
fn patch(bytes: &[u8], place: usize, value: u16) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let entry = bytes.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    bytes[entry + place..entry + place + 2].copy_from_slice(&value.to_le_bytes());
    bytes
}

#[test]
fn encrypted_entries_and_other_methods_skip_their_tensors() {
    let pickle = dict(&[("w", checkpoint::tensor("0", 4, 0, &[4], &[1]))]);
    let sound = archive(&pickle, &[("data/0", &[0; 16])]);
    for (place, value, word) in [(8, 1, "encrypted"), (10, 12, "method")] {
        let listing = torch::list(&memory(&patch(&sound, place, value))).unwrap();
        let [("w", reason)] = skipped(&listing)[..] else { panic!("{word}") };
        assert!(reason.contains(word), "{reason}");
    }
}

/// `bytes` with an entry's name changed wherever it stands.
fn rename(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

#[test]
fn an_entry_named_twice_is_refused() {
    let pickle = dict(&[]);
    let bytes = rename(archive(&pickle, &[("data/0", b"a"), ("data/1", b"b")]), b"x/data/1", b"x/data/0");
    assert!(refusal(&bytes).what.contains("twice"));
}

#[test]
fn an_archive_behind_other_bytes_is_read_at_its_true_place() {
    let pickle = dict(&[("w", checkpoint::tensor("0", 1, 0, &[1], &[1]))]);
    let bytes = [&b"#!/bin/sh\n"[..], &archive(&pickle, &[("data/0", &2f32.to_le_bytes())])].concat();
    assert_eq!(values(tensor(&torch::list(&memory(&bytes)).unwrap(), "w")), [2.0]);
}

proptest! {
    #[test]
    fn arbitrary_pickles_never_panic(pickle in prop::collection::vec(any::<u8>(), 0..300)) {
        assert_inside(&torch::list(&memory(&archive(&pickle, &[("data/0", &[0; 16])]))));
    }

    #[test]
    fn pickles_of_common_opcodes_never_panic(pickle in "[().0]|[NKa-u}\\]QRX2}(){0-9\\x00-\\x08]{0,80}\\.") {
        assert_inside(&torch::list(&memory(&archive(pickle.as_bytes(), &[("data/0", &[0; 16])]))));
    }

    #[test]
    fn damaged_pickles_never_panic(pickle in damage(pickle_of("checkpoint.pt"))) {
        let storages: Vec<String> = (0..20).map(|key| format!("data/{key}")).collect();
        let storages: Vec<(&str, &[u8])> = storages.iter().map(|key| (key.as_str(), &[0u8; 64][..])).collect();
        assert_inside(&torch::list(&memory(&archive(&pickle, &storages))));
    }

    #[test]
    fn damaged_archives_never_panic(bytes in damage(fs::read(path("torch/plain.pt")).unwrap())) {
        assert_inside(&zip::list(&memory(&bytes), &mut || Ok(())));
    }

    #[test]
    fn damaged_deflated_archives_never_panic(bytes in damage(fs::read(path("torch/deflated.pt")).unwrap())) {
        assert_inside(&zip::list(&memory(&bytes), &mut || Ok(())));
    }

    #[test]
    fn views_are_listed_only_inside_their_storage(
        numel in 0u64..20, offset in 0u64..20, sizes in prop::collection::vec((0u64..6, 0u64..8), 0..4)
    ) {
        let (shape, strides): (Vec<u64>, Vec<u64>) = sizes.into_iter().unzip();
        let pickle = dict(&[("w", checkpoint::tensor("0", numel, offset, &shape, &strides))]);
        let listing = torch::list(&memory(&archive(&pickle, &[("data/0", &[0; 64])]))).unwrap();
        for tensor in &listing.tensors {
            prop_assert_eq!(values(tensor).len() as u64, shape.iter().product::<u64>()); // reads every value
        }
        prop_assert_eq!(listing.tensors.len() + listing.skipped.len(), 1);
    }
}

/// The pickle inside a fixture, found by its stored bytes.
fn pickle_of(name: &str) -> Vec<u8> {
    let mut zip = ::zip::ZipArchive::new(fs::File::open(path("torch").join(name)).unwrap()).unwrap();
    let index = (0..zip.len()).find(|i| zip.name_for_index(*i).unwrap().unwrap().ends_with("data.pkl")).unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut zip.by_index(index).unwrap(), &mut bytes).unwrap();
    bytes
}
