//! The normalizers that work character by character, as the reference defines them.

use unicode_categories::UnicodeCategories;
use unicode_normalization_alignments::UnicodeNormalization;
use unicode_normalization_alignments::char::{canonical_combining_class, is_combining_mark};

use super::each::{Change, Rule};

/// Writes what became of `c`, or says that it stayed.
fn written(c: char, becomes: impl IntoIterator<Item = char>, out: &mut String) -> Change {
    let before = out.len();
    out.extend(becomes);
    if out[before..].chars().eq([c]) {
        out.truncate(before);
        return Change::Same;
    }
    Change::Written
}

/// `Lowercase`: each character alone, so that a final sigma is not one.
pub struct Lowercase;

impl Rule for Lowercase {
    fn change(&self, c: char, out: &mut String) -> Change {
        written(c, c.to_lowercase(), out)
    }
}

/// `StripAccents`: combining marks go (those that stand alone; nothing is decomposed).
pub struct StripAccents;

impl Rule for StripAccents {
    fn change(&self, c: char, out: &mut String) -> Change {
        written(c, (!is_combining_mark(c)).then_some(c), out)
    }
}

/// `Nmt`: control characters go, and what looks empty becomes a space.
pub struct Nmt;

impl Rule for Nmt {
    fn change(&self, c: char, out: &mut String) -> Change {
        let becomes = match u32::from(c) {
            0x1..=0x8 | 0xB | 0xE..=0x1F | 0x7F | 0x8F | 0x9F => None,
            0x9 | 0xA | 0xC | 0xD | 0x1680 | 0x200B..=0x200F | 0x2028 | 0x2029 | 0x2581 | 0xFEFF | 0xFFFD => Some(' '),
            _ => Some(c),
        };
        written(c, becomes, out)
    }
}

/// `ByteLevel`: each byte becomes the printable character that GPT-2 gives it.
pub struct Bytes;

impl Rule for Bytes {
    fn change(&self, c: char, out: &mut String) -> Change {
        let mut utf8 = [0; 4];
        written(c, c.encode_utf8(&mut utf8).bytes().map(byte_character), out)
    }
}

/// The character that stands for a byte: itself where it prints, else the next free one from U+0100 on.
pub fn byte_character(byte: u8) -> char {
    let offset = match byte {
        b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF => return char::from(byte),
        0..=0x20 => u32::from(byte),
        0x7F..=0xA0 => u32::from(byte) - 0x7F + 33,
        0xAD => 67,
    };
    char::from_u32(0x100 + offset).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// A `Replace` of one character.
pub struct One {
    /// The character.
    pub from: char,
    /// What stands in its place.
    pub to: String,
}

impl Rule for One {
    fn change(&self, c: char, out: &mut String) -> Change {
        if c == self.from { written(c, self.to.chars(), out) } else { Change::Same }
    }
}

/// `BertNormalizer`.
#[allow(clippy::struct_excessive_bools, reason = "the options of the file")]
pub struct Bert {
    /// Control characters go, white space becomes a space.
    pub clean_text: bool,
    /// Spaces around ideographs.
    pub handle_chinese_chars: bool,
    /// Decompose and drop the marks that take no space.
    pub strip_accents: bool,
    /// Lower case.
    pub lowercase: bool,
}

impl Bert {
    fn clean(&self, c: char) -> Option<char> {
        match c {
            _ if !self.clean_text => Some(c),
            '\t' | '\n' | '\r' => Some(' '),
            '\0' | char::REPLACEMENT_CHARACTER => None,
            _ if c.is_other() => None,
            _ if c.is_whitespace() => Some(' '),
            _ => Some(c),
        }
    }

    fn pad(&self, c: char) -> impl Iterator<Item = char> + use<> {
        let space = (self.handle_chinese_chars && is_ideograph(c)).then_some(' ');
        space.into_iter().chain([c]).chain(space)
    }

    fn lower(&self, c: char, out: &mut String) {
        if self.lowercase { out.extend(c.to_lowercase()) } else { out.push(c) }
    }
}

impl Rule for Bert {
    fn change(&self, c: char, out: &mut String) -> Change {
        let before = out.len();
        self.span(c.encode_utf8(&mut [0; 4]), out);
        if self.strip_accents && out[before..].chars().any(|c| canonical_combining_class(c) != 0) {
            out.truncate(before);
            return Change::Context;
        }
        let becomes = out.split_off(before);
        written(c, becomes.chars(), out)
    }

    /// The four steps in the order of the reference. Marks that stay are put into canonical order, which is why a
    /// character with one needs its neighbours; marks that go cannot change the order of those that stay.
    fn span(&self, text: &str, out: &mut String) {
        let padded = text.chars().filter_map(|c| self.clean(c)).flat_map(|c| self.pad(c));
        if self.strip_accents {
            padded.nfd().map(|(c, _)| c).filter(|c| !c.is_mark_nonspacing()).for_each(|c| self.lower(c, out));
        } else {
            padded.for_each(|c| self.lower(c, out));
        }
    }
}

/// The blocks that BERT calls Chinese.
fn is_ideograph(c: char) -> bool {
    matches!(u32::from(c),
        0x4E00..=0x9FFF | 0x3400..=0x4DBF | 0x2_0000..=0x2_A6DF | 0x2_A700..=0x2_B73F | 0x2_B740..=0x2_B81F
        | 0x2_B920..=0x2_CEAF | 0xF900..=0xFAFF | 0x2_F800..=0x2_FA1F)
}
