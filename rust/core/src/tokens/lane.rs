//! One tokenizer's share of a [`Gather`](super::gather): distinct words and how often each was seen.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::tokens::model;
use crate::tokens::normalize::Place;
use crate::tokens::table::Table;
use crate::tokens::times::{Times, str_of};
use crate::tokens::tokenizer::{Engine, Scratch, Tokenizer};
use crate::tokens::totals::TokenTotals;

/// What one tokenizer has to do.
pub struct Lane<'t> {
    tokenizer: &'t Tokenizer,
    /// How often each word and each atom was seen; an atom may have other tokens than the same text as a word.
    words: [Table; 2],
    /// Tokens that the reference has given.
    frequencies: BTreeMap<u32, u64>,
    scratch: Scratch,
}

impl<'t> Lane<'t> {
    /// Nothing to do yet.
    pub fn new(tokenizer: &'t Tokenizer) -> Self {
        Self { tokenizer, words: Default::default(), frequencies: BTreeMap::new(), scratch: Scratch::default() }
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
            *self.frequencies.entry(token).or_default() += 1;
        }
        Ok(())
    }

    /// Takes in a unit that was seen so often, of texts without added tokens.
    pub fn see_unit(&mut self, unit: &str, place: Place, times: u64) -> Result<()> {
        self.tokenizer.engine().map_or(Ok(()), |engine| self.see(engine, unit, place, times))
    }

    fn see(&mut self, engine: &Engine, text: &str, place: Place, times: u64) -> Result<()> {
        let words = &mut self.words;
        engine.words(text, place, &mut self.scratch, &mut |word, is_atom| {
            *words[usize::from(is_atom)].value(word.as_bytes(), 0..word.len()) += times;
        })
    }

    /// Bytes of memory held.
    pub fn bytes(&self) -> usize {
        self.words.iter().map(Table::bytes).sum()
    }

    /// Tokenizes what was taken in, and each of the words `alone`; gives the totals since the last time.
    pub fn settle(&mut self, alone: [(&Times, Place); 2]) -> Result<TokenTotals> {
        let mut frequencies = std::mem::take(&mut self.frequencies);
        let words = std::mem::take(&mut self.words);
        let known = match self.tokenizer.engine() {
            Some(engine) => Known::tokenize(engine, words, &mut frequencies),
            None => Known::default(),
        };
        let mut totals = TokenTotals { frequencies, ..TokenTotals::default() };
        self.settle_alone(known, alone, &mut totals)?;
        Ok(totals)
    }

    fn settle_alone(&mut self, mut known: Known, alone: [(&Times, Place); 2], totals: &mut TokenTotals) -> Result<()> {
        for (texts, place) in alone {
            for (text, times) in texts.entries() {
                let tokens = match self.tokenizer.engine_for(text) {
                    Some(engine) => known.count(engine, text, place, &mut self.scratch)?,
                    None => self.tokenizer.reference().ids(text)?.len() as u64,
                };
                totals.word_tokens += times * tokens;
                totals.words_split += if tokens > 1 { times } else { 0 };
                totals.words_single += if tokens == 1 { times } else { 0 };
            }
        }
        Ok(())
    }
}

/// Words and atoms whose number of tokens is known.
#[derive(Default)]
struct Known {
    /// One more than that number.
    tables: [Table; 2],
    scratch: model::Scratch,
}

impl Known {
    /// Tokenizes `words`, whose numbers say how often each was seen, adding their tokens to `frequencies`.
    fn tokenize(engine: &Engine, mut words: [Table; 2], frequencies: &mut BTreeMap<u32, u64>) -> Self {
        let mut scratch = model::Scratch::default();
        let mut seen = vec![0u64; engine.model.pieces()];
        for (is_atom, table) in [false, true].into_iter().zip(&mut words) {
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
        Self { tables: words, scratch }
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
        let known = self.tables[usize::from(is_atom)].value(word.as_bytes(), 0..word.len());
        if *known == 0 {
            *known = 1;
            engine.model.part_tokens(word, is_atom, &mut self.scratch, &mut |_| *known += 1);
        }
        *known - 1
    }
}
