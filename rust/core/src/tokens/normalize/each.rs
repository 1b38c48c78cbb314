//! Normalizers that change one character at a time, and the few characters for which that is not enough.
//!
//! [`Each`] compiles a function from a character to its replacement into a table. ASCII goes through a table of bytes;
//! other characters through pages that are filled on first use. A text in which nothing changes is not copied.

use super::pages::{Near, PAGE, Pages, characters};

/// What becomes of one character.
pub enum Change {
    /// It stays.
    Same,
    /// It is replaced by what was written; by nothing, if that is empty.
    Written,
    /// It depends on its neighbours: [`Rule::span`] decides, up to the next printable ASCII character.
    Context,
}

/// A normalizer of single characters.
pub trait Rule: Send + Sync {
    /// Writes the replacement of `c` to `out`.
    fn change(&self, c: char, out: &mut String) -> Change;

    /// Normalizes a stretch of text that begins with a character whose change is [`Change::Context`].
    fn span(&self, text: &str, out: &mut String) {
        out.push_str(text);
    }
}

/// A compiled [`Rule`].
pub struct Each<R> {
    rule: R,
    /// What each ASCII byte becomes; `OTHER` where that is not one ASCII byte.
    ascii: [u8; 256],
    pages: Pages<Page>,
}

const OTHER: u8 = 0xFF;

struct Page {
    entries: [Entry; PAGE],
    replacements: String,
}

#[derive(Clone, Copy)]
enum Entry {
    Same,
    Context,
    Replace(u32, u32),
}

impl<R: Rule> Each<R> {
    /// Compiles `rule`.
    pub fn new(rule: R) -> Self {
        let ascii = std::array::from_fn(|byte| ascii_change(&rule, byte as u8));
        Self { rule, ascii, pages: Pages::default() }
    }

    /// The rule.
    pub fn rule(&self) -> &R {
        &self.rule
    }

    /// Appends the normalized text to `out` and says true; or says false and leaves `out` alone: the text stays.
    pub fn apply(&self, text: &str, out: &mut String) -> bool {
        let Some(same) = self.first_change(text) else { return false };
        out.reserve(text.len());
        out.push_str(&text[..same]);
        self.copy(&text[same..], out);
        true
    }

    /// What `c` becomes, if it does not stay; nothing if it depends on its neighbours.
    pub fn replacement(&self, c: char) -> Option<&str> {
        match self.entry(c, &mut Near::new(&self.pages)) {
            (Entry::Replace(start, end), page) => page.replacements.get(start as usize..end as usize),
            _ => None,
        }
    }

    fn first_change(&self, text: &str) -> Option<usize> {
        let mut near = Near::new(&self.pages);
        let mut at = 0;
        while at < text.len() {
            at += text.as_bytes()[at..].iter().take_while(|&&b| self.ascii[b as usize] == b).count();
            for c in text[at..].chars() {
                if c.is_ascii() && self.ascii[c as usize] == c as u8 {
                    break;
                }
                if !matches!(self.entry(c, &mut near).0, Entry::Same) {
                    return Some(at);
                }
                at += c.len_utf8();
            }
        }
        None
    }

    fn copy(&self, mut text: &str, out: &mut String) {
        let mut near = Near::new(&self.pages);
        while !text.is_empty() {
            let length = self.copy_ascii(text.as_bytes(), out);
            text = &text[length..];
            while let Some(c) = text.chars().next() {
                text = &text[self.copy_character(c, text, &mut near, out)..];
                if text.as_bytes().first().is_some_and(|&b| self.ascii[b as usize] != OTHER) {
                    break;
                }
            }
        }
    }

    /// Copies the ASCII bytes at the start that each become one; says how many.
    #[inline]
    fn copy_ascii(&self, text: &[u8], out: &mut String) -> usize {
        // SAFETY: only bytes below 0x80 are appended, each a whole character.
        let bytes = unsafe { out.as_mut_vec() };
        let before = bytes.len();
        bytes.extend(text.iter().map(|&b| self.ascii[b as usize]).take_while(|&b| b != OTHER));
        bytes.len() - before
    }

    /// Copies what `c`, the first character of `text`, becomes; says how many bytes that takes.
    #[inline]
    fn copy_character<'a>(&'a self, c: char, text: &str, near: &mut Near<'a, Page>, out: &mut String) -> usize {
        let length = c.len_utf8();
        match self.entry(c, near) {
            (Entry::Same, _) => out.push_str(&text[..length]),
            (Entry::Replace(start, end), page) => {
                out.push_str(page.replacements.get(start as usize..end as usize).unwrap_or_default());
            }
            (Entry::Context, _) => {
                let end = text.bytes().position(|b| matches!(b, b' '..=b'~')).unwrap_or(text.len());
                self.rule.span(&text[..end], out);
                return end;
            }
        }
        length
    }

    #[inline(always)]
    fn entry<'a>(&'a self, c: char, near: &mut Near<'a, Page>) -> (Entry, &'a Page) {
        let page = near.page(u32::from(c), |number| self.fill(number));
        (page.entries[u32::from(c) as usize % PAGE], page)
    }

    fn fill(&self, number: u32) -> Page {
        let mut page = Page { entries: [Entry::Same; PAGE], replacements: String::new() };
        for (i, c) in characters(number) {
            let start = page.replacements.len() as u32;
            page.entries[i] = match self.rule.change(c, &mut page.replacements) {
                Change::Same => Entry::Same,
                Change::Written => Entry::Replace(start, page.replacements.len() as u32),
                Change::Context => Entry::Context,
            };
        }
        page
    }
}

fn ascii_change(rule: &impl Rule, byte: u8) -> u8 {
    let mut out = String::new();
    match rule.change(char::from(byte), &mut out) {
        _ if !byte.is_ascii() => OTHER,
        Change::Same => byte,
        Change::Written if out.len() == 1 => out.as_bytes()[0],
        _ => OTHER,
    }
}
