//! Where the documents of a scan come from: units of a corpus, or a queue that is filled while it is emptied.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arrow_array::RecordBatch;

use crate::error::Result;
use crate::tokens::source::{Batch, Columns, Corpus, Names, Report, Scratch};
use crate::work::Pace;

/// Units of documents, each of which one thread reads.
pub trait Supply: Sync {
    /// A piece that is read by itself.
    type Unit;

    /// The next unit and its number, from 0; none if there are no more.
    fn next(&self, pace: &Pace) -> Result<Option<(usize, Self::Unit)>>;

    /// Reads a unit; see [`Corpus::read`].
    fn read(
        &self,
        unit: &Self::Unit,
        scratch: &mut Scratch,
        take: &mut dyn FnMut(&Batch) -> Result<()>,
    ) -> Result<Report>;

    /// No more units than this will come.
    fn most_units(&self) -> usize;

    /// Stored bytes of all units; 0 if not known.
    fn bytes(&self) -> u64;

    /// Stored bytes of a unit, or its text's where none are stored.
    fn bytes_of(&self, unit: &Self::Unit, report: &Report) -> u64;

    /// The number of the file that holds the unit.
    fn file_of(&self, unit: &Self::Unit) -> usize;

    /// The name of a file, for people.
    fn name_of(&self, file: usize) -> String;

    /// The language of all documents of a file that name none of their own; none where there are no files.
    fn language_of(&self, file: usize) -> Option<u32>;

    /// A number of the unit that depends on no other scan of the same source.
    fn key_of(&self, number: usize, unit: &Self::Unit) -> usize;

    /// The names of languages.
    fn names(&self) -> &Names;

    /// Whether [`Supply::fill`] has more to do.
    fn is_to_be_filled(&self) -> bool {
        false
    }

    /// Takes in what others give, on the calling thread; returns after some 50 ms.
    fn fill(&self) -> Result<()> {
        Ok(())
    }
}

/// Some units of a corpus.
pub struct Units<'a> {
    corpus: &'a Corpus,
    chosen: &'a [usize],
    next: AtomicUsize,
}

impl<'a> Units<'a> {
    /// These units, in this order.
    pub const fn new(corpus: &'a Corpus, chosen: &'a [usize]) -> Self {
        Self { corpus, chosen, next: AtomicUsize::new(0) }
    }
}

impl Supply for Units<'_> {
    type Unit = usize;

    fn next(&self, _: &Pace) -> Result<Option<(usize, usize)>> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Ok(self.chosen.get(number).map(|&unit| (number, unit)))
    }

    fn read(&self, unit: &usize, scratch: &mut Scratch, take: &mut dyn FnMut(&Batch) -> Result<()>) -> Result<Report> {
        self.corpus.read(*unit, scratch, take)
    }

    fn most_units(&self) -> usize {
        self.chosen.len()
    }

    fn bytes(&self) -> u64 {
        self.chosen.iter().map(|&unit| self.corpus.units()[unit].bytes).sum()
    }

    fn bytes_of(&self, unit: &usize, _: &Report) -> u64 {
        self.corpus.units()[*unit].bytes
    }

    fn file_of(&self, unit: &usize) -> usize {
        self.corpus.units()[*unit].file
    }

    fn name_of(&self, file: usize) -> String {
        self.corpus.files().nth(file).map_or_else(String::new, |path| path.display().to_string())
    }

    fn language_of(&self, file: usize) -> Option<u32> {
        Some(self.corpus.language_of(file))
    }

    fn key_of(&self, _: usize, unit: &usize) -> usize {
        *unit
    }

    fn names(&self) -> &Names {
        self.corpus.names()
    }
}

/// Batches of columns that the caller gives one by one, and threads take: few are held at a time.
pub struct Queue<'a, F> {
    columns: &'a Columns,
    give: Mutex<F>,
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    batches: VecDeque<RecordBatch>,
    taken: usize,
    ended: bool,
}

/// How many batches wait at most.
const WAITING: usize = 8;
/// How long the caller or a thread waits before it looks whether the work must stop.
const LOOK: Duration = Duration::from_millis(50);

impl<'a, F: FnMut() -> Result<Option<RecordBatch>> + Send> Queue<'a, F> {
    /// A queue that is filled by `give` until it gives none; `give` is called on the thread that called the scan.
    pub fn new(columns: &'a Columns, give: F) -> Self {
        Self { columns, give: Mutex::new(give), waiting: Mutex::default(), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'g>(&self, guard: MutexGuard<'g, Waiting>) -> MutexGuard<'g, Waiting> {
        self.changed.wait_timeout(guard, LOOK).unwrap_or_else(PoisonError::into_inner).0
    }

    fn add(&self, batch: Option<RecordBatch>) {
        let mut waiting = self.lock();
        waiting.ended = batch.is_none();
        waiting.batches.extend(batch);
        self.changed.notify_all();
    }
}

impl<F: FnMut() -> Result<Option<RecordBatch>> + Send> Supply for Queue<'_, F> {
    type Unit = RecordBatch;

    fn next(&self, pace: &Pace) -> Result<Option<(usize, RecordBatch)>> {
        let mut waiting = self.lock();
        loop {
            pace.advance(0)?;
            if let Some(batch) = waiting.batches.pop_front() {
                waiting.taken += 1;
                self.changed.notify_all();
                return Ok(Some((waiting.taken - 1, batch)));
            }
            if waiting.ended {
                return Ok(None);
            }
            waiting = self.wait(waiting);
        }
    }

    fn read(
        &self,
        unit: &RecordBatch,
        scratch: &mut Scratch,
        take: &mut dyn FnMut(&Batch) -> Result<()>,
    ) -> Result<Report> {
        self.columns.read(unit, scratch, take)
    }

    fn most_units(&self) -> usize {
        usize::MAX
    }

    fn bytes(&self) -> u64 {
        0
    }

    fn bytes_of(&self, _: &RecordBatch, report: &Report) -> u64 {
        report.text_bytes
    }

    fn file_of(&self, _: &RecordBatch) -> usize {
        0
    }

    fn name_of(&self, _: usize) -> String {
        "the documents given".to_owned()
    }

    fn language_of(&self, _: usize) -> Option<u32> {
        None
    }

    fn key_of(&self, number: usize, _: &RecordBatch) -> usize {
        number
    }

    fn names(&self) -> &Names {
        self.columns.names()
    }

    fn is_to_be_filled(&self) -> bool {
        !self.lock().ended
    }

    fn fill(&self) -> Result<()> {
        let begin = Instant::now();
        while begin.elapsed() < LOOK && self.is_to_be_filled() {
            if self.lock().batches.len() < WAITING {
                self.add((self.give.lock().unwrap_or_else(PoisonError::into_inner))()?);
            } else {
                drop(self.wait(self.lock()));
            }
        }
        Ok(())
    }
}
