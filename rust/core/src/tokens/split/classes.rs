//! The class of every code point, as the reference's regular expression engine sees it.
//!
//! `classes.bin` holds runs: a class and, seven bits a byte, how many code points in a row have it. A test asks the
//! engine for every code point and rewrites the file when `GLOTGAP_BLESS` is set, so that the scanners know the Unicode
//! version of that engine and no other.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Neither of the others: controls, formats, unassigned code points.
pub const OTHER: u8 = 0;
/// `\p{Lu}` and `\p{Lt}`.
pub const UPPER: u8 = 1;
/// `\p{Ll}`.
pub const LOWER: u8 = 2;
/// `\p{Lm}` and `\p{Lo}`.
pub const LETTER: u8 = 3;
/// `\p{M}`.
pub const MARK: u8 = 4;
/// `\p{N}`.
pub const NUMBER: u8 = 5;
/// `\p{P}`.
pub const PUNCTUATION: u8 = 6;
/// `\p{S}`.
pub const SYMBOL: u8 = 7;
/// `\s`, but for the next.
pub const WHITE: u8 = 8;
/// Carriage return and line feed.
pub const NEWLINE: u8 = 9;

/// A set of classes, one bit each.
pub type Set = u16;

/// The set of one class.
pub const fn set(class: u8) -> Set {
    1 << class
}

/// `\p{L}`.
pub const L: Set = set(UPPER) | set(LOWER) | set(LETTER);
/// `\s`.
pub const S: Set = set(WHITE) | set(NEWLINE);
/// `[^\s\p{L}\p{N}]`.
pub const REST: Set = set(OTHER) | set(MARK) | set(PUNCTUATION) | set(SYMBOL);

static RUNS: &[u8] = include_bytes!("classes.bin");
static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(RUNS));

/// Code points of a block.
const BLOCK: usize = 64;

/// A table of two levels: equal blocks of 64 code points are stored once. Those of one and two bytes are found directly.
pub struct Table {
    low: [u8; 0x800],
    blocks: Box<[u16]>,
    classes: Vec<[u8; BLOCK]>,
}

/// The table.
pub fn table() -> &'static Table {
    &TABLE
}

impl Table {
    fn read(runs: &[u8]) -> Self {
        let all = expand(runs);
        let mut numbers = HashMap::new();
        let mut classes = Vec::new();
        let blocks = all.as_chunks::<BLOCK>().0.iter().map(|block| {
            *numbers.entry(*block).or_insert_with(|| {
                classes.push(*block);
                classes.len() as u16 - 1
            })
        });
        let blocks = blocks.collect();
        Self { low: std::array::from_fn(|i| all[i]), blocks, classes }
    }

    /// Class of a code point below U+0800.
    #[inline(always)]
    pub fn low(&self, code: usize) -> u8 {
        self.low[code & 0x7FF]
    }

    /// Class of the code point with these bits above its low six, and these low six.
    #[inline(always)]
    pub fn at(&self, high: usize, low: usize) -> u8 {
        self.blocks.get(high).map_or(OTHER, |&block| self.classes[usize::from(block)][low & 0x3F])
    }

    /// Class of a code point.
    pub fn of(&self, c: char) -> u8 {
        self.at(u32::from(c) as usize >> 6, u32::from(c) as usize & 0x3F)
    }
}

/// The class of each code point, surrogates included. What the runs leave out is `OTHER`.
fn expand(runs: &[u8]) -> Vec<u8> {
    let mut all = Vec::with_capacity(0x11_0000);
    let mut bytes = runs.iter().copied();
    while let Some(class) = bytes.next() {
        let mut length = 0;
        for (i, byte) in bytes.by_ref().enumerate() {
            length |= usize::from(byte & 0x7F) << (7 * i);
            if byte < 0x80 {
                break;
            }
        }
        all.extend(std::iter::repeat_n(class, length));
    }
    all.resize(0x11_0000, OTHER);
    all
}

/// Writes the runs of the class of each code point; what [`Table`] reads.
pub fn runs(classes: &[u8]) -> Vec<u8> {
    let mut runs = Vec::new();
    for run in classes.chunk_by(|a, b| a == b) {
        runs.push(run[0]);
        let mut length = run.len();
        while length >= 0x80 {
            runs.push(length as u8 | 0x80);
            length >>= 7;
        }
        runs.push(length as u8);
    }
    runs
}

/// The runs that the table was read from.
pub fn stored() -> &'static [u8] {
    RUNS
}
