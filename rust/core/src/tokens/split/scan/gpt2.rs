//! GPT-2: `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.

use super::super::classes::{L, NEWLINE, NUMBER, REST, WHITE, set};
use super::cursor::Cursor;

/// Where the match at `at` ends.
#[inline(always)]
pub fn end(text: Cursor, at: usize) -> usize {
    if text.byte(at) == b'\'' {
        let end = text.contraction(at, false);
        if end > at {
            return end;
        }
    }
    let first = at + usize::from(text.byte(at) == b' ');
    let (class, length) = text.at(first);
    match class {
        WHITE | NEWLINE => text.white_without_lines(at),
        _ if length == 0 => text.white_without_lines(at),
        NUMBER => text.run(first, set(NUMBER)),
        _ if L >> class & 1 == 1 => text.run(first, L),
        _ => text.run(first, REST),
    }
}
