//! GPT-4o and its kin. Words are `X?U*W+` or `X?U+W*` (then a contraction), where X is `[^\r\n\p{L}\p{N}]`, U what may be
//! upper case and W what may be lower; letters without case, and marks, are both. Then as GPT-4.

use super::super::classes::{L, LETTER, LOWER, MARK, NEWLINE, NUMBER, REST, Set, UPPER, WHITE, set};
use super::cursor::Cursor;

const BOTH: Set = set(LETTER) | set(MARK);
const U: Set = set(UPPER) | BOTH;
const W: Set = set(LOWER) | BOTH;

/// Where the match at `at` ends.
#[inline(always)]
pub fn end(text: Cursor, at: usize, digits: usize, contractions: bool) -> usize {
    let (class, length) = text.at(at);
    if class == NUMBER {
        return text.numbers(at, digits);
    }
    if class == NEWLINE {
        return text.white(at, false);
    }
    match word(text, at, class, length) {
        Some(end) if contractions && text.byte(end) == b'\'' => text.contraction(end, true),
        Some(end) => end,
        None if class == WHITE && (text.byte(at) != b' ' || !text.is(at + 1, REST)) => text.white(at, false),
        None => text.newlines(text.run(at + length, REST), b'/'),
    }
}

/// The two kinds of words, in the order in which the expression tries them: X is taken if it can be.
#[inline(always)]
fn word(text: Cursor, at: usize, class: u8, length: usize) -> Option<usize> {
    if L >> class & 1 == 1 {
        return Some(with_lower(text, at).unwrap_or_else(|all_upper| all_upper));
    }
    match with_lower(text, at + length) {
        Ok(end) => Some(end),
        Err(_) if class == MARK => with_lower(text, at).ok(),
        Err(upper) => (upper > at + length).then_some(upper),
    }
}

/// `U*W+` at `at`; or, as an error, where `U*` ends. If nothing but W follows U*, U* gives back all after its last
/// character that is also of W.
#[inline(always)]
fn with_lower(text: Cursor, at: usize) -> Result<usize, usize> {
    let (mut end, mut both) = (at, None);
    loop {
        let (class, length) = text.at(end);
        if length == 0 || U >> class & 1 == 0 {
            break;
        }
        end += length;
        if class != UPPER {
            both = Some(end);
        }
    }
    if text.is(end, set(LOWER)) {
        return Ok(lower_run(text, end));
    }
    both.ok_or(end)
}

#[inline(always)]
fn lower_run(text: Cursor, at: usize) -> usize {
    text.run(at, W)
}
