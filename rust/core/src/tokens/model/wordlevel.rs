//! `WordLevel`: a word is a piece or unknown.

use serde_json::Value;

use super::trie::Trie;
use super::vocabulary::Vocabulary;
use crate::tokens::spec::Reason;

/// The model.
#[derive(Clone, Debug)]
pub struct WordLevel {
    words: Trie,
    ids: Vec<u32>,
    size: usize,
    unknown: u32,
}

impl WordLevel {
    /// Reads the model.
    pub fn new(model: &Value) -> Result<Self, Reason> {
        let vocabulary = Vocabulary::from_object(&model["vocab"], false)?;
        let unknown = model.get("unk_token").and_then(Value::as_str).and_then(|text| vocabulary.places.get(text));
        let unknown = unknown.ok_or_else(|| Reason::new("WordLevel without an unknown token in its vocabulary"))?;
        let unknown = vocabulary.ids[*unknown as usize];
        Ok(Self { words: vocabulary.trie(|_| true)?, size: vocabulary.size(), ids: vocabulary.ids, unknown })
    }

    /// The token of a word.
    pub fn token(&self, word: &str) -> u32 {
        self.words.exact(word.as_bytes()).map_or(self.unknown, |piece| self.ids[piece as usize])
    }

    /// Largest number of a piece, plus one.
    pub fn size(&self) -> usize {
        self.size
    }
}
