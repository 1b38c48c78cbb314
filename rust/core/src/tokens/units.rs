//! Units: a text cut before each lone space, so that equal units need to be tokenized once.
//!
//! A *lone space* is U+0020 between two characters that are not white (Unicode's `White_Space`; all below U+0020
//! counts as white here, which only leaves cuts out). The space starts the next unit, as byte-level tokenizers and
//! `SentencePiece`'s `▁` have it. So every unit but the first starts with exactly one space, and the first starts with
//! one only where the text does.
//!
//! Whether a tokenizer may be counted by units is for [`Tokenizer`](super::tokenizer::Tokenizer) to prove.
//!
//! ```
//! use glotgap_core::tokens::units::units;
//!
//! let text = "two  words, one";
//! let cut: Vec<&str> = units(text).map(|unit| &text[unit]).collect();
//! assert_eq!(cut, ["two  words,", " one"]);
//! ```

use std::ops::Range;

use memchr::memchr_iter;

/// The places of the units of `text`, in order; together they are the text.
pub fn units(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let cuts = memchr_iter(b' ', bytes).filter(move |&at| is_lone(bytes, at));
    let mut start = 0;
    cuts.chain((!text.is_empty()).then_some(text.len())).map(move |end| std::mem::replace(&mut start, end)..end)
}

/// Whether the space at `at` stands between two characters that are not white.
#[inline]
fn is_lone(text: &[u8], at: usize) -> bool {
    let (before, after) = (text.get(at.wrapping_sub(1)), text.get(at + 1));
    let (Some(&before), Some(&after)) = (before, after) else { return false };
    before > b' ' && after > b' ' && !(before >= 0x80 && ends_white(&text[..at])) && !starts_white(&text[at + 1..])
}

#[inline]
fn starts_white(text: &[u8]) -> bool {
    match text[0] {
        0xC2 => is_white(&text[..2.min(text.len())]),
        0xE1..=0xE3 => is_white(&text[..3.min(text.len())]),
        _ => false,
    }
}

#[inline]
fn ends_white(text: &[u8]) -> bool {
    let last = |length: usize| text.len() >= length && is_white(&text[text.len() - length..]);
    last(2) || last(3)
}

/// The white characters beyond ASCII: U+0085, U+00A0, U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F, U+3000.
#[inline]
fn is_white(letter: &[u8]) -> bool {
    matches!(
        letter,
        [0xC2, 0x85 | 0xA0]
            | [0xE1, 0x9A, 0x80]
            | [0xE2, 0x80, 0x80..=0x8A | 0xA8 | 0xA9 | 0xAF]
            | [0xE2, 0x81, 0x9F]
            | [0xE3, 0x80, 0x80]
    )
}

#[cfg(test)]
mod tests {
    use super::units;
    use proptest::prelude::*;

    /// The slow twin: looks at characters.
    fn slow_units(text: &str) -> Vec<String> {
        let is_white = |c: char| c.is_whitespace() || c < ' ';
        let chars: Vec<char> = text.chars().collect();
        let mut found: Vec<String> = Vec::new();
        for (at, &c) in chars.iter().enumerate() {
            let inside = at > 0 && at + 1 < chars.len();
            let cut = c == ' ' && inside && !is_white(chars[at - 1]) && !is_white(chars[at + 1]);
            if cut || found.is_empty() {
                found.push(String::new());
            }
            if let Some(last) = found.last_mut() {
                last.push(c);
            }
        }
        found
    }

    fn cut(text: &str) -> Vec<&str> {
        units(text).map(|unit| &text[unit]).collect()
    }

    proptest! {
        #[test]
        fn units_are_those_of_the_slow_twin(text in "[ a\u{7f}\t\u{a0}é\u{85}\u{3000}日\u{2003}\u{1680}\u{200b}😀\u{301}]{0,24}") {
            prop_assert_eq!(cut(&text), slow_units(&text));
        }
    }

    #[test]
    fn white_characters_are_those_of_unicode() {
        for letter in ('\u{80}'..=char::MAX).filter(|letter| letter.len_utf8() < 4) {
            let mut bytes = [0; 4];
            let bytes = letter.encode_utf8(&mut bytes).as_bytes();
            assert_eq!(super::is_white(bytes), letter.is_whitespace(), "{letter:?}");
        }
    }

    #[test]
    fn a_text_of_no_unit_is_empty() {
        assert_eq!(units("").count(), 0);
        assert_eq!(cut(" "), [" "]);
        assert_eq!(cut(" a b"), [" a", " b"]);
    }
}
