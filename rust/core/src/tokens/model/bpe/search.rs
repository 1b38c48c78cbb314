//! The tokens of a word by search: the longest piece first, step back where two neighbours would not stay apart.
//!
//! [`super::growth`] proves that a sequence of makeable pieces whose neighbours stay apart is the tokens of its text, and
//! the only one. Hence a place that was reached and left again is dead: only one sequence leads to it. Every place is
//! entered once, so that time is linear in the length of the word, times the length of the longest piece.

use super::super::trie::{NONE, Trie};
use super::rules::Rules;

/// What is known of pairs of neighbours: each answer in the one place where it can be.
pub struct Memory(Vec<u64>);

const ANSWERS: u32 = 15;

impl Default for Memory {
    fn default() -> Self {
        Self(vec![u64::MAX; 1 << ANSWERS])
    }
}

impl Memory {
    /// Whether two neighbours stay apart.
    #[inline(always)]
    fn apart(&mut self, rules: &Rules, left: u32, right: u32) -> bool {
        let key = u64::from(left) << 31 | u64::from(right);
        let known = &mut self.0[(key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - ANSWERS)) as usize];
        if *known >> 1 != key {
            *known = key << 1 | u64::from(apart(rules, left, right));
        }
        *known & 1 == 1
    }
}

/// Room that is used again.
#[derive(Default)]
pub struct Room {
    /// Places that were left, as bits.
    dead: Vec<u64>,
    memory: Memory,
}

/// What the search needs to know of a vocabulary.
#[derive(Clone, Debug)]
pub struct Search {
    /// The pieces that can be made.
    pub trie: Trie,
    /// The longest makeable piece that begins each piece.
    pub shorter: Vec<u32>,
    /// Length of each piece in bytes.
    pub lengths: Vec<u32>,
}

impl Search {
    /// Appends the tokens of the longest beginning of `word` that is made of known units; returns its length.
    pub fn tokens(&self, rules: &Rules, word: &[u8], tokens: &mut Vec<u32>, room: &mut Room) -> usize {
        let floor = tokens.len();
        let Room { dead, memory } = room;
        dead.clear();
        let mut place = 0;
        let (mut piece, mut length) = self.trie.longest(word);
        let mut backwards = false;
        loop {
            if piece == NONE {
                if !backwards || tokens.len() == floor {
                    return place;
                }
                if dead.len() <= place / 64 {
                    dead.resize(place / 64 + 1, 0);
                }
                dead[place / 64] |= 1 << (place % 64);
                piece = tokens.pop().unwrap_or(NONE);
                place -= self.lengths[piece as usize] as usize;
                (piece, length) = self.shorten(piece);
                continue;
            }
            let end = place + length;
            let free = dead.get(end / 64).is_none_or(|places| places >> (end % 64) & 1 == 0);
            if free && (tokens.len() == floor || memory.apart(rules, tokens[tokens.len() - 1], piece)) {
                tokens.push(piece);
                if end == word.len() {
                    return end;
                }
                place = end;
                (piece, length) = self.trie.longest(&word[place..]);
                backwards = false;
            } else {
                (piece, length) = self.shorten(piece);
                backwards = true;
            }
        }
    }

    fn shorten(&self, piece: u32) -> (u32, usize) {
        let shorter = self.shorter[piece as usize];
        (shorter, if shorter == NONE { 0 } else { self.lengths[shorter as usize] as usize })
    }
}

/// Whether two neighbours stay apart.
#[inline(always)]
fn apart(rules: &Rules, left: u32, right: u32) -> bool {
    if rules.find(left, right) != NONE {
        return false;
    }
    if rules.wild(left, right) { rules.meet_when_merged(left, right) } else { rules.meet(left, right) }
}
