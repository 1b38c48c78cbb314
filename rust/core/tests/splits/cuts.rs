//! Texts cut before lone spaces give the words of the whole, where that is said to be proven.

use glotgap_core::tokens::normalize::{Buffers, Normalizer, Place};
use glotgap_core::tokens::split::{Cut, Splitter};
use proptest::prelude::*;

use super::matrix::{normalizers, ours, pre_tokenizers};
use super::texts;

/// The parts of a text: cut before each ASCII space between two characters that are not white.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let white = |c: Option<char>| c.is_none_or(char::is_whitespace);
    for (at, _) in text.match_indices(' ') {
        if !white(text[..at].chars().next_back()) && !white(text[at + 1..].chars().next()) {
            parts.push(&text[start..at]);
            start = at;
        }
    }
    parts.push(&text[start..]);
    parts
}

fn places() -> impl Iterator<Item = Place> {
    std::iter::once(Place::Start).chain(std::iter::repeat(Place::Inside))
}

fn apply(normalizer: &Normalizer, text: &str, place: Place) -> String {
    normalizer.apply_at(text, place, &mut Buffers::default()).to_owned()
}

fn check_locality(normalizer: &Normalizer, text: &str) {
    let Ok(head) = normalizer.locality() else { return };
    let parts: Vec<String> =
        parts(text).iter().zip(places()).map(|(part, place)| apply(normalizer, part, place)).collect();
    assert_eq!(parts.concat(), apply(normalizer, text, Place::Start), "{text:?}");
    assert!(parts.iter().skip(1).all(|part| part.starts_with(head)), "{text:?} {parts:?}");
    let ends_white = |text: &str| text.chars().next_back().is_none_or(char::is_whitespace);
    if normalizer.keeps_ends() && !ends_white(text) {
        assert!(parts.iter().all(|part| !ends_white(part)), "{text:?} {parts:?}");
    }
}

fn check_cuts(normalizer: &Normalizer, splitter: &Splitter, text: &str) {
    let Ok(cut) = splitter.cuts_after(normalizer) else { return };
    let whole = ours(splitter, &apply(normalizer, text, Place::Start), Place::Start);
    let split = |(part, place): (&&str, Place)| ours(splitter, &apply(normalizer, part, place), place);
    let split: Vec<Vec<String>> = parts(text).iter().zip(places()).map(split).collect();
    match cut {
        Cut::AfterText => assert_eq!(whole.concat(), split.concat().concat(), "{text:?}"),
        _ => assert_eq!(whole, split.concat(), "{text:?}"),
    }
}

#[test]
fn parts_are_normalized_as_the_whole_is() {
    let all: Vec<Normalizer> = normalizers().iter().map(|spec| Normalizer::new(spec).unwrap()).collect();
    let proven = all.iter().filter(|one| one.locality().is_ok()).count();
    assert!(proven >= 36, "{proven}");
    texts::fixed().iter().for_each(|text| all.iter().for_each(|one| check_locality(one, text)));
    proptest!(ProptestConfig::with_cases(600), |(text in texts::adversarial())| {
        all.iter().for_each(|one| check_locality(one, &text));
    });
}

#[test]
fn parts_are_split_as_the_whole_is() {
    let normalizers: Vec<Normalizer> = normalizers().iter().map(|spec| Normalizer::new(spec).unwrap()).collect();
    let splitters: Vec<Splitter> = pre_tokenizers().iter().map(|spec| Splitter::new(spec).unwrap()).collect();
    let pairs: Vec<_> = normalizers.iter().flat_map(|n| splitters.iter().map(move |s| (n, s))).collect();
    let proven: Vec<_> = pairs.into_iter().filter(|(n, s)| s.cuts_after(n).is_ok()).collect();
    assert!(proven.len() >= 500, "{}", proven.len());
    let fixed: Vec<String> = texts::TRAPS.iter().map(|&text| text.to_owned()).chain(texts::ntrex(1997)).collect();
    fixed.iter().for_each(|text| proven.iter().for_each(|(n, s)| check_cuts(n, s, text)));
    proptest!(ProptestConfig::with_cases(200), |(text in texts::adversarial())| {
        proven.iter().for_each(|(n, s)| check_cuts(n, s, &text));
    });
}
