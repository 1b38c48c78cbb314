//! GPT-4 and its kin: `(?i:'s|…|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`.

use super::super::classes::{L, NEWLINE, NUMBER, REST, WHITE};
use super::cursor::Cursor;

/// Where the match at `at` ends.
#[inline(always)]
pub fn end(text: Cursor, at: usize, digits: usize, joins_end: bool) -> usize {
    let (class, length) = text.at(at);
    if L >> class & 1 == 1 {
        return text.run(at + length, L);
    }
    if text.byte(at) == b'\'' {
        let end = text.contraction(at, true);
        if end > at {
            return end;
        }
    }
    match class {
        NUMBER => text.numbers(at, digits),
        NEWLINE => text.white(at, joins_end),
        _ if text.is(at + length, L) => text.run(at + length, L),
        WHITE if text.byte(at) != b' ' || !text.is(at + 1, REST) => text.white(at, joins_end),
        _ => text.newlines(text.run(at + length, REST), b'\n'),
    }
}
