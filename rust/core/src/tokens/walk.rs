//! Reads all documents of a supply on all threads, and has them counted: what every kind of scan shares.
//!
//! Each thread takes the next unit of the [`Supply`], reads it batch by batch and hands it to a [`Count`]. Some
//! documents, drawn by [`sample`](super::sample), are counted once more by the reference at the end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::Result;
use crate::tokens::sample::{Drawn, Sample};
use crate::tokens::source::{self, Batch, Report};
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

/// What is done with documents.
pub(super) trait Count: Sync {
    /// What a thread holds.
    type Hands: Default + Send;

    /// Counts some documents of `file`, in the unit that is number `unit` of this scan.
    fn count(&self, unit: usize, file: usize, batch: &Batch, hands: &mut Self::Hands, pace: &Pace) -> Result<()>;

    /// The unit has ended.
    fn end(&self, unit: usize, file: usize, report: &Report, hands: &mut Self::Hands, pace: &Pace) -> Result<()>;

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
    let job = Walk { supply, count, wanted, threads, documents: AtomicU64::new(0), outcome: Mutex::default() };
    let seen = |reading, done, total| Seen { reading, done, total, documents: job.documents.load(Ordering::Relaxed) };
    work::run(&job, threads, |done, total| {
        watch(seen(true, done, total))?;
        supply.fill()
    })?;
    let Outcome { reports, sample } = std::mem::take(&mut *job.outcome.lock().unwrap_or_else(PoisonError::into_inner));
    let verified = sample.verify(wanted.tokenizers, threads, |done, total| watch(seen(false, done, total)))?;
    Ok(Walked { reports: reports.into_values().collect(), verified })
}

struct Walk<'a, S, C> {
    supply: &'a S,
    count: &'a C,
    wanted: &'a Wanted<'a>,
    threads: usize,
    documents: AtomicU64,
    outcome: Mutex<Outcome>,
}

#[derive(Default)]
struct Outcome {
    reports: BTreeMap<usize, Report>,
    sample: Sample,
}

/// What a thread holds.
#[derive(Default)]
struct Hands<H> {
    own: H,
    sample: Sample,
    reading: source::Scratch,
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
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).sample.join(hands.sample, self.wanted.verify);
        Ok(())
    }
}

impl<S: Supply, C: Count> Walk<'_, S, C> {
    fn read(&self, number: usize, unit: &S::Unit, hands: &mut Hands<C::Hands>, pace: &Pace) -> Result<()> {
        let Hands { own, sample, reading } = hands;
        let (file, mut told) = (self.supply.file_of(unit), 0);
        let report = self.supply.read(unit, reading, &mut |batch| {
            pace.advance(batch.stored() - told)?;
            told = batch.stored();
            self.documents.fetch_add(batch.spans().len() as u64, Ordering::Relaxed);
            self.offer(number, unit, batch, sample);
            self.count.count(number, file, batch, own, pace)
        })?;
        self.count.end(number, file, &report, own, pace)?;
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).reports.insert(number, report);
        pace.advance(self.supply.bytes_of(unit).saturating_sub(told))
    }

    fn offer(&self, number: usize, unit: &S::Unit, batch: &Batch, sample: &mut Sample) {
        for (place, document) in (batch.first()..).zip(batch.documents()) {
            let drawn = || Drawn::new(self.supply.name_of(self.supply.file_of(unit)), &document);
            sample.offer(self.supply.key_of(number, unit), place, self.wanted.verify, drawn);
        }
    }
}
