//! Counts a corpus document by document, for bootstraps and for ratios sentence by sentence.
//!
//! Each thread takes units of the corpus and counts their documents with one [`Counter`] a tokenizer. Rows come back
//! unit by unit, in order, whoever counted them.

use std::sync::{Mutex, PoisonError};

use crate::error::Result;
use crate::tokens::counter::Counter;
use crate::tokens::sample::{Drawn, Sample};
use crate::tokens::scan::{Wanted, file_of};
use crate::tokens::source::{self, Batch, Corpus, Report};
use crate::tokens::tally::Tally;
use crate::work::{self, Pace, Work};

/// The documents of one unit, column by column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Numbers of languages in the corpus's names.
    pub languages: Vec<u32>,
    /// Lines or rows of the unit, from 1.
    pub places: Vec<u64>,
    /// Bytes of UTF-8.
    pub bytes: Vec<u64>,
    /// Code points.
    pub chars: Vec<u64>,
    /// Words.
    pub words: Vec<u64>,
    /// For each document, a tally for each tokenizer.
    pub tallies: Vec<Tally>,
}

/// What was found.
pub struct Found {
    /// Documents, unit by unit.
    pub rows: Vec<Rows>,
    /// What each unit's reading came to.
    pub reports: Vec<Report>,
    /// How many documents the reference has counted again.
    pub verified: usize,
}

/// Counts the documents of `units`; see [`work::run`] for `threads` and `watch`.
pub fn scan(
    corpus: &Corpus,
    units: &[usize],
    wanted: &Wanted,
    threads: usize,
    watch: impl FnMut(u64, u64) -> Result<()>,
) -> Result<Found> {
    let share = wanted.memory / threads.max(1) / wanted.tokenizers.len().max(1);
    let outcome = Outcome { units: vec![<(Rows, Report)>::default(); units.len()], sample: Sample::default() };
    let job = Documents { corpus, units, wanted, share, outcome: Mutex::new(outcome) };
    work::run(&job, threads, watch)?;
    let Outcome { units, sample } = job.outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (rows, reports) = units.into_iter().unzip();
    Ok(Found { rows, reports, verified: sample.verify(wanted.tokenizers)? })
}

struct Documents<'a> {
    corpus: &'a Corpus,
    units: &'a [usize],
    wanted: &'a Wanted<'a>,
    share: usize,
    outcome: Mutex<Outcome>,
}

struct Outcome {
    units: Vec<(Rows, Report)>,
    sample: Sample,
}

/// What a thread holds.
#[derive(Default)]
struct Hands {
    counters: Vec<Counter>,
    sample: Sample,
    reading: source::Scratch,
}

impl Work for Documents<'_> {
    type Scratch = Hands;

    fn steps(&self) -> usize {
        self.units.len()
    }

    fn total_bytes(&self) -> u64 {
        self.units.iter().map(|&unit| self.corpus.units()[unit].bytes).sum()
    }

    fn step(&self, i: usize, hands: &mut Hands, pace: &Pace) -> Result<u64> {
        let Hands { counters, sample, reading } = hands;
        if counters.is_empty() {
            counters.extend(self.wanted.tokenizers.iter().map(|_| Counter::new(self.share)));
        }
        let (unit, mut rows, mut told) = (self.units[i], Rows::default(), 0);
        let report = self.corpus.read(unit, reading, &mut |batch| {
            pace.advance(batch.stored() - told)?;
            told = batch.stored();
            self.offer(batch, unit, sample);
            self.count(batch, counters, &mut rows)
        })?;
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).units[i] = (rows, report);
        Ok(self.corpus.units()[unit].bytes.saturating_sub(told))
    }

    fn finish(&self, hands: Hands) -> Result<()> {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        outcome.sample.join(hands.sample, self.wanted.verify);
        Ok(())
    }
}

impl Documents<'_> {
    fn offer(&self, batch: &Batch, unit: usize, sample: &mut Sample) {
        for (number, document) in (batch.first()..).zip(batch.documents()) {
            let file = || file_of(self.corpus, unit);
            let drawn = || Drawn { file: file(), place: document.place, text: document.text.to_owned() };
            sample.offer(unit, number, document.text.len(), self.wanted.verify, drawn);
        }
    }

    fn count(&self, batch: &Batch, counters: &mut [Counter], rows: &mut Rows) -> Result<()> {
        for document in batch.documents() {
            rows.languages.push(document.language);
            rows.places.push(document.place);
            rows.bytes.push(document.text.len() as u64);
            rows.chars.push(document.text.chars().count() as u64);
            let mut words = 0;
            self.wanted.segmenter.words(document.text, &mut |_| words += 1);
            rows.words.push(words);
            for (tokenizer, counter) in self.wanted.tokenizers.iter().zip(counters.iter_mut()) {
                rows.tallies.push(counter.count(tokenizer, document.text)?);
            }
        }
        Ok(())
    }
}
