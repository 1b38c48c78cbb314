//! The tokens of a word by search: the longest piece first, step back where two neighbours would not stay apart.
//!
//! [`super::growth`] proves that a sequence of makeable pieces whose neighbours stay apart is the tokens of its text, and
//! the only one. Hence a place that was reached and left again is dead: only one sequence leads to it. Every place is
//! entered once, so that time is linear in the length of the word, times the length of the longest piece.
//!
//! [`endings`](super::endings) counts the tokens of short words from what is known of their endings.

use super::super::trie::{NONE, Trie};
use super::super::vocabulary::Vocabulary;
use super::growth::Growth;
use super::pieces::Pieces;
use super::rules::Rules;
use crate::tokens::spec::Reason;

/// What the search needs to know of a vocabulary.
#[derive(Clone, Debug)]
pub struct Search {
    /// The pieces that can be made.
    pub(super) trie: Trie,
    pub(super) pieces: Pieces,
}

impl Search {
    /// Over what can be made of the vocabulary.
    pub fn new(vocabulary: &Vocabulary, growth: &Growth) -> Result<Self, Reason> {
        if (0..vocabulary.count()).any(|piece| vocabulary.length(piece) > usize::from(u16::MAX)) {
            return Err(Reason::new("a piece of more than 65,535 bytes"));
        }
        let trie = vocabulary.trie(|piece| growth.made[piece])?;
        Ok(Self { trie, pieces: Pieces::new(vocabulary, growth) })
    }

    /// Appends the tokens of the longest beginning of `word` that is made of known units; returns its length. `dead` is
    /// room for the places that were left, as bits.
    pub fn tokens(&self, rules: &Rules, word: &[u8], tokens: &mut Vec<u32>, dead: &mut Vec<u64>) -> usize {
        let floor = tokens.len();
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
                place -= self.pieces.length(piece);
                (piece, length) = self.pieces.shorten(piece);
                continue;
            }
            let end = place + length;
            let free = dead.get(end / 64).is_none_or(|places| places >> (end % 64) & 1 == 0);
            if free && (tokens.len() == floor || self.pieces.apart(rules, tokens[tokens.len() - 1], piece)) {
                tokens.push(piece);
                if end == word.len() {
                    return end;
                }
                place = end;
                (piece, length) = self.trie.longest(&word[place..]);
                backwards = false;
            } else {
                (piece, length) = self.pieces.shorten(piece);
                backwards = true;
            }
        }
    }
}
