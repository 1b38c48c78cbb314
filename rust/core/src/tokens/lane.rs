//! One tokenizer's share of a [`Gather`](super::gather): distinct words and how often each was seen.
//!
//! Tables that outgrow their room are tokenized and emptied, or only emptied where they are no more than memory. Words of
//! more than [`LONG`] bytes are in none.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::tokens::model;
use crate::tokens::normalize::Place;
use crate::tokens::table::Table;
use crate::tokens::times::{Stride, Times, str_of};
use crate::tokens::tokenizer::{Engine, Scratch, Tokenizer};
use crate::tokens::totals::TokenTotals;

/// A word of more bytes is tokenized at once: it is hardly seen twice, and a table would hold it once more.
pub const LONG: usize = 64 << 10;

/// What one tokenizer has to do.
pub struct Lane<'t> {
    tokenizer: &'t Tokenizer,
    /// How often each word and each atom was seen.
    words: Words,
    totals: TokenTotals,
    scratch: Scratch,
}

/// A number for each word and each atom: an atom may have other tokens than the same text as a word.
#[derive(Default)]
struct Words {
    tables: [Table; 2],
    /// Bytes that the tables may take.
    most: usize,
    stride: Stride,
}

type Frequencies = BTreeMap<u32, u64>;

impl<'t> Lane<'t> {
    /// Nothing to do yet; the tables of its words may take about `most` bytes.
    pub fn new(tokenizer: &'t Tokenizer, most: usize) -> Self {
        let words = Words { most, ..Words::default() };
        Self { tokenizer, words, totals: TokenTotals::default(), scratch: Scratch::default() }
    }

    /// Whether units are proven for the tokenizer.
    pub fn is_by_units(&self) -> bool {
        self.tokenizer.engine().is_some_and(|engine| engine.units.is_ok())
    }

    /// Takes in a whole text.
    pub fn see_text(&mut self, text: &str) -> Result<()> {
        if let Some(engine) = self.tokenizer.engine_for(text) {
            return self.see(engine, text, Place::Start, 1);
        }
        for token in self.tokenizer.reference().ids(text)? {
            *self.totals.frequencies.entry(token).or_default() += 1;
        }
        Ok(())
    }

    /// Takes in a unit that was seen so often, of texts without added tokens.
    pub fn see_unit(&mut self, unit: &str, place: Place, times: u64) -> Result<()> {
        self.tokenizer.engine().map_or(Ok(()), |engine| self.see(engine, unit, place, times))
    }

    fn see(&mut self, engine: &Engine, text: &str, place: Place, times: u64) -> Result<()> {
        let Self { words, totals, scratch, .. } = self;
        engine.words(text, place, scratch, &mut |word, is_atom| {
            words.see(engine, word, is_atom, times, &mut totals.frequencies);
        })
    }

    /// Tokenizes a word alone, that was seen so often.
    pub fn see_alone(&mut self, word: &str, place: Place, times: u64) -> Result<()> {
        let mut known = Known::new(self.words.most);
        self.count(word, place, times, &mut known)
    }

    /// Bytes of memory held.
    pub fn bytes(&self) -> usize {
        self.words.bytes()
    }

    /// Tokenizes what was taken in, and each of the words `alone`: those that start a text, and the others.
    pub fn settle(&mut self, alone: &[Times; 2]) -> Result<()> {
        let mut known = Known::new(self.words.most);
        if let Some(engine) = self.tokenizer.engine() {
            known.words.tables = self.words.tokenize(engine, &mut self.totals.frequencies);
        }
        self.count_each(alone, &mut known)
    }

    /// Tokenizes each of the words `alone`, and nothing else.
    pub fn count_alone(&mut self, alone: &[Times; 2]) -> Result<()> {
        let mut known = Known::new(self.words.most);
        self.count_each(alone, &mut known)
    }

    fn count_each(&mut self, alone: &[Times; 2], known: &mut Known) -> Result<()> {
        for (texts, place) in alone.iter().zip([Place::Start, Place::Inside]) {
            texts.entries().try_for_each(|(text, times)| self.count(text, place, times, known))?;
        }
        Ok(())
    }

    fn count(&mut self, text: &str, place: Place, times: u64, known: &mut Known) -> Result<()> {
        let tokens = match self.tokenizer.engine_for(text) {
            Some(engine) => known.count(engine, text, place, &mut self.scratch)?,
            None => self.tokenizer.reference().ids(text)?.len() as u64,
        };
        self.totals.word_tokens += times * tokens;
        self.totals.words_split += if tokens > 1 { times } else { 0 };
        self.totals.words_single += if tokens == 1 { times } else { 0 };
        Ok(())
    }

    /// The totals since the last time.
    pub fn take(&mut self) -> TokenTotals {
        std::mem::take(&mut self.totals)
    }
}

impl Words {
    fn see(&mut self, engine: &Engine, word: &str, is_atom: bool, times: u64, frequencies: &mut Frequencies) {
        if word.len() > LONG {
            let mut add = |token| *frequencies.entry(token).or_default() += times;
            return engine.model.part_tokens(word, is_atom, &mut model::Scratch::default(), &mut add);
        }
        *self.number(word, is_atom) += times;
        if self.are_over(word) {
            self.tokenize(engine, frequencies);
        }
    }

    #[inline]
    fn number(&mut self, word: &str, is_atom: bool) -> &mut u64 {
        self.tables[usize::from(is_atom)].value(word.as_bytes(), 0..word.len())
    }

    /// Whether they take too much; `word` is the last that was looked up.
    #[inline]
    fn are_over(&mut self, word: &str) -> bool {
        self.stride.ends_with(word.len()) && self.bytes() > self.most
    }

    fn bytes(&self) -> usize {
        self.tables.iter().map(Table::bytes).sum()
    }

    /// Takes the tables, whose numbers say how often each word was seen; adds their tokens to `frequencies`. The numbers
    /// become those of [`Known`].
    fn tokenize(&mut self, engine: &Engine, frequencies: &mut Frequencies) -> [Table; 2] {
        let mut tables = std::mem::take(&mut self.tables);
        let mut scratch = model::Scratch::default();
        let mut seen = vec![0u64; engine.model.pieces()];
        for (is_atom, table) in [false, true].into_iter().zip(&mut tables) {
            for (word, number) in table.entries_mut() {
                let times = std::mem::replace(number, 1);
                engine.model.part_tokens(str_of(word), is_atom, &mut scratch, &mut |token| {
                    seen[token as usize] += times;
                    *number += 1;
                });
            }
        }
        let tokens = (0..).zip(seen).filter(|(_, times)| *times > 0);
        tokens.for_each(|(token, times)| *frequencies.entry(token).or_default() += times);
        tables
    }
}

/// Words and atoms whose number of tokens is known.
struct Known {
    /// One more than that number.
    words: Words,
    scratch: model::Scratch,
}

impl Known {
    /// None yet; the tables may take about `most` bytes.
    fn new(most: usize) -> Self {
        Self { words: Words { most, ..Words::default() }, scratch: model::Scratch::default() }
    }

    /// How many tokens `text` has.
    fn count(&mut self, engine: &Engine, text: &str, place: Place, scratch: &mut Scratch) -> Result<u64> {
        let mut tokens = 0;
        engine.words(text, place, scratch, &mut |word, is_atom| {
            tokens += self.word(engine, word, is_atom);
        })?;
        Ok(tokens)
    }

    /// How many tokens a word has.
    fn word(&mut self, engine: &Engine, word: &str, is_atom: bool) -> u64 {
        let Self { words, scratch } = self;
        if word.len() > LONG {
            return tokens_of(engine, word, is_atom, scratch);
        }
        let known = words.number(word, is_atom);
        if *known == 0 {
            *known = 1 + tokens_of(engine, word, is_atom, scratch);
        }
        let tokens = *known - 1;
        if words.are_over(word) {
            words.tables = Default::default();
        }
        tokens
    }
}

fn tokens_of(engine: &Engine, word: &str, is_atom: bool, scratch: &mut model::Scratch) -> u64 {
    let mut tokens = 0;
    engine.model.part_tokens(word, is_atom, scratch, &mut |_| tokens += 1);
    tokens
}
