//! The number of tokens of a short word, from what is known of its endings.
//!
//! [`super::growth`] proves that a sequence of makeable pieces whose neighbours stay apart is the tokens of its text. So
//! if `p` begins a word, and the tokens of the rest alone begin with `q`, and `p` and `q` stay apart, then the tokens of
//! the word are `p` and those of the rest. Some beginning of the word fits, because the word's own tokens are such a
//! sequence, and so is every ending of it. Words of a language share their endings, far more than they share themselves:
//! the ends seen lately are kept in a table that stays in the cache of a core, and a new word is mostly its first piece
//! and a known ending.

use super::rules::Rules;
use super::search::Search;
use crate::tokens::key::{hash, key};
use crate::tokens::model::trie::NONE;

/// The longest word, in bytes.
pub const LONGEST: usize = 64;
/// The longest ending that is kept.
const KEPT: usize = 24;
const SLOTS: usize = 1 << 12;

/// Endings seen lately, each in the one place where it can be, and those of the word at hand.
pub struct Endings {
    slots: Vec<Slot>,
    /// Places of the word at hand whose ending is known, as bits.
    solved: u64,
    own: [Tokens; LONGEST],
}

#[derive(Clone, Copy)]
#[repr(C, align(32))]
struct Slot {
    key: [u64; 3],
    tokens: Tokens,
}

/// What is kept of the tokens of an ending.
#[derive(Clone, Copy)]
struct Tokens {
    first: u32,
    count: u16,
    /// Bytes of the ending.
    length: u16,
}

const NOTHING: Tokens = Tokens { first: NONE, count: 0, length: 0 };

impl Default for Endings {
    fn default() -> Self {
        Self { slots: vec![Slot { key: [0; 3], tokens: NOTHING }; SLOTS], solved: 0, own: [NOTHING; LONGEST] }
    }
}

/// A word, and zeros after it.
struct Padded<'w> {
    bytes: [u8; LONGEST + KEPT],
    word: &'w [u8],
}

impl<'w> Padded<'w> {
    #[inline(always)]
    fn new(word: &'w [u8]) -> Self {
        let mut padded = Self { bytes: [0; LONGEST + KEPT], word };
        padded.bytes[..word.len()].copy_from_slice(word);
        padded
    }

    #[inline(always)]
    fn key(&self, place: usize) -> [u64; 3] {
        key(&self.bytes, place, KEPT)
    }
}

impl Search {
    /// The number of tokens of a word of up to [`LONGEST`] bytes; none if it holds an unknown unit.
    pub fn count(&self, rules: &Rules, word: &[u8], endings: &mut Endings) -> Option<u32> {
        endings.solved = 0;
        Some(u32::from(self.ending(rules, &Padded::new(word), 0, endings)?.count))
    }

    /// Appends the tokens of a word of up to [`LONGEST`] bytes; none if it holds an unknown unit.
    pub fn short_tokens(&self, rules: &Rules, word: &[u8], tokens: &mut Vec<u32>, endings: &mut Endings) -> Option<()> {
        let padded = Padded::new(word);
        endings.solved = 0;
        let mut place = 0;
        while place < word.len() {
            let piece = self.ending(rules, &padded, place, endings)?.first;
            tokens.push(piece);
            place += self.pieces.length(piece);
        }
        Some(())
    }

    /// The tokens of what is left of a word from `place` on.
    fn ending(&self, rules: &Rules, word: &Padded, place: usize, endings: &mut Endings) -> Option<Tokens> {
        let length = word.word.len() - place;
        if length == 0 {
            return Some(NOTHING);
        }
        if endings.solved >> place & 1 == 1 {
            return Some(endings.own[place]);
        }
        if place == 0 || length > KEPT {
            return self.solve(rules, word, place, endings);
        }
        let key = word.key(place);
        let at = (hash(&key) >> 32) as usize & (SLOTS - 1);
        let slot = &endings.slots[at];
        if slot.key == key && usize::from(slot.tokens.length) == length {
            return Some(slot.tokens);
        }
        let tokens = self.solve(rules, word, place, endings)?;
        endings.slots[at] = Slot { key, tokens };
        Some(tokens)
    }

    /// Finds and keeps them.
    fn solve(&self, rules: &Rules, word: &Padded, place: usize, endings: &mut Endings) -> Option<Tokens> {
        let rest = &word.word[place..];
        let (mut first, mut length) = self.trie.longest(rest);
        while first != NONE {
            let after = self.ending(rules, word, place + length, endings)?;
            if after.first == NONE || self.pieces.apart(rules, first, after.first) {
                let tokens = Tokens { first, count: after.count + 1, length: rest.len() as u16 };
                endings.keep(place, tokens);
                return Some(tokens);
            }
            (first, length) = self.pieces.shorten(first);
        }
        None
    }
}

impl Endings {
    #[inline(always)]
    fn keep(&mut self, place: usize, tokens: Tokens) {
        self.solved |= 1 << place;
        self.own[place] = tokens;
    }
}
