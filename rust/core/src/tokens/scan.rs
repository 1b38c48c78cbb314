//! Scans a corpus: totals by language, for several tokenizers at once.
//!
//! Each thread takes units of the corpus and gathers their texts by language ([`gather`](super::gather)). When what it
//! holds grows beyond its share of the memory, it settles all its languages; so does every thread at the end. Totals
//! are integers that add up: they depend neither on the threads nor on the memory.
//!
//! Some documents, drawn by [`sample`](super::sample), are counted once more by the reference.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use crate::error::Result;
use crate::tokens::added::Added;
use crate::tokens::gather::Gather;
use crate::tokens::sample::{Drawn, Sample};
use crate::tokens::source::{self, Batch, Corpus, Report};
use crate::tokens::tokenizer::Tokenizer;
use crate::tokens::totals::Totals;
use crate::tokens::words::Segmenter;
use crate::work::{self, Pace, Work};

/// What a scan is asked for.
pub struct Wanted<'a> {
    /// The tokenizers.
    pub tokenizers: &'a [&'a Tokenizer],
    /// How words are found.
    pub segmenter: &'a Segmenter,
    /// Bytes that all threads together may hold.
    pub memory: usize,
    /// How many documents the reference counts again.
    pub verify: usize,
}

/// What a scan found.
pub struct Found {
    /// Totals, by language.
    pub totals: BTreeMap<String, Totals>,
    /// What each unit's reading came to, in the order asked for.
    pub reports: Vec<Report>,
    /// How many documents the reference has counted again.
    pub verified: usize,
}

/// Scans the `units` of `corpus`; see [`work::run`] for `threads` and `watch`.
pub fn scan(
    corpus: &Corpus,
    units: &[usize],
    wanted: &Wanted,
    threads: usize,
    watch: impl FnMut(u64, u64) -> Result<()>,
) -> Result<Found> {
    let engines = wanted.tokenizers.iter().filter_map(|tokenizer| tokenizer.engine());
    let job = Scan {
        corpus,
        units,
        wanted,
        added: Added::union(engines.map(|engine| &engine.added))?,
        share: wanted.memory / threads.max(1),
        outcome: Mutex::new(Outcome { reports: vec![Report::default(); units.len()], ..Outcome::default() }),
    };
    work::run(&job, threads, watch)?;
    let outcome = job.outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
    let verified = outcome.sample.verify(wanted.tokenizers)?;
    let names = corpus.names().all();
    let totals = outcome.totals.into_iter().map(|(language, totals)| (names[language as usize].to_string(), totals));
    Ok(Found { totals: totals.collect(), reports: outcome.reports, verified })
}

struct Scan<'a> {
    corpus: &'a Corpus,
    units: &'a [usize],
    wanted: &'a Wanted<'a>,
    added: Added,
    share: usize,
    outcome: Mutex<Outcome>,
}

#[derive(Default)]
struct Outcome {
    totals: BTreeMap<u32, Totals>,
    reports: Vec<Report>,
    sample: Sample,
}

/// What a thread holds.
#[derive(Default)]
struct Hands<'a> {
    gathers: HashMap<u32, Gather<'a>>,
    sample: Sample,
    reading: source::Scratch,
}

impl<'a> Work for Scan<'a> {
    type Scratch = Hands<'a>;

    fn steps(&self) -> usize {
        self.units.len()
    }

    fn total_bytes(&self) -> u64 {
        self.units.iter().map(|&unit| self.corpus.units()[unit].bytes).sum()
    }

    fn step(&self, i: usize, hands: &mut Hands<'a>, pace: &Pace) -> Result<u64> {
        let unit = self.units[i];
        let Hands { gathers, sample, reading } = hands;
        let mut told = 0;
        let report = self.corpus.read(unit, reading, &mut |batch| {
            pace.advance(batch.stored() - told)?;
            told = batch.stored();
            self.take(batch, unit, gathers, sample)?;
            if gathers.values().map(Gather::bytes).sum::<usize>() > self.share { self.settle(gathers) } else { Ok(()) }
        })?;
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).reports[i] = report;
        Ok(self.corpus.units()[unit].bytes.saturating_sub(told))
    }

    fn finish(&self, mut hands: Hands<'a>) -> Result<()> {
        self.settle(&mut hands.gathers)?;
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).sample.join(hands.sample, self.wanted.verify);
        Ok(())
    }
}

impl<'a> Scan<'a> {
    fn take(
        &self,
        batch: &Batch,
        unit: usize,
        gathers: &mut HashMap<u32, Gather<'a>>,
        sample: &mut Sample,
    ) -> Result<()> {
        for (number, document) in (batch.first()..).zip(batch.documents()) {
            let new = || Gather::new(self.wanted.tokenizers, self.wanted.segmenter);
            let gather = gathers.entry(document.language).or_insert_with(new);
            gather.see(document.text, self.added.are_in(document.text))?;
            let drawn =
                || Drawn { file: file_of(self.corpus, unit), place: document.place, text: document.text.to_owned() };
            sample.offer(unit, number, document.text.len(), self.wanted.verify, drawn);
        }
        Ok(())
    }

    fn settle(&self, gathers: &mut HashMap<u32, Gather<'a>>) -> Result<()> {
        for (language, mut gather) in gathers.drain() {
            let totals = gather.settle()?;
            let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
            let all = outcome.totals.entry(language).or_insert_with(|| Totals::new(self.wanted.tokenizers.len()));
            all.add(&totals);
        }
        Ok(())
    }
}

/// The file that holds a unit.
pub(super) fn file_of(corpus: &Corpus, unit: usize) -> String {
    let file = corpus.units()[unit].file;
    corpus.files().nth(file).map_or_else(String::new, |path| path.display().to_string())
}
