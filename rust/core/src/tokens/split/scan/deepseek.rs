//! `DeepSeek`'s three expressions, one after the other.
//!
//! The last: an ASCII sign and ASCII letters; `[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+`; ` ?[\p{P}\p{S}]+[\r\n]*`; white space.
//! Numbers and controls that no letter follows are no match.

use super::super::classes::{L, MARK, NEWLINE, PUNCTUATION, SYMBOL, Set, WHITE, set};
use super::cursor::Cursor;

const LETTERS: Set = L | set(MARK);
const SIGNS: Set = set(PUNCTUATION) | set(SYMBOL);

/// Where the match at `at` ends; `at` if there is none.
#[inline(always)]
pub fn end(text: Cursor, at: usize) -> usize {
    let (class, length) = text.at(at);
    if LETTERS >> class & 1 == 1 {
        return text.run(at + length, LETTERS);
    }
    if SIGNS >> class & 1 == 1 {
        let letters = text.bytes[at + length..].iter().take_while(|b| b.is_ascii_alphabetic()).count();
        if letters > 0 && text.byte(at).is_ascii() {
            return at + 1 + letters;
        }
        return text.newlines(text.run(at + length, SIGNS), b'\n');
    }
    if class != NEWLINE && text.is(at + length, LETTERS) {
        return text.run(at + length, LETTERS);
    }
    match class {
        WHITE if text.byte(at) == b' ' && text.is(at + 1, SIGNS) => text.newlines(text.run(at + 1, SIGNS), b'\n'),
        WHITE | NEWLINE => text.white(at, false),
        _ => at,
    }
}

/// `\p{N}{1,3}`.
#[inline(always)]
pub fn digits_end(text: Cursor, at: usize) -> usize {
    text.numbers(at, 3)
}

/// `[一-龥぀-ゟ゠-ヿ]+`: all of three bytes.
#[inline(always)]
pub fn kana_end(text: Cursor, mut at: usize) -> usize {
    while let Some([a, b, c]) = text.bytes.get(at..at + 3) {
        let code = u32::from(a & 0xF) << 12 | u32::from(b & 0x3F) << 6 | u32::from(c & 0x3F);
        if *a >> 4 != 0xE || !matches!(code, 0x4E00..=0x9FA5 | 0x3040..=0x30FF) {
            break;
        }
        at += 3;
    }
    at
}
