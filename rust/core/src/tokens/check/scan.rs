//! Checks a corpus: each thread takes units, and what it found in one is added to the tally of its file and language.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use super::look::Look;
use super::rows::{self, Row};
use super::seen::Seen;
use super::tally::{At, Check, Tally};
use crate::error::{Error, Result};
use crate::tokens::source::{self, Batch, Corpus, Report};
use crate::work::{self, Pace, Work};

/// What was found.
pub struct Found {
    /// A row for each file, language and check that found something, in no order.
    pub rows: Vec<Row>,
    /// What each unit's reading came to.
    pub reports: Vec<Report>,
    /// One in 2^level documents was compared with all others of its kind; duplicates are exact at level 0.
    pub level: u32,
}

/// Tallies by file and language.
pub(super) type Tallies = BTreeMap<(usize, u32), Tally>;

/// Checks all of `corpus`; the hashes of documents may take `memory` bytes. See [`work::run`] for `threads` and `watch`.
pub fn scan(
    corpus: &Corpus,
    memory: usize,
    threads: usize,
    watch: impl FnMut(u64, u64) -> Result<()>,
) -> Result<Found> {
    if u32::try_from(corpus.units().len()).is_err() {
        return Err(Error::bad_argument("the corpus has more than 2^32 parts", "check some of its files at a time"));
    }
    let reports = vec![Report::default(); corpus.units().len()];
    let outcome = Mutex::new(Outcome { tallies: Tallies::new(), reports });
    let job = Scan { corpus, seen: Seen::new(memory), outcome };
    work::run(&job, threads, watch)?;
    let Outcome { mut tallies, reports } = job.outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
    let duplicates = job.seen.duplicates();
    for ((unit, language), count) in duplicates.found {
        let file = corpus.units()[unit as usize].file;
        tallies.entry((file, language)).or_default().of(Check::Duplicate).join(count);
    }
    Ok(Found { rows: rows::rows(corpus, &tallies, &reports), reports, level: duplicates.level })
}

struct Scan<'a> {
    corpus: &'a Corpus,
    seen: Seen,
    outcome: Mutex<Outcome>,
}

struct Outcome {
    tallies: Tallies,
    reports: Vec<Report>,
}

/// What a thread holds; the tallies are those of one unit, by language.
#[derive(Default)]
struct Hands {
    tallies: HashMap<u32, Tally>,
    look: Look,
    reading: source::Scratch,
}

impl Work for Scan<'_> {
    type Scratch = Hands;

    fn steps(&self) -> usize {
        self.corpus.units().len()
    }

    fn total_bytes(&self) -> u64 {
        self.corpus.bytes()
    }

    fn step(&self, unit: usize, hands: &mut Hands, pace: &Pace) -> Result<u64> {
        let Hands { tallies, look, reading } = hands;
        let mut told = 0;
        let report = self.corpus.read(unit, reading, &mut |batch| {
            pace.advance(batch.stored() - told)?;
            told = batch.stored();
            self.take(batch, unit, look, tallies);
            Ok(())
        })?;
        self.add_line_ends(&report, unit, tallies);
        self.hand_in(tallies, report, unit);
        Ok(self.corpus.units()[unit].bytes.saturating_sub(told))
    }

    fn finish(&self, _: Hands) -> Result<()> {
        Ok(())
    }
}

impl Scan<'_> {
    fn take(&self, batch: &Batch, unit: usize, look: &mut Look, tallies: &mut HashMap<u32, Tally>) {
        for document in batch.documents() {
            let at = At { unit: unit as u32, place: document.place };
            look.take(document.text, at, tallies.entry(document.language).or_default());
            self.seen.see(document.text, at, document.language);
        }
    }

    /// Line ends between documents are in none of them: the reader counts those with a carriage return.
    fn add_line_ends(&self, report: &Report, unit: usize, tallies: &mut HashMap<u32, Tally>) {
        let Some(place) = report.first_crlf else { return };
        let language = self.corpus.language_of(self.corpus.units()[unit].file);
        let count = tallies.entry(language).or_default().of(Check::CrLf);
        let at = At { unit: unit as u32, place };
        count.note(report.crlf, 2 * report.crlf, at, || "<U+000D><U+000A>".to_owned());
        count.documents += report.crlf;
    }

    fn hand_in(&self, tallies: &mut HashMap<u32, Tally>, report: Report, unit: usize) {
        let file = self.corpus.units()[unit].file;
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        outcome.reports[unit] = report;
        for (language, tally) in tallies.drain() {
            outcome.tallies.entry((file, language)).or_default().join(tally);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::fs;

    use super::*;
    use crate::tokens::source::{Documents, Lang, Options};

    /// Two files with all that is looked for, in many lines.
    fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
        let odd = [
            "plain text",
            "e\u{301}",
            "\u{200b}a",
            "ေနေကာင္း",
            "\u{1}",
            "да no",
            "\0",
            "\u{fffd}",
            "line\r",
            "",
            "x\u{feff}",
        ];
        let line = |i: usize| format!("{} {}\n", odd[i % odd.len()], i % 7);
        let text: String = (0..300).map(line).collect();
        let paths = ["eng.txt", "mya.txt"].map(|name| folder.join(name));
        fs::write(&paths[0], &text).unwrap();
        fs::write(&paths[1], format!("\u{feff}{text}\r\n\r\nend")).unwrap();
        paths.to_vec()
    }

    fn checked(paths: &[std::path::PathBuf], documents: Documents, chunk: u64, threads: usize) -> Vec<Row> {
        let options = Options { lang: Lang::Filename, documents, chunk, ..Options::default() };
        let corpus = Corpus::open(paths, &options).unwrap();
        let mut rows = scan(&corpus, 1 << 20, threads, |_, _| Ok(())).unwrap().rows;
        rows.sort_by_key(|row| (row.file, row.check, row.detail.clone()));
        rows
    }

    #[test]
    fn neither_chunks_nor_threads_change_a_row() {
        let folder = tempfile::tempdir().unwrap();
        let paths = files(folder.path());
        for documents in [Documents::Line, Documents::Blank, Documents::File] {
            let whole = checked(&paths, documents, 1 << 20, 1);
            assert!(whole.len() > 30, "{whole:#?}");
            for (chunk, threads) in [(64, 1), (64, 2), (100, 3), (1000, 3), (1 << 20, 2)] {
                assert_eq!(whole, checked(&paths, documents, chunk, threads), "{documents:?} {chunk} {threads}");
            }
        }
    }
}
