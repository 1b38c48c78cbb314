//! Reading classes from UTF-8, and what the expressions have in common.

use super::super::classes::{L, LOWER, NEWLINE, NUMBER, OTHER, S, Set, Table, table};

/// A text and the table of classes.
#[derive(Clone, Copy)]
pub struct Cursor<'t> {
    pub bytes: &'t [u8],
    table: &'static Table,
}

impl<'t> Cursor<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { bytes: text.as_bytes(), table: table() }
    }

    /// The byte at `at`, or 0 at the end.
    #[inline(always)]
    pub fn byte(self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// Class and length of the character at `at`; (`OTHER`, 0) at the end.
    #[inline(always)]
    pub fn at(self, at: usize) -> (u8, usize) {
        let Some(&first) = self.bytes.get(at) else { return (OTHER, 0) };
        if first < 0x80 {
            return (self.table.low(usize::from(first)), 1);
        }
        let next = |i: usize| usize::from(self.byte(at + i) & 0x3F);
        match first {
            0..0xE0 => (self.table.low(usize::from(first & 0x1F) << 6 | next(1)), 2),
            0xE0..0xF0 => (self.table.at(usize::from(first & 0xF) << 6 | next(1), next(2)), 3),
            _ => (self.table.at(usize::from(first & 7) << 12 | next(1) << 6 | next(2), next(3)), 4),
        }
    }

    /// Whether a character of `set` stands at `at`.
    #[inline(always)]
    pub fn is(self, at: usize, set: Set) -> bool {
        let (class, length) = self.at(at);
        length > 0 && set >> class & 1 == 1
    }

    /// Where the run of characters of `set` from `at` on ends.
    #[inline(always)]
    pub fn run(self, mut at: usize, set: Set) -> usize {
        if set & L == L {
            at = self.ascii_run(at, not_letters);
        } else if set >> LOWER & 1 == 1 {
            at = self.ascii_run(at, not_lower);
        }
        loop {
            let (class, length) = self.at(at);
            if length == 0 || set >> class & 1 == 0 {
                return at;
            }
            at += length;
        }
    }

    /// Where the run of bytes from `at` on ends that `others` does not mark, or earlier; eight bytes at a step.
    #[inline(always)]
    fn ascii_run(self, mut at: usize, others: impl Fn(u64) -> u64) -> usize {
        while let Some(word) = self.bytes.get(at..).and_then(|rest| rest.first_chunk()) {
            let other = others(u64::from_le_bytes(*word));
            if other != 0 {
                return at + other.trailing_zeros() as usize / 8;
            }
            at += 8;
        }
        at
    }

    /// Where the run of at most `most` numbers from `at` on ends.
    #[inline(always)]
    pub fn numbers(self, mut at: usize, most: usize) -> usize {
        for _ in 0..most {
            let (class, length) = self.at(at);
            if class != NUMBER {
                break;
            }
            at += length;
        }
        at
    }

    /// Where the run of bytes from `at` on ends that are carriage returns, line feeds, or `also`.
    #[inline(always)]
    pub fn newlines(self, mut at: usize, also: u8) -> usize {
        while matches!(self.byte(at), b'\r' | b'\n') || self.byte(at) == also && at < self.bytes.len() {
            at += 1;
        }
        at
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+` at white space: up to the last line end; else all; but the last character stays for the
    /// word that follows, if there is one and it is not all there is. `joins_end`: `\s++$` is tried first.
    pub fn white(self, at: usize, joins_end: bool) -> usize {
        let (mut end, mut last, mut newline) = (at, at, None);
        loop {
            let (class, length) = self.at(end);
            if length == 0 || S >> class & 1 == 0 {
                break;
            }
            last = end;
            end += length;
            if class == NEWLINE {
                newline = Some(end);
            }
        }
        let is_end = end == self.bytes.len();
        match newline {
            Some(newline) if !(joins_end && is_end) => newline,
            _ if is_end || last == at => end,
            _ => last,
        }
    }

    /// `\s+(?!\S)|\s+` at white space.
    pub fn white_without_lines(self, at: usize) -> usize {
        let (mut end, mut last) = (at, at);
        loop {
            let (class, length) = self.at(end);
            if length == 0 || S >> class & 1 == 0 {
                break;
            }
            last = end;
            end += length;
        }
        if end == self.bytes.len() || last == at { end } else { last }
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d` at an apostrophe, without regard to case if `any_case`: its end, or `at`.
    #[inline]
    pub fn contraction(self, at: usize, any_case: bool) -> usize {
        let fold = |byte: u8| if any_case { byte.to_ascii_lowercase() } else { byte };
        match (fold(self.byte(at + 1)), fold(self.byte(at + 2))) {
            (b's' | b't' | b'm' | b'd', _) => at + 2,
            (b'r' | b'v', b'e') | (b'l', b'l') => at + 3,
            // U+017F, the long s.
            (0xC5, 0xBF) if any_case => at + 3,
            _ => at,
        }
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;

/// High bits of the bytes that are not ASCII letters.
#[inline(always)]
fn not_letters(word: u64) -> u64 {
    not_lower(word | (ONES * 0x20))
}

/// High bits of the bytes that are not ASCII lower-case letters: seven bits and what is added stay within a byte.
#[inline(always)]
fn not_lower(word: u64) -> u64 {
    let seven = word & (ONES * 0x7F);
    let from_a = seven + ONES * (0x80 - 0x61);
    let past_z = seven + ONES * (0x80 - 0x7B);
    (word | !from_a | past_z) & (ONES * 0x80)
}
