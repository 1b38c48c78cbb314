//! Words between white space, and BERT's words: fast forms of two patterns of single characters.

use unicode_categories::UnicodeCategories;

use crate::tokens::normalize::{Near, PAGE, Pages, characters};

/// Part of a word.
const WORD: u8 = 0;
/// White space, which goes.
const WHITE: u8 = 1;
/// A word of its own.
const ALONE: u8 = 2;

/// White space splits and goes; where signs are told apart, each is a word.
pub struct Words {
    signs: bool,
    ascii: [u8; 128],
    pages: Pages<[u8; PAGE]>,
}

/// What BERT calls punctuation.
pub fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation() || c.is_punctuation()
}

impl Words {
    /// `WhitespaceSplit`; with `signs`, `BertPreTokenizer`.
    pub fn new(signs: bool) -> Self {
        let ascii = std::array::from_fn(|byte| kind(char::from(byte as u8), signs));
        Self { signs, ascii, pages: Pages::default() }
    }

    /// Calls `piece` for each word.
    #[inline]
    pub fn scan<'t>(&self, text: &'t str, piece: &mut impl FnMut(&'t str)) {
        let (bytes, mut from, mut at) = (text.as_bytes(), 0, 0);
        let mut near = Near::new(&self.pages);
        while at < bytes.len() {
            let (kind, length) = self.at(text, at, &mut near);
            if kind != WORD {
                if from < at {
                    piece(&text[from..at]);
                }
                from = at + length;
                if kind == ALONE {
                    piece(&text[at..from]);
                }
            }
            at += length;
        }
        if from < at {
            piece(&text[from..]);
        }
    }

    /// Kind and length of the character at `at`.
    #[inline(always)]
    fn at<'a>(&'a self, text: &str, at: usize, near: &mut Near<'a, [u8; PAGE]>) -> (u8, usize) {
        let first = text.as_bytes()[at];
        if first < 0x80 {
            return (self.ascii[usize::from(first)], 1);
        }
        // No white space begins with another byte.
        if !self.signs && !matches!(first, 0xC2 | 0xE1..=0xE3) {
            return (WORD, length(first));
        }
        let Some(c) = text[at..].chars().next() else { return (WORD, 1) };
        let page = near.page(u32::from(c), |number| self.fill(number));
        (page[u32::from(c) as usize % PAGE], c.len_utf8())
    }

    fn fill(&self, number: u32) -> [u8; PAGE] {
        let mut page = [WORD; PAGE];
        characters(number).for_each(|(i, c)| page[i] = kind(c, self.signs));
        page
    }
}

fn kind(c: char, signs: bool) -> u8 {
    if c.is_whitespace() {
        WHITE
    } else if signs && is_punctuation(c) {
        ALONE
    } else {
        WORD
    }
}

/// Length of the character that begins with this byte.
#[inline(always)]
fn length(first: u8) -> usize {
    if first < 0xE0 { 2 } else { 3 + usize::from(first >= 0xF0) }
}
