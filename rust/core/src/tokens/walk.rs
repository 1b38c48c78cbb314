//! Reads all documents of a supply on all threads, and has them counted: what every kind of scan shares.
//!
//! Each thread takes the next unit of the [`Supply`], reads it batch by batch and hands it to a `Count`. Some
//! documents, drawn by [`sample`](super::sample), are counted once more by the reference at the end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::Result;
use crate::tokens::given::Given;
use crate::tokens::sample::{Drawn, Sample};
use crate::tokens::source::{self, Batch, Report};
use crate::tokens::spacing::{self, ByLanguage, Letters, Spacing};
use crate::tokens::supply::Supply;
use crate::tokens::tokenizer::Tokenizer;
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

/// What the reading came to.
pub struct Walked {
    /// What each unit's reading came to, in the order of units.
    pub reports: Vec<Report>,
    /// How many documents the reference has counted again.
    pub verified: usize,
    /// Letters by language, where words are what lies between spaces.
    pub letters: BTreeMap<String, Letters>,
}

/// How far a scan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Whether documents are read; if not, the reference counts some again.
    pub reading: bool,
    /// Stored bytes read, or documents counted again.
    pub done: u64,
    /// Of how many in all; 0 if not known.
    pub total: u64,
    /// Documents read so far.
    pub documents: u64,
}

/// A unit that is being read.
pub(super) struct Unit<'a> {
    /// Its number in this scan.
    pub(super) number: usize,
    /// Its file's number.
    pub(super) file: usize,
    pub(super) pace: &'a Pace<'a>,
}

/// What is done with documents.
pub(super) trait Count: Sync {
    /// What a thread holds.
    type Hands: Default + Send;

    /// Counts some documents of a unit.
    fn count(&self, unit: &Unit, batch: &Batch, words: Option<&Given>, hands: &mut Self::Hands) -> Result<()>;

    /// The unit has ended.
    fn end(&self, unit: &Unit, report: &Report, hands: &mut Self::Hands) -> Result<()>;

    /// The thread has ended.
    fn finish(&self, hands: Self::Hands) -> Result<()>;
}

/// Has all documents of `supply` counted by `count`; `watch` is called as by [`work::run`].
pub(super) fn walk<S: Supply, C: Count>(
    supply: &S,
    count: &C,
    wanted: &Wanted,
    threads: usize,
    mut watch: impl FnMut(Seen) -> Result<()>,
) -> Result<Walked> {
    let job = Walk {
        supply,
        count,
        wanted,
        threads,
        documents: AtomicU64::new(0),
        sample: Sample::new(wanted.verify),
        spacing: wanted.segmenter.is_by_spaces().then(Spacing::new).transpose()?,
        outcome: Mutex::default(),
    };
    work::run(&job, threads, |done, total| {
        watch(Seen { reading: true, done, total, documents: job.documents.load(Ordering::Relaxed) })?;
        supply.fill()
    })?;
    let Walk { documents, sample, outcome, .. } = job;
    let Outcome { reports, letters } = outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
    let documents = documents.into_inner();
    let seen = |done, total| Seen { reading: false, done, total, documents };
    let verified = sample.verify(wanted.tokenizers, threads, |done, total| watch(seen(done, total)))?;
    let names = supply.names().all();
    let letters = letters.into_iter().map(|(language, letters)| (names[language as usize].to_string(), letters));
    Ok(Walked { reports: reports.into_values().collect(), verified, letters: letters.collect() })
}

struct Walk<'a, S, C> {
    supply: &'a S,
    count: &'a C,
    wanted: &'a Wanted<'a>,
    threads: usize,
    documents: AtomicU64,
    sample: Sample,
    /// Counts letters where words are what lies between spaces.
    spacing: Option<Spacing>,
    outcome: Mutex<Outcome>,
}

#[derive(Default)]
struct Outcome {
    reports: BTreeMap<usize, Report>,
    letters: ByLanguage,
}

/// What a thread holds.
#[derive(Default)]
struct Hands<H> {
    own: H,
    reading: source::Scratch,
    given: Given,
    letters: ByLanguage,
}

impl<S: Supply, C: Count> Work for Walk<'_, S, C> {
    type Scratch = Hands<C::Hands>;

    /// One a thread: each takes units until there are no more.
    fn steps(&self) -> usize {
        self.threads.min(self.supply.most_units())
    }

    fn total_bytes(&self) -> u64 {
        self.supply.bytes()
    }

    fn rests(&self) -> bool {
        !self.supply.is_to_be_filled()
    }

    fn step(&self, _: usize, hands: &mut Self::Scratch, pace: &Pace) -> Result<u64> {
        while let Some((number, unit)) = self.supply.next(pace)? {
            self.read(number, &unit, hands, pace)?;
        }
        Ok(0)
    }

    fn finish(&self, hands: Self::Scratch) -> Result<()> {
        self.count.finish(hands.own)?;
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        spacing::join(&mut outcome.letters, hands.letters);
        Ok(())
    }
}

impl<S: Supply, C: Count> Walk<'_, S, C> {
    fn read(&self, number: usize, unit: &S::Unit, hands: &mut Hands<C::Hands>, pace: &Pace) -> Result<()> {
        let Hands { own, reading, given, letters } = hands;
        let here = Unit { number, file: self.supply.file_of(unit), pace };
        let mut told = 0;
        let report = self.supply.read(unit, reading, &mut |batch| {
            pace.advance(batch.stored() - told)?;
            told = batch.stored();
            self.documents.fetch_add(batch.spans().len() as u64, Ordering::Relaxed);
            self.offer(number, unit, batch);
            self.count_letters(batch, letters);
            let words = self.wanted.segmenter.given(batch, given, pace)?;
            self.count.count(&here, batch, words, own)
        })?;
        self.count.end(&here, &report, own)?;
        let bytes = self.supply.bytes_of(unit, &report);
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).reports.insert(number, report);
        pace.advance(bytes.saturating_sub(told))
    }

    fn count_letters(&self, batch: &Batch, letters: &mut ByLanguage) {
        let Some(spacing) = &self.spacing else { return };
        for document in batch.documents() {
            spacing.add(document.text, letters.entry(document.language).or_default());
        }
    }

    fn offer(&self, number: usize, unit: &S::Unit, batch: &Batch) {
        for (place, document) in (batch.first()..).zip(batch.documents()) {
            let drawn = || Drawn::new(self.supply.name_of(self.supply.file_of(unit)), &document);
            self.sample.offer(self.supply.key_of(number, unit), place, drawn);
        }
    }
}
