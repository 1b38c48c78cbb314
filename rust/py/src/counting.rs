//! Counts of any supply of documents as columns for Python.

use std::collections::BTreeMap;
use std::sync::Arc;

use glotgap_core::tokens::documents::{self, Rows};
use glotgap_core::tokens::scan;
use glotgap_core::tokens::supply::Supply;
use glotgap_core::tokens::tally::Tally;
use glotgap_core::tokens::tokenizer::Tokenizer;
use glotgap_core::tokens::totals::TokenTotals;
use glotgap_core::tokens::walk::{Seen, Walked, Wanted};
use glotgap_core::tokens::words::{Segmenter, Words};
use glotgap_core::{Error, Result};
use numpy::{Element, IntoPyArray};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::cutter::{Callable, Raised};
use crate::documents_file::DocumentsFile;
use crate::error::exception;
use crate::reading::written;
use crate::run::{Shown, raising, watched_by};
use crate::tokens;

/// What is asked of a count, as a dict.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Asked<'py> {
    tokenizers: Vec<PyRef<'py, tokens::Tokenizer>>,
    words: String,
    /// What finds words, where `words` names none of the core's ways.
    cut: Option<Py<PyAny>>,
    memory: usize,
    verify: usize,
    threads: Option<Bound<'py, PyAny>>,
    progress: Option<Py<PyAny>>,
}

/// A dict of columns, a report for each unit, how many documents were counted again, and by language, where words are
/// what lies between spaces, all letters and those of scripts without spaces.
pub type Counted<'py> = (Bound<'py, PyDict>, Vec<String>, usize, BTreeMap<String, (u64, u64)>);

/// A progress callback hears whether documents are read (or counted again), how many bytes (or documents) of how many
/// are done, and how many documents were read.
impl Shown for Seen {
    fn is_last(&self) -> bool {
        self.done == self.total
    }

    fn show(self, py: Python<'_>, progress: &Py<PyAny>) -> PyResult<()> {
        progress.call1(py, (self.reading, self.done, self.total, self.documents)).map(drop)
    }
}

/// One row a language and tokenizer.
pub fn by_language<'py>(py: Python<'py>, supply: &impl Supply, asked: Asked<'py>) -> PyResult<Counted<'py>> {
    let job = Job::new(asked)?;
    let tokenizers = job.tokenizers();
    let wanted = job.wanted(&tokenizers);
    let work = |threads, look: Look| scan::scan(supply, &wanted, threads, look);
    let found = job.watched(py, work)?;
    counted(columns(py, &found, &tokenizers)?, &found.walked)
}

/// A column of documents, and one of tallies, one a document and tokenizer.
pub fn by_document<'py>(
    py: Python<'py>,
    supply: &impl Supply,
    before: u64,
    asked: Asked<'py>,
) -> PyResult<Counted<'py>> {
    let mut all = Documents::default();
    let mut take = |rows: &Rows| {
        all.add(rows);
        Ok(())
    };
    let walked = documents(py, supply, before, asked, &mut take)?;
    let columns = all.columns(py)?;
    columns.set_item("languages", supply.names().all().iter().map(ToString::to_string).collect::<Vec<_>>())?;
    counted(columns, &walked)
}

/// The same into `file`: no columns come back.
pub fn into_file<'py>(
    py: Python<'py>,
    supply: &impl Supply,
    before: u64,
    asked: Asked<'py>,
    file: &DocumentsFile,
) -> PyResult<Counted<'py>> {
    let walked = documents(py, supply, before, asked, &mut |rows| file.with(|file| file.add(rows, supply.names())))?;
    py.detach(|| file.with(|file| file.flush(supply.names()))).map_err(|e| exception(&e))?;
    counted(PyDict::new(py), &walked)
}

fn documents<'py>(
    py: Python<'py>,
    supply: &impl Supply,
    before: u64,
    asked: Asked<'py>,
    take: &mut (dyn FnMut(&Rows) -> Result<()> + Send),
) -> PyResult<Walked> {
    let job = Job::new(asked)?;
    let tokenizers = job.tokenizers();
    let wanted = job.wanted(&tokenizers);
    job.watched(py, |threads, look: Look| documents::scan(supply, &wanted, before, take, threads, look))
}

type Look<'a> = &'a mut dyn FnMut(Seen) -> Result<()>;

fn counted<'py>(columns: Bound<'py, PyDict>, walked: &Walked) -> PyResult<Counted<'py>> {
    let reports = walked.reports.iter().map(written).collect::<PyResult<_>>()?;
    let letters = walked.letters.iter().map(|(name, letters)| (name.clone(), (letters.all, letters.unspaced)));
    Ok((columns, reports, walked.verified, letters.collect()))
}

/// What is asked, without Python's types.
struct Job<'py> {
    tokenizers: Vec<Arc<Tokenizer>>,
    segmenter: Segmenter,
    memory: usize,
    verify: usize,
    threads: Option<Bound<'py, PyAny>>,
    progress: Option<Py<PyAny>>,
    /// What a callable raised.
    raised: Raised,
}

impl<'py> Job<'py> {
    fn new(asked: Asked<'py>) -> PyResult<Self> {
        let Asked { tokenizers, words, cut, memory, verify, threads, progress } = asked;
        let raised = Raised::default();
        let kind = match cut {
            Some(function) => Words::By(Box::new(Callable::new(function, Arc::clone(&raised)))),
            None => kind(&words).map_err(|e| exception(&e))?,
        };
        let tokenizers = tokenizers.iter().map(|one| Arc::clone(&one.0)).collect();
        Ok(Self { tokenizers, segmenter: Segmenter::new(kind), memory, verify, threads, progress, raised })
    }

    fn watched<T: Send>(&self, py: Python<'py>, work: impl FnOnce(usize, Look) -> Result<T> + Send) -> PyResult<T> {
        let progress = self.progress.as_ref().map(|progress| progress.clone_ref(py));
        raising(&self.raised, watched_by(py, self.threads.clone(), progress, work))
    }

    fn tokenizers(&self) -> Vec<&Tokenizer> {
        self.tokenizers.iter().map(AsRef::as_ref).collect()
    }

    fn wanted<'a>(&'a self, tokenizers: &'a [&'a Tokenizer]) -> Wanted<'a> {
        Wanted { tokenizers, segmenter: &self.segmenter, memory: self.memory, verify: self.verify }
    }
}

fn kind(words: &str) -> Result<Words> {
    match words {
        "icu" => Ok(Words::Icu),
        "unicode" => Ok(Words::Unicode),
        "whitespace" => Ok(Words::Whitespace),
        "conllu" => Ok(Words::Given),
        "none" => Ok(Words::None),
        other => {
            Err(Error::bad_argument(format!("words is {other:?}"), "give icu, unicode, whitespace, conllu or none"))
        }
    }
}

/// A row for each language and tokenizer (by its number), languages in order.
fn columns<'py>(py: Python<'py>, found: &scan::Found, tokenizers: &[&Tokenizer]) -> PyResult<Bound<'py, PyDict>> {
    let rows: Vec<_> = found
        .totals
        .iter()
        .flat_map(|(language, all)| all.tokenizers.iter().enumerate().map(move |(i, one)| (language, all, i, one)))
        .collect();
    let columns = PyDict::new(py);
    columns.set_item("group", rows.iter().map(|(language, ..)| language.as_str()).collect::<Vec<_>>())?;
    let put = |name: &str, column: Vec<u64>| columns.set_item(name, column.into_pyarray(py));
    put("tokenizer", rows.iter().map(|row| row.2 as u64).collect())?;
    put("docs", rows.iter().map(|row| row.1.documents).collect())?;
    put("bytes", rows.iter().map(|row| row.1.bytes).collect())?;
    put("chars", rows.iter().map(|row| row.1.chars).collect())?;
    put("words", rows.iter().map(|row| row.1.words).collect())?;
    put("tokens", rows.iter().map(|row| row.3.tokens()).collect())?;
    put("word_tokens", rows.iter().map(|row| row.3.word_tokens).collect())?;
    put("words_split", rows.iter().map(|row| row.3.words_split).collect())?;
    put("words_single", rows.iter().map(|row| row.3.words_single).collect())?;
    put("unk", rows.iter().map(|row| row.3.unknown(&tokenizers[row.2].kinds)).collect())?;
    put("fallback", rows.iter().map(|row| row.3.fallback(&tokenizers[row.2].kinds)).collect())?;
    let ids =
        |row: &(_, _, usize, &TokenTotals)| row.3.frequencies.keys().copied().collect::<Vec<u32>>().into_pyarray(py);
    let times =
        |row: &(_, _, usize, &TokenTotals)| row.3.frequencies.values().copied().collect::<Vec<u64>>().into_pyarray(py);
    columns.set_item("token_ids", rows.iter().map(ids).collect::<Vec<_>>())?;
    columns.set_item("token_counts", rows.iter().map(times).collect::<Vec<_>>())?;
    Ok(columns)
}

/// The rows of all documents, one behind the other.
#[derive(Default)]
struct Documents {
    files: Vec<u64>,
    rows: Rows,
}

impl Documents {
    fn add(&mut self, rows: &Rows) {
        self.files.resize(self.files.len() + rows.numbers.len(), rows.file as u64);
        self.rows.numbers.extend_from_slice(&rows.numbers);
        self.rows.languages.extend_from_slice(&rows.languages);
        self.rows.bytes.extend_from_slice(&rows.bytes);
        self.rows.chars.extend_from_slice(&rows.chars);
        self.rows.words.extend_from_slice(&rows.words);
        self.rows.tallies.extend_from_slice(&rows.tallies);
    }

    fn columns(self, py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        let columns = PyDict::new(py);
        let tallies = |of: fn(&Tally) -> u32| self.rows.tallies.iter().map(|tally| u64::from(of(tally))).collect();
        let (tokens, unknown, fallback) =
            (tallies(|tally| tally.tokens), tallies(|tally| tally.unknown), tallies(|tally| tally.fallback));
        put(&columns, "file", self.files)?;
        put(&columns, "document", self.rows.numbers)?;
        put(&columns, "language", self.rows.languages)?;
        put(&columns, "bytes", self.rows.bytes)?;
        put(&columns, "chars", self.rows.chars)?;
        put(&columns, "words", self.rows.words)?;
        put::<u64>(&columns, "tokens", tokens)?;
        put::<u64>(&columns, "unk", unknown)?;
        put::<u64>(&columns, "fallback", fallback)?;
        Ok(columns)
    }
}

fn put<T: Element>(columns: &Bound<'_, PyDict>, name: &str, column: Vec<T>) -> PyResult<()> {
    columns.set_item(name, column.into_pyarray(columns.py()))
}
