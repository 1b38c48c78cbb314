//! The tables agree with the functions they stand for, for every code point.

use std::path::Path;

use glotgap_core::tokens::normalize::charsmap::prepended;
use glotgap_core::tokens::normalize::{Buffers, Normalizer, Place};
use glotgap_core::tokens::split::classes::{
    self, LETTER, LOWER, MARK, NEWLINE, NUMBER, OTHER, PUNCTUATION, SYMBOL, UPPER, WHITE,
};
use glotgap_core::tokens::split::regex::Expression;
use serde_json::json;
use unicode_normalization_alignments::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// Each class and its expression.
const CLASSES: [(u8, &str); 9] = [
    (UPPER, r"[\p{Lu}\p{Lt}]"),
    (LOWER, r"\p{Ll}"),
    (LETTER, r"[\p{Lm}\p{Lo}]"),
    (MARK, r"\p{M}"),
    (NUMBER, r"\p{N}"),
    (PUNCTUATION, r"\p{P}"),
    (SYMBOL, r"\p{S}"),
    (WHITE, r"[\s&&[^\r\n]]"),
    (NEWLINE, r"[\r\n]"),
];

fn characters() -> impl Iterator<Item = char> {
    '\0'..=char::MAX
}

/// Every character for which the engine says yes.
fn matching(expression: &str) -> Vec<char> {
    let text: String = characters().collect();
    let matches = Expression::new(expression).unwrap().matches(&text).unwrap();
    matches.into_iter().flat_map(|(start, end)| text[start..end].chars().collect::<Vec<_>>()).collect()
}

/// The class of each code point, as the engine says; none has two.
fn asked() -> Vec<u8> {
    let mut all = vec![OTHER; 0x11_0000];
    for (class, expression) in CLASSES {
        for c in matching(expression) {
            assert_eq!(std::mem::replace(&mut all[c as usize], class), OTHER, "{c:?}");
        }
    }
    all
}

#[test]
fn classes_are_those_of_the_engine() {
    let runs = classes::runs(&asked());
    if std::env::var("GLOTGAP_BLESS").is_ok_and(|value| value == "1") {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tokens/split/classes.bin");
        std::fs::write(file, &runs).unwrap();
        return;
    }
    assert!(runs == classes::stored(), "the engine's Unicode tables have changed: run with GLOTGAP_BLESS=1");
}

#[test]
fn the_table_reads_what_is_stored() {
    let asked = asked();
    let wrong = characters().find(|&c| classes::table().of(c) != asked[c as usize]);
    assert_eq!(wrong, None);
}

#[test]
fn letters_are_the_three_kinds_of_letters() {
    let letters = matching(r"\p{L}");
    let of = |c: char| matches!(classes::table().of(c), UPPER | LOWER | LETTER);
    assert!(characters().filter(|&c| of(c)).eq(letters));
}

#[test]
fn white_is_white_everywhere() {
    assert!(matching(r"\s").into_iter().eq(characters().filter(|c| c.is_whitespace())));
}

/// Contractions fold to ASCII and the long s only: every character in every place of them.
#[test]
fn contractions_know_the_long_s_and_no_other() {
    let expression = Expression::new(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)").unwrap();
    let text: String =
        characters().flat_map(|c| ['\'', c, 'e', '\'', 'l', c, '\'', 'r', c, '\'', 'v', c, ' ']).collect();
    let found: Vec<String> = expression.matches(&text).unwrap().iter().map(|&(a, b)| text[a..b].to_owned()).collect();
    let odd: Vec<&String> = found.iter().filter(|m| !m.is_ascii()).collect();
    assert_eq!(odd, ["'\u{17F}"]);
}

/// Normal forms: no character that is not white becomes nothing, or ends in white, and spaces take no part.
#[test]
fn normal_forms_keep_ends_and_spaces() {
    for form in ["NFC", "NFD", "NFKC", "NFKD"] {
        let normalizer = Normalizer::new(&json!({"type": form})).unwrap();
        let mut buffers = Buffers::default();
        let mut of = |text: &str| normalizer.apply_at(text, Place::Start, &mut buffers).to_owned();
        for c in characters().filter(|c| !c.is_whitespace()) {
            let alone = of(&c.to_string());
            assert!(alone.chars().next_back().is_some_and(|c| !c.is_whitespace()), "{form} {c:?}");
            assert_eq!(of(&format!("{c} {c}")), format!("{alone} {alone}"), "{form} {c:?}");
        }
    }
}

/// Each character alone and after others, in every normal form, against the crate that the reference uses.
#[test]
fn normal_forms_equal_the_crate_for_each_character() {
    for form in ["NFC", "NFD", "NFKC", "NFKD"] {
        let normalizer = Normalizer::new(&json!({"type": form})).unwrap();
        let mut buffers = Buffers::default();
        for c in characters() {
            let text = format!("{c}x{c}\u{301}{c}\u{323}\u{301}a{c}\u{1100}{c}\u{AC00}{c}");
            let slow: String = match form {
                "NFC" => text.nfc().map(|(c, _)| c).collect(),
                "NFD" => text.nfd().map(|(c, _)| c).collect(),
                "NFKC" => text.nfkc().map(|(c, _)| c).collect(),
                _ => text.nfkd().map(|(c, _)| c).collect(),
            };
            assert_eq!(normalizer.apply_at(&text, Place::Start, &mut buffers), slow, "{form} {c:?}");
        }
    }
}

/// The list behind `Precompiled`'s locality: what takes a space into its grapheme is of UAX #29's class `Prepend`.
#[test]
fn few_characters_take_a_space_with_them() {
    let takes = |c: &char| format!("{c} ").graphemes(true).count() == 1;
    let asked: Vec<char> = characters().filter(takes).collect();
    assert_eq!(asked, prepended().collect::<Vec<_>>());
}
