//! Where a text is not in form NFC.
//!
//! NFC changes no character together with those before a *segment starter* (a character with combining class 0 that
//! stands in no decomposition but at its begin). So the form of a text is that of its segments, and the characters
//! concerned are those of the segments whose form differs.

use std::ops::Range;

use icu_normalizer::ComposingNormalizerBorrowed;

use super::classes::Class;

/// Gives the segments of `text` that differ from their form NFC.
pub(super) fn each_changed(text: &str, give: &mut dyn FnMut(Range<usize>)) {
    let composing = ComposingNormalizerBorrowed::new_nfc();
    let mut from = 0;
    while from < text.len() {
        let (same, rest) = composing.split_normalized(&text[from..]);
        if rest.is_empty() {
            break;
        }
        let segment = segment(text, from, from + same.len());
        if !composing.is_normalized(&text[segment.clone()]) {
            give(segment.clone());
        }
        from = segment.end;
    }
}

/// The segment that holds the character at `at`; `from` starts one, not after it.
fn segment(text: &str, from: usize, at: usize) -> Range<usize> {
    let starts = |&(_, c): &(usize, char)| !Class::of(c).continues();
    let first = text[at..].chars().next().is_some_and(|c| Class::of(c).continues());
    let before = text[from..at].char_indices().rev().find(starts).map_or(from, |(offset, _)| from + offset);
    let end = text[at..].char_indices().skip(1).find(starts).map_or(text.len(), |(offset, _)| at + offset);
    if first { before..end } else { at..end }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn changed(text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        each_changed(text, &mut |segment| found.push(segment));
        found
    }

    /// All segments, each normalized by itself.
    fn twin(text: &str) -> Vec<Range<usize>> {
        let mut starts: Vec<_> =
            text.char_indices().filter(|&(_, c)| !Class::of(c).continues()).map(|it| it.0).collect();
        starts.insert(0, 0);
        starts.push(text.len());
        starts.dedup();
        let all = starts.windows(2).map(|pair| pair[0]..pair[1]);
        all.filter(|it| ComposingNormalizerBorrowed::new_nfc().normalize(&text[it.clone()]) != text[it.clone()])
            .collect()
    }

    #[test]
    fn the_segments_of_known_texts() {
        assert_eq!(changed("abe\u{301}x\u{301}d\u{958}"), [2..5, 9..12]);
        assert!(changed("é ḍ̇ 각 가").is_empty());
        assert_eq!(changed("e\u{301} \u{1100}\u{1161}\u{11a8}"), [0..3, 4..13]);
    }

    proptest! {
        #[test]
        fn segments_are_those_that_differ_alone(text in "[a\u{301}\u{323}\u{958}e\u{9c7}\u{9be}\u{1100}\u{1161}\u{11a8}\u{ac00}\u{212b}ḍ\u{f71}\u{f72}]{0,12}|\\PC{0,12}") {
            let found = changed(&text);
            prop_assert_eq!(&found, &twin(&text));
            prop_assert_eq!(found.is_empty(), ComposingNormalizerBorrowed::new_nfc().is_normalized(&text));
        }
    }
}
