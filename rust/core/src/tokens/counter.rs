//! Counts texts one by one, remembering the units and the words it has seen.
//!
//! A unit seen before costs a look-up in a table. A new one is cut into words; a word seen lately costs a look-up in the
//! core's own cache (`recent.rs`); only another one is tokenized. When the memory given is full, the table is emptied:
//! counts do not depend on it.
//!
//! ```
//! use glotgap_core::tokens::counter::Counter;
//! use glotgap_core::tokens::tokenizer::Tokenizer;
//!
//! let json = r#"{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}}"#;
//! let tokenizer = Tokenizer::from_json(json).unwrap();
//! assert_eq!(Counter::new(1 << 20).count(&tokenizer, "abba").unwrap().tokens, 3);
//! ```

use std::num::NonZeroU64;
use std::ops::Range;

use crate::error::Result;
use crate::tokens::kinds::Kinds;
use crate::tokens::model;
use crate::tokens::normalize::Place;
use crate::tokens::recent::Recent;
use crate::tokens::table::{LONGEST, Table};
use crate::tokens::tally::Tally;
use crate::tokens::times::Stride;
use crate::tokens::tokenizer::{Engine, Scratch, Tokenizer};
use crate::tokens::units::each_unit;

/// Counts tokens of one tokenizer: the same one at each call.
pub struct Counter {
    units: Table,
    words: Words,
    scratch: Scratch,
    memory: usize,
    stride: Stride,
}

/// The words and the atoms seen lately; an atom may have other tokens than the same text as a word.
struct Words {
    recent: [Recent; 2],
    scratch: model::Scratch,
}

impl Counter {
    /// A counter that remembers up to about `memory` bytes.
    pub fn new(memory: usize) -> Self {
        Self {
            units: Table::default(),
            words: Words { recent: [Recent::new(12), Recent::new(12)], scratch: model::Scratch::default() },
            scratch: Scratch::default(),
            memory,
            stride: Stride::default(),
        }
    }

    /// The tally of `text`.
    pub fn count(&mut self, tokenizer: &Tokenizer, text: &str) -> Result<Tally> {
        let Some(engine) = tokenizer.engine_for(text) else { return count_by_reference(tokenizer, text) };
        if engine.may_cut(text) {
            self.count_units(engine, &tokenizer.kinds, text)
        } else {
            self.words.count(engine, &tokenizer.kinds, text, Place::Start, &mut self.scratch)
        }
    }

    fn count_units(&mut self, engine: &Engine, kinds: &Kinds, text: &str) -> Result<Tally> {
        let mut tally = Tally::default();
        let ask = |counter: &Self, unit| counter.units.prefetch(text.as_bytes(), unit);
        each_unit(text, self, ask, |counter, unit| {
            tally += counter.count_unit(engine, kinds, text, unit)?;
            Ok(())
        })?;
        Ok(tally)
    }

    #[inline]
    fn count_unit(&mut self, engine: &Engine, kinds: &Kinds, text: &str, unit: Range<usize>) -> Result<Tally> {
        if self.stride.ends_with(unit.len()) && self.units.bytes() > self.memory {
            self.units = Table::default();
        }
        let Self { units: seen, words, scratch, .. } = self;
        let mut count = || words.count(engine, kinds, &text[unit.clone()], place(&unit), scratch);
        if may_repeat(text, &unit) { recall(seen.value(text.as_bytes(), unit.clone()), count) } else { count() }
    }
}

fn count_by_reference(tokenizer: &Tokenizer, text: &str) -> Result<Tally> {
    let mut tally = Tally::default();
    for id in tokenizer.reference().ids(text)? {
        tally.see(id, &tokenizer.kinds);
    }
    Ok(tally)
}

/// Whether a unit is worth a look-up: a long one is seldom seen twice. One that starts a text with a space is not
/// either: in the table, a space in front means that the unit stands inside.
#[inline]
pub(super) fn may_repeat(text: &str, unit: &Range<usize>) -> bool {
    unit.len() <= LONGEST && (unit.start > 0 || !text.starts_with(' '))
}

/// Where a unit stands: only the first starts the text.
pub(super) fn place(unit: &Range<usize>) -> Place {
    if unit.start == 0 { Place::Start } else { Place::Inside }
}

/// The tally that `known` holds, or a new one, which is put there.
#[inline]
fn recall(known: &mut u64, new: impl FnOnce() -> Result<Tally>) -> Result<Tally> {
    if let Some(number) = NonZeroU64::new(*known) {
        return Ok(Tally::unpacked(number));
    }
    let tally = new()?;
    *known = tally.packed().map_or(0, NonZeroU64::get);
    Ok(tally)
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

    #[inline]
    fn word(&mut self, engine: &Engine, kinds: &Kinds, word: &str, is_atom: bool) -> Tally {
        let Self { recent, scratch } = self;
        let mut count = || engine.model.tally(word, is_atom, scratch, kinds);
        if word.len() > Recent::LONGEST {
            return count();
        }
        let recent = &mut recent[usize::from(is_atom)];
        recent.tally(word.as_bytes(), count)
    }
}
