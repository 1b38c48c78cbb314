//! `WordPiece` (Schuster & Nakajima 2012): the longest piece first, from left to right.
//!
//! After the first piece only pieces with the prefix count ("##"). If nothing fits, or the word has more characters than
//! `max_input_chars_per_word`, the whole word is the unknown piece.

use serde_json::Value;

use super::Scratch;
use super::trie::{NONE, Trie};
use super::vocabulary::Vocabulary;
use crate::tokens::spec::Reason;

/// The model.
#[derive(Clone, Debug)]
pub struct WordPiece {
    first: Trie,
    /// The pieces that have the prefix, without it.
    next: Trie,
    ids: Vec<u32>,
    size: usize,
    unknown: u32,
    longest_word: usize,
}

impl WordPiece {
    /// Reads the model.
    pub fn new(model: &Value) -> Result<Self, Reason> {
        let vocabulary = Vocabulary::from_object(&model["vocab"], false)?;
        let text = |name: &str| model.get(name).and_then(Value::as_str);
        let missing = |name: &str| Reason::new(format!("WordPiece without {name}"));
        let unknown = text("unk_token").and_then(|text| vocabulary.places.get(text));
        let &unknown = unknown.ok_or_else(|| missing("an unknown token in its vocabulary"))?;
        let prefix = text("continuing_subword_prefix").ok_or_else(|| missing("continuing_subword_prefix"))?;
        let longest = model.get("max_input_chars_per_word").and_then(Value::as_u64);
        Ok(Self {
            first: vocabulary.trie(|_| true)?,
            next: continuing(&vocabulary, prefix)?,
            size: vocabulary.size(),
            unknown: vocabulary.ids[unknown as usize],
            longest_word: longest.ok_or_else(|| missing("max_input_chars_per_word"))? as usize,
            ids: vocabulary.ids,
        })
    }

    /// The tokens of a word.
    pub fn tokens(&self, word: &str, scratch: &mut Scratch, sink: &mut impl FnMut(u32)) {
        if self.split(word, &mut scratch.pieces) {
            scratch.pieces.iter().for_each(|&piece| sink(self.ids[piece as usize]));
        } else {
            sink(self.unknown);
        }
    }

    /// The pieces of a word; false if it is unknown.
    fn split(&self, word: &str, pieces: &mut Vec<u32>) -> bool {
        pieces.clear();
        if word.len() > self.longest_word && word.chars().count() > self.longest_word {
            return false;
        }
        let mut rest = word.as_bytes();
        let mut trie = &self.first;
        while !rest.is_empty() {
            let (piece, length) = trie.longest(rest);
            if piece == NONE {
                return false;
            }
            pieces.push(piece);
            rest = &rest[length..];
            trie = &self.next;
        }
        true
    }

    /// Largest number of a piece, plus one.
    pub fn size(&self) -> usize {
        self.size
    }
}

fn continuing(vocabulary: &Vocabulary, prefix: &str) -> Result<Trie, Reason> {
    let strip = |piece: usize| vocabulary.bytes(piece).strip_prefix(prefix.as_bytes()).filter(|rest| !rest.is_empty());
    let strings: Vec<_> = (0..vocabulary.count()).filter_map(|piece| Some((strip(piece)?, piece as u32))).collect();
    Trie::new(&strings)
}
