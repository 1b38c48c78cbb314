//! Words: what fertility counts tokens per, found without spaces where a script has none.
//!
//! - [`Words::Icu`]: UAX #29 word boundaries, with dictionaries for Chinese, Japanese, Thai, Lao, Khmer and Burmese, by
//!   ICU4X ([`ICU_VERSION`], its compiled data).
//! - [`Words::Unicode`]: UAX #29 alone, by the `unicode-segmentation` crate. An ideograph is a word of its own, and so is
//!   a whole Thai phrase.
//! - [`Words::Whitespace`]: maximal runs of characters that are not white.
//! - [`Words::Given`] and [`Words::By`]: for whole documents, by the corpus or by someone else ([`given`](super::given)).
//!
//! Of the segments of the first two, those that hold a letter or a digit (Unicode's `Alphabetic` or `N*`) are words. ICU's
//! own word type is not used: it depends on what follows a segment that ends with a mark.
//!
//! # Why a unit can be cut into words alone
//!
//! UAX #29 never joins a character that is not white with a space that follows it (`WB3d` joins spaces only with each
//! other, WB4 only attaches what *follows*), no rule looks across a space, and no dictionary word holds one. So the
//! words of a text are those of its [units](super::units), and equal units need to be cut once.
//!
//! ```
//! use glotgap_core::tokens::words::{Segmenter, Words};
//!
//! let mut found = Vec::new();
//! Segmenter::new(Words::Icu).words("สวัสดีครับ, hello", &mut |word| found.push(word));
//! assert_eq!(found.len(), 3);
//! ```

use std::ops::Range;

use icu_segmenter::options::WordBreakInvariantOptions;
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed};
use unicode_segmentation::UnicodeSegmentation;

use crate::error::Result;
use crate::tokens::given::{Cutter, Given};
use crate::tokens::source::Batch;
use crate::work::Pace;

/// The version of ICU4X's segmenter: part of every result.
pub const ICU_VERSION: &str = "2.4.0";

/// A way of finding words.
pub enum Words {
    /// UAX #29 with dictionaries.
    Icu,
    /// UAX #29 alone.
    Unicode,
    /// Between white space.
    Whitespace,
    /// The corpus gives them, for whole documents.
    Given,
    /// Someone else finds them, in whole documents.
    By(Box<dyn Cutter>),
    /// Words are not counted.
    None,
}

/// Finds words.
pub struct Segmenter {
    words: Words,
    icu: WordSegmenterBorrowed<'static>,
}

impl Segmenter {
    /// A segmenter of this kind.
    pub fn new(words: Words) -> Self {
        Self { words, icu: WordSegmenter::new_dictionary(WordBreakInvariantOptions::default()) }
    }

    /// Calls `word` with the place of each word of `text`, in order; of none where words are given.
    pub fn words(&self, text: &str, word: &mut impl FnMut(Range<usize>)) {
        match self.words {
            Words::Icu => self.icu_words(text, word),
            Words::Unicode => text.unicode_word_indices().for_each(|(at, found)| word(at..at + found.len())),
            Words::Whitespace => text.split_whitespace().for_each(|found| word(place(text, found))),
            Words::Given | Words::By(_) | Words::None => {}
        }
    }

    /// How many words [`Segmenter::words`] finds.
    ///
    /// ```
    /// use glotgap_core::tokens::words::{Segmenter, Words};
    ///
    /// assert_eq!(Segmenter::new(Words::Icu).count("สวัสดีครับ, hello"), 3);
    /// ```
    pub fn count(&self, text: &str) -> u64 {
        let mut found = 0;
        self.words(text, &mut |_| found += 1);
        found
    }

    /// The words of the documents of `batch`, if they are not found by [`Segmenter::words`].
    pub(super) fn given<'a>(
        &self,
        batch: &Batch<'a>,
        scratch: &'a mut Given,
        pace: &Pace,
    ) -> Result<Option<&'a Given>> {
        match &self.words {
            Words::Given => Ok(batch.words()),
            Words::By(cutter) => {
                scratch.clear();
                let mut texts = batch.documents().map(|document| document.text);
                cutter.cut(&mut texts, scratch, &|| pace.advance(0))?;
                Ok(Some(scratch))
            }
            _ => Ok(None),
        }
    }

    /// Whether words are what lies between spaces.
    pub const fn is_by_spaces(&self) -> bool {
        matches!(self.words, Words::Whitespace)
    }

    fn icu_words(&self, text: &str, word: &mut impl FnMut(Range<usize>)) {
        let mut start = 0;
        for end in self.icu.segment_str(text) {
            if text[start..end].chars().any(char::is_alphanumeric) {
                word(start..end);
            }
            start = end;
        }
    }
}

/// Where `part`, a slice of `text`, lies in it.
fn place(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}
