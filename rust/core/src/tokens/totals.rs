//! Totals: what a scan knows of one language. Integers only, so that they add up in any order.

use std::collections::BTreeMap;

use crate::tokens::kinds::Kinds;

/// Totals of the texts of one language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Documents.
    pub documents: u64,
    /// Bytes of UTF-8.
    pub bytes: u64,
    /// Code points.
    pub chars: u64,
    /// Words, as the segmenter finds them.
    pub words: u64,
    /// By tokenizer.
    pub tokenizers: Vec<TokenTotals>,
}

/// Totals of one tokenizer over the texts of one language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenTotals {
    /// Tokens of every word, tokenized alone.
    pub word_tokens: u64,
    /// Words of two tokens or more, tokenized alone.
    pub words_split: u64,
    /// Words of one token, tokenized alone.
    pub words_single: u64,
    /// How often each token was seen.
    pub frequencies: BTreeMap<u32, u64>,
}

impl Totals {
    /// No text yet, for so many tokenizers.
    pub fn new(tokenizers: usize) -> Self {
        Self { tokenizers: vec![TokenTotals::default(); tokenizers], ..Self::default() }
    }

    /// Adds the totals of other texts, counted by the same tokenizers.
    pub fn add(&mut self, other: &Self) {
        self.documents += other.documents;
        self.bytes += other.bytes;
        self.chars += other.chars;
        self.words += other.words;
        self.tokenizers.iter_mut().zip(&other.tokenizers).for_each(|(to, from)| to.add(from));
    }
}

impl TokenTotals {
    /// All tokens.
    pub fn tokens(&self) -> u64 {
        self.frequencies.values().sum()
    }

    /// The unknown token.
    pub fn unknown(&self, kinds: &Kinds) -> u64 {
        kinds.unknown.and_then(|token| self.frequencies.get(&token)).copied().unwrap_or(0)
    }

    /// Byte-fallback tokens.
    pub fn fallback(&self, kinds: &Kinds) -> u64 {
        kinds.fallback().filter_map(|token| self.frequencies.get(&token)).sum()
    }

    fn add(&mut self, other: &Self) {
        self.word_tokens += other.word_tokens;
        self.words_split += other.words_split;
        self.words_single += other.words_single;
        other.frequencies.iter().for_each(|(&token, &times)| *self.frequencies.entry(token).or_default() += times);
    }
}
