//! Gathers the texts of one language: first how often each unit is seen, then, once a unit, its words, and once a word,
//! its tokens.
//!
//! Nothing is tokenized while texts come in. [`Gather::settle`] goes down the levels: each distinct unit is cut into
//! words, which get the unit's number of times; each distinct word is tokenized, and its tokens get the word's. Every
//! level only adds integers, so that settling at any moment gives the same totals.
//!
//! So it is done in the middle of a text too, when the tables have outgrown their room: those of all levels together, or
//! those of one level while the level above is cut. What is very long is in no table: it is counted at once.
//!
//! A text goes past the units where they are not proven for a tokenizer, or not for this text; then
//! its words are gathered directly, or it goes to the reference.

use std::ops::Range;

use crate::error::Result;
use crate::tokens::counter::{may_repeat, place};
use crate::tokens::lane::{LONG, Lane};
use crate::tokens::normalize::Place;
use crate::tokens::times::{Stride, Times};
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
    /// Bytes that the tables may take; those of one level, half of it.
    most: usize,
    stride: Stride,
}

impl<'t> Gather<'t> {
    /// No text yet; the tables may take about `most` bytes before they are settled.
    pub fn new(tokenizers: &[&'t Tokenizer], segmenter: &'t Segmenter, most: usize) -> Self {
        Self {
            segmenter,
            units: Times::default(),
            lanes: tokenizers.iter().map(|tokenizer| Lane::new(tokenizer, most / 2)).collect(),
            alone: Default::default(),
            totals: Totals::new(tokenizers.len()),
            most,
            stride: Stride::default(),
        }
    }

    /// Takes in a text; `stays_whole` says that a tokenizer may not have it cut into units.
    /// `words` are those of the text, where they are given and not found; `go_on` is asked now and then.
    pub fn see(
        &mut self,
        text: &str,
        stays_whole: bool,
        words: impl Iterator<Item = Range<usize>>,
        go_on: impl Fn() -> Result<()>,
    ) -> Result<()> {
        self.totals.documents += 1;
        self.totals.bytes += text.len() as u64;
        self.totals.chars += text.chars().count() as u64;
        let whole = |lane: &&mut Lane| stays_whole || !lane.is_by_units();
        self.lanes.iter_mut().filter(whole).try_for_each(|lane| lane.see_text(text))?;
        for word in words {
            self.see_word(text, &word, Place::Start, 1)?;
        }
        let ask = |gather: &Self, unit| gather.units.prefetch(text, unit);
        each_unit(text, self, ask, |gather, unit| {
            if gather.stride.ends_with(unit.len()) {
                go_on()?;
                gather.make_room()?;
            }
            if stays_whole {
                return gather.find_words(&text[unit.clone()], place(&unit), 1);
            }
            gather.see_unit(text, unit)
        })
    }

    fn make_room(&mut self) -> Result<()> {
        if self.bytes() > self.most { self.settle_tables() } else { Ok(()) }
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
        self.find_words(unit, place, times)?;
        let mut lanes = self.lanes.iter_mut().filter(|lane| lane.is_by_units());
        lanes.try_for_each(|lane| lane.see_unit(unit, place, times))
    }

    /// Words are tokenized alone, with the space in front of them where there is one.
    fn find_words(&mut self, unit: &str, place: Place, times: u64) -> Result<()> {
        let segmenter = self.segmenter;
        let mut outcome = Ok(());
        segmenter.words(unit, &mut |word| {
            if outcome.is_ok() {
                outcome = self.see_word(unit, &word, place, times);
            }
        });
        outcome
    }

    fn see_word(&mut self, unit: &str, word: &Range<usize>, place: Place, times: u64) -> Result<()> {
        let start = word.start - usize::from(unit[..word.start].ends_with(' '));
        let is_inside = place == Place::Inside || start > 0;
        self.totals.words += times;
        if word.len() > LONG {
            let (text, place) = (&unit[start..word.end], if is_inside { Place::Inside } else { Place::Start });
            return self.lanes.iter_mut().try_for_each(|lane| lane.see_alone(text, place, times));
        }
        self.alone[usize::from(is_inside)].see(unit, start..word.end, times);
        if self.stride.ends_with(word.len()) && self.alone_bytes() > self.most / 2 {
            return self.settle_alone();
        }
        Ok(())
    }

    fn alone_bytes(&self) -> usize {
        self.alone.iter().map(Times::bytes).sum()
    }

    /// Bytes of memory held.
    pub fn bytes(&self) -> usize {
        self.lanes.iter().map(Lane::bytes).sum::<usize>() + self.units.bytes() + self.alone_bytes()
    }

    /// Tokenizes what was taken in, and gives the totals since the last time.
    pub fn settle(&mut self) -> Result<Totals> {
        self.settle_tables()?;
        self.totals.tokenizers = self.lanes.iter_mut().map(Lane::take).collect();
        let fresh = Totals::new(self.lanes.len());
        Ok(std::mem::replace(&mut self.totals, fresh))
    }

    /// Empties all tables; one tokenizer after the other, so that the tables of one at a time are in use.
    fn settle_tables(&mut self) -> Result<()> {
        let units = std::mem::take(&mut self.units);
        for (unit, times) in units.entries() {
            self.find_words(unit, place_of(unit), times)?;
        }
        let alone = std::mem::take(&mut self.alone);
        for lane in &mut self.lanes {
            if lane.is_by_units() {
                units.entries().try_for_each(|(unit, times)| lane.see_unit(unit, place_of(unit), times))?;
            }
            lane.settle(&alone)?;
        }
        Ok(())
    }

    /// Empties the table of words that are tokenized alone.
    fn settle_alone(&mut self) -> Result<()> {
        let alone = std::mem::take(&mut self.alone);
        self.lanes.iter_mut().try_for_each(|lane| lane.count_alone(&alone))
    }
}

/// Where a unit of the table stands: one with a space in front stands inside, see [`may_repeat`].
fn place_of(unit: &str) -> Place {
    if unit.starts_with(' ') { Place::Inside } else { Place::Start }
}
