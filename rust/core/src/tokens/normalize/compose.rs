//! The four normal forms of Unicode (UAX #15), with the tables of the reference.
//!
//! Most text is normalized already. A character that is *plain* (a starter that stays as it is and joins nothing on its
//! left) is a boundary: what stands left of it cannot change it, nor it what stands left. Marks that stay as they are
//! and stand in canonical order change nothing either. Only from the last boundary before any other character to the
//! next boundary after it is text normalized in full. Characters that become plain ones (or, in a decomposition, begin with
//! a starter) are boundaries too, and if no mark follows, what they become is remembered.

use unicode_normalization_alignments::char::canonical_combining_class;
use unicode_normalization_alignments::{
    IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfd_quick, is_nfkc_quick, is_nfkd_quick,
};

use super::classes::Classes;
use super::each::{Change, Each, Rule};

/// A normal form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Canonical composition.
    C,
    /// Canonical decomposition.
    D,
    /// Compatibility composition.
    KC,
    /// Compatibility decomposition.
    KD,
}

/// A normal form and what it does with each character.
pub struct Compose {
    form: Form,
    alone: Each<Alone>,
    classes: Classes,
}

const PLAIN: u8 = 0;
/// Changes, but joins nothing on its left. (No combining class is 254 or 255.)
const OPENS: u8 = 254;
/// Changes, or may join what stands on its left.
const UNSURE: u8 = 255;

impl Compose {
    /// A table for `form`.
    pub fn new(form: Form) -> Self {
        Self { form, alone: Each::new(Alone(form)), classes: Classes::new(|c| form.class(c)) }
    }

    /// Appends the normalized text to `out` and says true; or says false and leaves `out` alone: the text stays.
    pub fn apply(&self, text: &str, out: &mut String) -> bool {
        let before = out.len();
        let mut copied = 0;
        let mut at = 0;
        while let Some((start, unsure)) = self.next_unsure(text, at) {
            at = self.next_boundary(text, unsure);
            let reserved = out.len();
            out.push_str(&text[copied..start]);
            if self.rewrite(&text[start..at], out) {
                copied = at;
            } else {
                out.truncate(reserved);
            }
        }
        if copied == 0 {
            out.truncate(before);
            return false;
        }
        out.push_str(&text[copied..]);
        true
    }

    /// Normalizes a span that begins and ends at boundaries, and says whether it changed.
    fn rewrite(&self, span: &str, out: &mut String) -> bool {
        let mut characters = span.chars();
        if let (Some(c), None) = (characters.next(), characters.next()) {
            let becomes = self.alone.replacement(c);
            out.push_str(becomes.unwrap_or(""));
            return becomes.is_some();
        }
        let before = out.len();
        self.form.write(span, out);
        out[before..] != *span
    }

    /// The next place from `at` on that may change, and before it the last boundary at or before that place.
    fn next_unsure(&self, text: &str, at: usize) -> Option<(usize, usize)> {
        let bytes = text.as_bytes();
        let mut near = self.classes.near();
        let (mut plain, mut class, mut i) = (at, PLAIN, at);
        while i < bytes.len() {
            if bytes[i] < 0x80 {
                i += ascii_run(&bytes[i..]);
                (plain, class) = (i - 1, PLAIN);
                continue;
            }
            let (now, length) = self.classes.at(bytes, i, &mut near, |c| self.form.class(c));
            match now {
                PLAIN => plain = i,
                OPENS => return Some((i, i)),
                _ if now < class || now == UNSURE => return Some((plain, i)),
                _ => {}
            }
            class = now;
            i += length;
        }
        None
    }

    fn next_boundary(&self, text: &str, from: usize) -> usize {
        let bounds = |c: char| c.is_ascii() || matches!(self.classes.of(c, |c| self.form.class(c)), PLAIN | OPENS);
        text[from..].char_indices().skip(1).find(|&(_, c)| bounds(c)).map_or(text.len(), |(i, _)| from + i)
    }
}

impl Form {
    fn write(self, text: &str, out: &mut String) {
        match self {
            Form::C => out.extend(text.nfc().map(|(c, _)| c)),
            Form::D => out.extend(text.nfd().map(|(c, _)| c)),
            Form::KC => out.extend(text.nfkc().map(|(c, _)| c)),
            Form::KD => out.extend(text.nfkd().map(|(c, _)| c)),
        }
    }

    fn class(self, c: char) -> u8 {
        let mut alone = String::new();
        self.write(c.encode_utf8(&mut [0; 4]), &mut alone);
        if alone.chars().eq([c]) {
            return if self.stays(c) { canonical_combining_class(c) } else { UNSURE };
        }
        let plain = |c: char| self.stays(c) && canonical_combining_class(c) == 0;
        let opens = match self {
            Form::C | Form::KC => alone.chars().all(plain),
            Form::D | Form::KD => alone.chars().next().is_some_and(plain),
        };
        if opens { OPENS } else { UNSURE }
    }

    fn stays(self, c: char) -> bool {
        let one = std::iter::once(c);
        let quick = match self {
            Form::C => is_nfc_quick(one),
            Form::D => is_nfd_quick(one),
            Form::KC => is_nfkc_quick(one),
            Form::KD => is_nfkd_quick(one),
        };
        matches!(quick, IsNormalized::Yes)
    }
}

/// What a character becomes where nothing joins it.
struct Alone(Form);

impl Rule for Alone {
    fn change(&self, c: char, out: &mut String) -> Change {
        let before = out.len();
        self.0.write(c.encode_utf8(&mut [0; 4]), out);
        if !out[before..].chars().eq([c]) {
            return Change::Written;
        }
        out.truncate(before);
        Change::Same
    }
}

/// Length of the ASCII bytes at the start: eight at a step, or one.
#[inline(always)]
fn ascii_run(bytes: &[u8]) -> usize {
    let words = bytes.chunks_exact(8).take_while(|word| word.iter().fold(0, |or, b| or | b) < 0x80).count();
    (words * 8).max(1)
}
