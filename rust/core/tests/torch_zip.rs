//! torch checkpoints that torch wrote: what is read, tied, skipped and refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod parsing;

use std::fs;
use std::sync::Arc;

use glotgap_core::Kind;
use glotgap_core::weights::source::{Listing, torch, zip};
use parsing::{dtype, names, open, path, skipped, tensor, values};

fn list(name: &str) -> Listing {
    torch::list(&open(&format!("torch/{name}"))).unwrap()
}

fn counting(n: u32) -> Vec<f64> {
    (0..n).map(f64::from).collect()
}

#[test]
fn every_dtype_that_torch_writes_keeps_its_name_and_values() {
    let listing = list("plain.pt");
    let expected = [
        ("float64", "f64"),
        ("float32", "f32"),
        ("float16", "f16"),
        ("bfloat16", "bf16"),
        ("int64", "i64"),
        ("int32", "i32"),
        ("int16", "i16"),
        ("int8", "i8"),
        ("uint8", "u8"),
        ("float8_e4m3fn", "f8_e4m3fn"),
        ("float8_e5m2", "f8_e5m2"),
        ("float8_e4m3fnuz", "f8_e4m3fnuz"),
        ("float8_e5m2fnuz", "f8_e5m2fnuz"),
    ];
    for (name, code) in expected {
        assert_eq!(dtype(tensor(&listing, name)).name(), code);
        assert_eq!(tensor(&listing, name).shape, [2, 3]);
        assert_eq!(values(tensor(&listing, name)), counting(6), "{name}");
    }
    assert_eq!(values(tensor(&listing, "bool")), [0.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(dtype(tensor(&listing, "float8_e8m0fnu")).name(), "f8_e8m0");
    assert_eq!(values(tensor(&listing, "scalar")), [7.0]);
    assert_eq!((tensor(&listing, "empty").n(), listing.skipped.len()), (0, 0));
}

#[test]
fn a_view_reads_only_its_part_and_keeps_its_strides() {
    let listing = list("views.pt");
    assert_eq!(names(&listing), ["base", "rows", "transposed", "every_second_column"]);
    assert_eq!(tensor(&listing, "base").strides, None);
    assert_eq!(tensor(&listing, "rows").strides, None);
    assert_eq!(values(tensor(&listing, "rows")), counting(18)[6..]);
    assert_eq!(tensor(&listing, "transposed").strides.as_deref(), Some(&[1, 6][..]));
    assert_eq!(values(tensor(&listing, "transposed"))[..5], [0.0, 6.0, 12.0, 18.0, 1.0]);
    assert_eq!(values(tensor(&listing, "every_second_column"))[..4], [0.0, 2.0, 4.0, 6.0]);
}

#[test]
fn an_expanded_view_is_skipped_for_it_repeats_values() {
    let listing = list("views.pt");
    let [("expanded", reason)] = skipped(&listing)[..] else { panic!("{:?}", listing.skipped) };
    assert!(reason.contains("3 stored values to 3000"), "{reason}");
}

#[test]
fn tied_weights_count_once() {
    for name in ["tied.pt", "deflated.pt"] {
        let listing = list(name);
        assert_eq!(names(&listing), ["embed.weight", "copy"]);
        let tied = [("head.weight", "tied to embed.weight"), ("same.object", "tied to embed.weight")];
        assert_eq!(skipped(&listing), tied);
        assert_eq!(values(tensor(&listing, "copy")), counting(10));
        assert_eq!(values(tensor(&listing, "embed.weight")), counting(10));
    }
}

#[test]
fn stored_tensors_are_read_in_place_and_deflated_ones_from_a_copy() {
    for (name, in_place) in [("tied.pt", true), ("deflated.pt", false)] {
        let file = open(&format!("torch/{name}"));
        let listing = torch::list(&file).unwrap();
        assert_eq!(Arc::ptr_eq(&tensor(&listing, "copy").bytes, &file), in_place);
    }
}

#[test]
fn a_training_checkpoint_gives_its_tensors_by_dotted_name() {
    for name in ["checkpoint.pt", "checkpoint_protocol5.pt"] {
        let listing = list(name);
        let expected = "state_dict.0.weight state_dict.0.bias state_dict.1.weight state_dict.1.bias \
                        optimizer.state.0.step optimizer.state.0.exp_avg optimizer.state.0.exp_avg_sq";
        assert_eq!(names(&listing)[..7], expected.split_whitespace().collect::<Vec<_>>());
        assert_eq!(values(tensor(&listing, "optimizer.state.0.step")), [1.0]);
        assert_eq!(values(tensor(&listing, "parameters.0")), [0.0, 1.0]);
        assert_eq!((listing.tensors.len(), listing.skipped.len()), (17, 0));
    }
}

#[test]
fn usual_containers_are_entered_and_harmless_objects_ignored() {
    let listing = list("containers.pt");
    let expected = ["defaultdict.a", "ordered.b", "parameter", "buffer", "#8", "7.0", "7.1.0"];
    assert_eq!(names(&listing), expected);
    assert!(expected.iter().all(|name| values(tensor(&listing, name)) == [0.0, 1.0]));
    assert_eq!(skipped(&listing), []);
}

#[test]
fn a_tensor_without_a_dict_is_named_after_its_file() {
    assert_eq!(values(tensor(&list("alone.pt"), "alone")), counting(3));
}

#[test]
fn kinds_that_are_not_read_are_skipped_with_a_reason_and_the_rest_is_listed() {
    let listing = list("unread.pt");
    assert_eq!(names(&listing), ["fine", "last"]);
    assert_eq!(values(tensor(&listing, "last")), counting(3));
    let words = [
        ("unsigned", "unsigned"),
        ("complex", "complex"),
        ("quantized", "quantized"),
        ("sparse", "sparse"),
        ("meta", "no values"),
        ("fp4", "packed 4-bit"),
    ];
    assert_eq!(listing.skipped.len(), words.len());
    for ((name, reason), (known, word)) in skipped(&listing).into_iter().zip(words) {
        assert!(name == known && reason.contains(word), "{name}: {reason}");
    }
}

#[test]
fn an_attack_is_refused_by_name_and_not_executed() {
    let error = torch::list(&open("torch/attack.pt")).unwrap_err();
    assert_eq!(error.kind, Kind::Unsupported);
    assert!(error.what.contains("posix.system"), "{error}");
    assert!(error.remedy.contains("nothing was executed") && error.remedy.contains("torch.save"), "{error}");
    assert!(!std::path::Path::new("/tmp/glotgap-was-attacked").exists());
}

#[test]
fn a_whole_module_is_refused_with_a_remedy() {
    let error = torch::list(&open("torch/module.pt")).unwrap_err();
    assert_eq!(error.kind, Kind::Unsupported);
    assert!(error.what.contains("torch.nn.modules.linear.Linear"), "{error}");
}

#[test]
fn a_torchscript_archive_is_refused_with_a_remedy() {
    let error = torch::list(&open("torch/script.pt")).unwrap_err();
    assert_eq!(error.kind, Kind::Unsupported);
    assert!(error.remedy.contains("torch.jit.load"), "{error}");
}

#[test]
fn a_legacy_file_is_known_by_its_first_bytes() {
    let bytes = fs::read(path("torch/legacy.pt")).unwrap();
    assert!(torch::is_legacy(&bytes));
    let error = torch::legacy_error(&bytes);
    assert_eq!(error.kind, Kind::Unsupported);
    assert!(error.what.contains("before torch 1.6") && error.remedy.contains("weights_only=True"), "{error}");
    let tar = [&[0; 257][..], b"ustar\0"].concat();
    assert!(torch::is_legacy(&tar) && torch::legacy_error(&tar).what.contains("tar"));
    assert!(!torch::is_legacy(b"PK\x03\x04") && !torch::is_legacy(b""));
}

#[test]
fn a_storage_that_is_missing_skips_its_tensors_only() {
    let listing = list("missing_storage.pt");
    assert_eq!(names(&listing), ["embed.weight"]);
    assert!(skipped(&listing).iter().any(|(name, reason)| *name == "copy" && reason.contains("data/1")));
}

#[test]
fn a_zip_is_told_by_its_content() {
    assert_eq!(names(&zip::list(&open("torch/alone.pt"), &mut || Ok(())).unwrap()), ["alone"]);
}
