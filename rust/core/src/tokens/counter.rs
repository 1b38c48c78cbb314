//! Counts texts one by one, remembering the units and the words it has seen.
//!
//! A unit seen lately costs a look-up in the core's own cache (`recent.rs`); one seen before that, a look-up
//! in a table. A new one is cut into words; a word that was seen before costs another look-up; only a new word is
//! tokenized. When the memory given is full, the tables are emptied: counts do not depend on it.
//!
//! ```
//! use glotgap_core::tokens::counter::Counter;
//! use glotgap_core::tokens::tokenizer::Tokenizer;
//!
//! let json = r#"{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}}"#;
//! let tokenizer = Tokenizer::from_json(json).unwrap();
//! assert_eq!(Counter::new(1 << 20).count(&tokenizer, "abba").unwrap().tokens, 3);
//! ```

use std::ops::Range;

use crate::error::Result;
use crate::tokens::kinds::Kinds;
use crate::tokens::model;
use crate::tokens::normalize::Place;
use crate::tokens::recent::Recent;
use crate::tokens::table::Table;
use crate::tokens::tally::Tally;
use crate::tokens::tokenizer::{Engine, Scratch, Tokenizer};
use crate::tokens::units::units;

/// A longer unit is seldom seen twice: it goes to its words at once.
const LONG_UNIT: usize = Recent::<7>::LONGEST;

/// Counts tokens of one tokenizer: the same one at each call.
pub struct Counter {
    short: Recent<3>,
    longer: Recent<7>,
    units: Memo,
    words: Words,
    scratch: Scratch,
    memory: usize,
}

/// The tallies of texts, by their number in a table.
#[derive(Default)]
struct Memo {
    table: Table,
    tallies: Vec<Tally>,
}

/// The words and the atoms seen; an atom may have other tokens than the same text as a word.
#[derive(Default)]
struct Words {
    memos: [Memo; 2],
    scratch: model::Scratch,
}

impl Counter {
    /// A counter that remembers up to about `memory` bytes.
    pub fn new(memory: usize) -> Self {
        Self {
            short: Recent::new(13),
            longer: Recent::new(11),
            units: Memo::default(),
            words: Words::default(),
            scratch: Scratch::default(),
            memory,
        }
    }

    /// The tally of `text`.
    pub fn count(&mut self, tokenizer: &Tokenizer, text: &str) -> Result<Tally> {
        let Some(engine) = tokenizer.engine_for(text) else { return count_by_reference(tokenizer, text) };
        if self.units.bytes() + self.words.bytes() > self.memory {
            self.units = Memo::default();
            self.words.memos = Default::default();
        }
        match engine.units {
            Ok(()) => self.count_units(engine, &tokenizer.kinds, text),
            Err(_) => self.words.count(engine, &tokenizer.kinds, text, Place::Start, &mut self.scratch),
        }
    }

    fn count_units(&mut self, engine: &Engine, kinds: &Kinds, text: &str) -> Result<Tally> {
        let Self { short, longer, units: memo, words, scratch, .. } = self;
        let mut tally = Tally::default();
        for unit in units(text) {
            let (start, length) = (unit.start, unit.len());
            let mut count = || words.count(engine, kinds, &text[unit.clone()], place(&unit), scratch);
            tally += if !may_repeat(text, &unit) {
                count()?
            } else if length <= Recent::<3>::LONGEST {
                short.tally(text.as_bytes(), start, length, || memo.tally(text, unit.clone(), count))?
            } else {
                longer.tally(text.as_bytes(), start, length, || memo.tally(text, unit.clone(), count))?
            };
        }
        Ok(tally)
    }
}

fn count_by_reference(tokenizer: &Tokenizer, text: &str) -> Result<Tally> {
    let mut tally = Tally::default();
    for id in tokenizer.reference().ids(text)? {
        tally.see(id, &tokenizer.kinds);
    }
    Ok(tally)
}

/// Whether a unit is worth a look-up. One that starts a text with a space is not: in the table, a space in front means
/// that the unit stands inside.
#[inline]
pub(super) fn may_repeat(text: &str, unit: &Range<usize>) -> bool {
    unit.len() <= LONG_UNIT && (unit.start > 0 || !text.starts_with(' '))
}

/// Where a unit stands: only the first starts the text.
pub(super) fn place(unit: &Range<usize>) -> Place {
    if unit.start == 0 { Place::Start } else { Place::Inside }
}

impl Memo {
    #[inline]
    fn tally(&mut self, buffer: &str, part: Range<usize>, new: impl FnOnce() -> Result<Tally>) -> Result<Tally> {
        let (number, is_new) = self.table.number_in(buffer.as_bytes(), part.start, part.end);
        if is_new {
            self.tallies.push(new()?);
        }
        Ok(self.tallies[number as usize])
    }

    fn bytes(&self) -> usize {
        self.table.bytes() + self.tallies.capacity() * size_of::<Tally>()
    }
}

impl Words {
    fn count(
        &mut self,
        engine: &Engine,
        kinds: &Kinds,
        text: &str,
        place: Place,
        scratch: &mut Scratch,
    ) -> Result<Tally> {
        let mut tally = Tally::default();
        engine.words(text, place, scratch, &mut |word, is_atom| tally += self.word(engine, kinds, word, is_atom))?;
        Ok(tally)
    }

    fn word(&mut self, engine: &Engine, kinds: &Kinds, word: &str, is_atom: bool) -> Tally {
        let Memo { table, tallies } = &mut self.memos[usize::from(is_atom)];
        let (number, is_new) = table.number(word.as_bytes());
        if is_new {
            let mut tally = Tally::default();
            engine.tokens(word, is_atom, &mut self.scratch, &mut |token| tally.see(token, kinds));
            tallies.push(tally);
        }
        tallies[number as usize]
    }

    fn bytes(&self) -> usize {
        self.memos.iter().map(Memo::bytes).sum()
    }
}
