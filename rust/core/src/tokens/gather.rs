//! Gathers the texts of one language: first how often each unit is seen, then, once a unit, its words, and once a word,
//! its tokens.
//!
//! Nothing is tokenized while texts come in. [`Gather::settle`] goes down the levels: each distinct unit is cut into
//! words, which get the unit's number of times; each distinct word is tokenized, and its tokens get the word's. Every
//! level only adds integers, so that settling at any moment gives the same totals.
//!
//! A text goes past the units where they are not proven for a tokenizer, or not for this text; then
//! its words are gathered directly, or it goes to the reference.

use std::ops::Range;

use crate::error::Result;
use crate::tokens::counter::{may_repeat, place};
use crate::tokens::lane::Lane;
use crate::tokens::normalize::Place;
use crate::tokens::times::Times;
use crate::tokens::tokenizer::Tokenizer;
use crate::tokens::totals::Totals;
use crate::tokens::units::each_unit;
use crate::tokens::words::Segmenter;

/// The texts of one language, not yet tokenized.
pub struct Gather<'t> {
    segmenter: &'t Segmenter,
    units: Times,
    lanes: Vec<Lane<'t>>,
    /// Words to be tokenized alone: those that start a text, and the others.
    alone: [Times; 2],
    totals: Totals,
}

impl<'t> Gather<'t> {
    /// No text yet.
    pub fn new(tokenizers: &[&'t Tokenizer], segmenter: &'t Segmenter) -> Self {
        Self {
            segmenter,
            units: Times::default(),
            lanes: tokenizers.iter().map(|tokenizer| Lane::new(tokenizer)).collect(),
            alone: Default::default(),
            totals: Totals::new(tokenizers.len()),
        }
    }

    /// Takes in a text; `stays_whole` says that a tokenizer may not have it cut into units.
    /// `words` are those of the text, where they are given and not found.
    pub fn see(&mut self, text: &str, stays_whole: bool, words: &[Range<usize>]) -> Result<()> {
        self.totals.documents += 1;
        self.totals.bytes += text.len() as u64;
        self.totals.chars += text.chars().count() as u64;
        let whole = |lane: &&mut Lane| stays_whole || !lane.is_by_units();
        self.lanes.iter_mut().filter(whole).try_for_each(|lane| lane.see_text(text))?;
        for word in words {
            self.see_word(text, word, Place::Start, 1);
        }
        let ask = |gather: &Self, unit| gather.units.prefetch(text, unit);
        each_unit(text, self, ask, |gather, unit| {
            if stays_whole {
                gather.find_words(&text[unit.clone()], place(&unit), 1);
                return Ok(());
            }
            gather.see_unit(text, unit)
        })
    }

    fn see_unit(&mut self, text: &str, unit: Range<usize>) -> Result<()> {
        if may_repeat(text, &unit) {
            self.units.see(text, unit, 1);
            return Ok(());
        }
        self.cut_unit(&text[unit.clone()], place(&unit), 1)
    }

    /// Down one level: a unit's words, for the figures of words and for each tokenizer.
    fn cut_unit(&mut self, unit: &str, place: Place, times: u64) -> Result<()> {
        self.find_words(unit, place, times);
        let mut lanes = self.lanes.iter_mut().filter(|lane| lane.is_by_units());
        lanes.try_for_each(|lane| lane.see_unit(unit, place, times))
    }

    /// Words are tokenized alone, with the space in front of them where there is one.
    fn find_words(&mut self, unit: &str, place: Place, times: u64) {
        let segmenter = self.segmenter;
        segmenter.words(unit, &mut |word| self.see_word(unit, &word, place, times));
    }

    fn see_word(&mut self, unit: &str, word: &Range<usize>, place: Place, times: u64) {
        let start = word.start - usize::from(unit[..word.start].ends_with(' '));
        let is_inside = place == Place::Inside || start > 0;
        self.totals.words += times;
        self.alone[usize::from(is_inside)].see(unit, start..word.end, times);
    }

    /// Bytes of memory held.
    pub fn bytes(&self) -> usize {
        let lanes: usize = self.lanes.iter().map(Lane::bytes).sum();
        lanes + self.units.bytes() + self.alone.iter().map(Times::bytes).sum::<usize>()
    }

    /// Tokenizes what was taken in, and gives the totals since the last time; one tokenizer after the other, so that the
    /// tables of one at a time are in use.
    pub fn settle(&mut self) -> Result<Totals> {
        let units = std::mem::take(&mut self.units);
        for (unit, times) in units.entries() {
            self.find_words(unit, place_of(unit), times);
        }
        let [starting, inside] = std::mem::take(&mut self.alone);
        for (lane, totals) in self.lanes.iter_mut().zip(&mut self.totals.tokenizers) {
            if lane.is_by_units() {
                units.entries().try_for_each(|(unit, times)| lane.see_unit(unit, place_of(unit), times))?;
            }
            *totals = lane.settle([(&starting, Place::Start), (&inside, Place::Inside)])?;
        }
        let fresh = Totals::new(self.lanes.len());
        Ok(std::mem::replace(&mut self.totals, fresh))
    }
}

/// Where a unit of the table stands: one with a space in front stands inside, see [`may_repeat`].
fn place_of(unit: &str) -> Place {
    if unit.starts_with(' ') { Place::Inside } else { Place::Start }
}
