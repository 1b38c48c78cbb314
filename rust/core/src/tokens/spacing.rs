//! Scripts that put no spaces between words: what lies between spaces there is no word.
//!
//! They are Unicode's scripts of complex context (line breaking class SA), the ideographic ones, and Tibetan, Javanese
//! and Balinese. Letters are Unicode's `Alphabetic`.

use std::collections::BTreeMap;

use regex::Regex;

use crate::error::{Error, Result};

const UNSPACED: &str = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tai_Le}\p{New_Tai_Lue}\p{Tai_Tham}\p{Tai_Viet}\p{Ahom}\p{Tibetan}\p{Javanese}\p{Balinese}]+";

/// How many letters there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Letters {
    /// In all scripts.
    pub all: u64,
    /// In scripts without spaces.
    pub unspaced: u64,
}

/// Letters by language.
pub type ByLanguage = BTreeMap<u32, Letters>;

/// Counts letters.
pub(super) struct Spacing(Regex);

impl Spacing {
    pub(super) fn new() -> Result<Self> {
        Regex::new(UNSPACED).map(Self).map_err(|e| Error::unsupported(e.to_string(), ""))
    }

    pub(super) fn add(&self, text: &str, letters: &mut Letters) {
        letters.all += count(text);
        letters.unspaced += self.0.find_iter(text).map(|found| count(found.as_str())).sum::<u64>();
    }
}

fn count(text: &str) -> u64 {
    text.chars().filter(|letter| letter.is_alphabetic()).count() as u64
}

/// Adds what another thread has counted.
pub(super) fn join(all: &mut ByLanguage, other: ByLanguage) {
    for (language, letters) in other {
        let sum = all.entry(language).or_default();
        sum.all += letters.all;
        sum.unspaced += letters.unspaced;
    }
}

#[cfg(test)]
mod tests {
    use super::{Letters, Spacing};
    use crate::error::Result;

    #[test]
    fn letters_are_counted_by_whether_their_script_has_spaces() -> Result<()> {
        let spacing = Spacing::new()?;
        let cases = [
            ("hello, world 12", 10, 0),
            ("ที่นี่", 4, 4), // its two tone marks are no letters
            ("日本語 and ひらがな", 10, 7),
            ("한국어", 3, 0),
            ("မြန်မာ", 5, 5),
            ("ភាសា", 4, 4),
            ("བོད", 3, 3),
        ];
        for (text, all, unspaced) in cases {
            let mut letters = Letters::default();
            spacing.add(text, &mut letters);
            assert_eq!(letters, Letters { all, unspaced }, "{text}");
        }
        Ok(())
    }
}
