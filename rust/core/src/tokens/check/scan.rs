//! Checks the documents of a supply, walked through as by a scan: what is found in a unit is added to the tally of its
//! file and language.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use super::look::Look;
use super::rows::{self, Row};
use super::seen::Seen;
use super::tally::{At, Check, Tally};
use crate::error::{Error, Result};
use crate::tokens::given::Given;
use crate::tokens::source::{Batch, Report};
use crate::tokens::supply::Supply;
use crate::tokens::walk::{Count, Seen as Progress, Unit, Wanted, walk};
use crate::tokens::words::{Segmenter, Words};

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

/// Checks all documents of `supply`; their hashes may take `memory` bytes. See [`work::run`](crate::work::run) for
/// `threads` and `watch`.
pub fn scan<S: Supply>(
    supply: &S,
    memory: usize,
    threads: usize,
    watch: impl FnMut(Progress) -> Result<()>,
) -> Result<Found> {
    let check = ByFile { supply, seen: Seen::new(memory), outcome: Mutex::default() };
    let segmenter = Segmenter::new(Words::None);
    let wanted = Wanted { tokenizers: &[], segmenter: &segmenter, memory, verify: 0 };
    let reports = walk(supply, &check, &wanted, threads, watch)?.reports;
    let Outcome { mut tallies, files } = check.outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
    let files: Vec<usize> = files.into_values().collect();
    let duplicates = check.seen.duplicates();
    for ((unit, language), count) in duplicates.found {
        tallies.entry((files[unit as usize], language)).or_default().of(Check::Duplicate).join(count);
    }
    Ok(Found { rows: rows::rows(supply.names(), &files, &tallies, &reports), reports, level: duplicates.level })
}

struct ByFile<'a, S> {
    supply: &'a S,
    seen: Seen,
    outcome: Mutex<Outcome>,
}

#[derive(Default)]
struct Outcome {
    tallies: Tallies,
    /// The file of each unit.
    files: BTreeMap<usize, usize>,
}

/// What a thread holds; the tallies are those of one unit, by language.
#[derive(Default)]
struct Hands {
    tallies: HashMap<u32, Tally>,
    look: Look,
}

impl<S: Supply> Count for ByFile<'_, S> {
    type Hands = Hands;

    fn count(&self, unit: &Unit, batch: &Batch, _: Option<&Given>, Hands { tallies, look }: &mut Hands) -> Result<()> {
        let number = numbered(unit)?;
        for document in batch.documents() {
            unit.pace.advance(0)?;
            let at = At { unit: number, place: document.place };
            look.take(document.text, at, tallies.entry(document.language).or_default());
            self.seen.see(document.text, at, document.language);
        }
        Ok(())
    }

    fn end(&self, unit: &Unit, report: &Report, Hands { tallies, .. }: &mut Hands) -> Result<()> {
        self.add_line_ends(unit, report, tallies)?;
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        outcome.files.insert(unit.number, unit.file);
        for (language, tally) in tallies.drain() {
            outcome.tallies.entry((unit.file, language)).or_default().join(tally);
        }
        Ok(())
    }

    fn finish(&self, _: Hands) -> Result<()> {
        Ok(())
    }
}

impl<S: Supply> ByFile<'_, S> {
    /// Line ends between documents are in none of them: the reader counts those with a carriage return.
    fn add_line_ends(&self, unit: &Unit, report: &Report, tallies: &mut HashMap<u32, Tally>) -> Result<()> {
        if let Some((place, language)) = report.first_crlf.zip(self.supply.language_of(unit.file)) {
            let count = tallies.entry(language).or_default().of(Check::CrLf);
            let at = At { unit: numbered(unit)?, place };
            count.note(report.crlf, 2 * report.crlf, at, || "<U+000D><U+000A>".to_owned());
            count.documents += report.crlf;
        }
        Ok(())
    }
}

fn numbered(unit: &Unit) -> Result<u32> {
    u32::try_from(unit.number)
        .map_err(|_| Error::bad_argument("the corpus has more than 2^32 parts", "check some of its files at a time"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::fs;

    use super::*;
    use crate::tokens::source::{Corpus, Documents, Lang, Options};
    use crate::tokens::supply::Units;

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
        let all: Vec<usize> = (0..corpus.units().len()).collect();
        let mut rows = scan(&Units::new(&corpus, &all), 1 << 20, threads, |_| Ok(())).unwrap().rows;
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
