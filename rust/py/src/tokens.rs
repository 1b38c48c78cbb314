//! The tokens room for Python.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use glotgap_core::tokens::source::{self, Documents, Format, Invalid, Lang, Report};
use glotgap_core::tokens::tally::Tally;
use glotgap_core::tokens::words::{Segmenter, Words};
use glotgap_core::tokens::{check, count, documents, reference, scan, tokenizer, words};
use glotgap_core::{Error, Result};
use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::exception;
use crate::run::watched;
use crate::texts::Texts;

/// Versions that decide what is counted: of the reference and of the word segmenter.
#[pyfunction]
pub fn versions() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([("tokenizers", reference::VERSION), ("icu_segmenter", words::ICU_VERSION)])
}

/// A tokenizer that counts.
#[pyclass(frozen, module = "glotgap._core")]
pub struct Tokenizer(Arc<tokenizer::Tokenizer>);

#[pymethods]
impl Tokenizer {
    /// Reads the text of a `tokenizer.json`.
    #[staticmethod]
    fn from_json(py: Python<'_>, json: &str) -> PyResult<Self> {
        let read = py.detach(|| tokenizer::Tokenizer::from_json(json));
        read.map(|tokenizer| Self(Arc::new(tokenizer))).map_err(|e| exception(&e))
    }

    /// Options of its file that are left out.
    #[getter]
    fn left_out(&self) -> Vec<&'static str> {
        self.0.left_out.clone()
    }

    /// How many tokens there are, added ones included.
    #[getter]
    fn vocabulary(&self) -> usize {
        self.0.reference().tokenizer().get_vocab_size(true)
    }

    /// Each shortcut, and why it is off; None where it is on.
    fn plan(&self) -> Vec<(&'static str, Option<String>)> {
        self.0.plan()
    }

    /// The token numbers of a text, without special tokens.
    fn encode(&self, py: Python<'_>, text: &str) -> PyResult<Vec<u32>> {
        py.detach(|| self.0.ids(text)).map_err(|e| exception(&e))
    }

    /// How many tokens each text has.
    #[pyo3(signature = (texts, *, threads=None, progress=None))]
    fn count<'py>(
        &self,
        py: Python<'py>,
        texts: &Bound<'py, PyAny>,
        threads: Option<Bound<'py, PyAny>>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyArray1<u32>>> {
        let texts = Texts::of(texts)?;
        let texts = texts.slices()?;
        let counts = watched(py, threads, progress, |threads, look| count::count(&self.0, &texts, threads, look))?;
        Ok(counts.into_pyarray(py))
    }
}

/// An opened corpus.
#[pyclass(frozen, module = "glotgap._core")]
pub struct Corpus(source::Corpus);

#[pymethods]
impl Corpus {
    /// Opens files, directories and patterns; nothing is read yet but the head of each file.
    #[staticmethod]
    #[pyo3(signature = (paths, *, lang, lang_from, text_field, documents, invalid, format))]
    #[allow(clippy::too_many_arguments, reason = "keyword-only in Python")]
    fn open(
        py: Python<'_>,
        paths: Vec<PathBuf>,
        lang: &str,
        lang_from: &str,
        text_field: &str,
        documents: &str,
        invalid: &str,
        format: Option<&str>,
    ) -> PyResult<Self> {
        let options = options(lang, lang_from, text_field, documents, invalid, format).map_err(|e| exception(&e))?;
        py.detach(|| source::Corpus::open(&paths, &options)).map(Self).map_err(|e| exception(&e))
    }

    /// (id, stored bytes) of each unit of work.
    #[getter]
    fn units(&self) -> Vec<(String, u64)> {
        self.0.units().iter().enumerate().map(|(i, unit)| (self.0.id(i), unit.bytes)).collect()
    }

    /// The files.
    #[getter]
    fn files(&self) -> Vec<PathBuf> {
        self.0.files().map(PathBuf::from).collect()
    }

    /// (file, reason) of everything that was not taken.
    #[getter]
    fn passed_over(&self) -> Vec<(PathBuf, &'static str)> {
        self.0.passed_over().iter().map(|over| (over.path.clone(), over.why)).collect()
    }

    /// Scans some units: a dict of columns, one row a language and tokenizer; the reports; how many were verified.
    #[pyo3(signature = (units, tokenizers, *, words, memory, verify, threads=None, progress=None))]
    #[allow(clippy::too_many_arguments, reason = "keyword-only in Python")]
    fn scan<'py>(
        &self,
        py: Python<'py>,
        units: Vec<usize>,
        tokenizers: Vec<PyRef<'py, Tokenizer>>,
        words: &str,
        memory: usize,
        verify: usize,
        threads: Option<Bound<'py, PyAny>>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<(Bound<'py, PyDict>, Vec<String>, usize)> {
        let tokenizers: Vec<Arc<tokenizer::Tokenizer>> = tokenizers.iter().map(|one| Arc::clone(&one.0)).collect();
        let tokenizers: Vec<&tokenizer::Tokenizer> = tokenizers.iter().map(AsRef::as_ref).collect();
        let segmenter = Segmenter::new(kind(words).map_err(|e| exception(&e))?);
        let wanted = scan::Wanted { tokenizers: &tokenizers, segmenter: &segmenter, memory, verify };
        let found =
            watched(py, threads, progress, |threads, look| scan::scan(&self.0, &units, &wanted, threads, look))?;
        let reports = found.reports.iter().map(written).collect::<PyResult<_>>()?;
        Ok((columns(py, &found, &tokenizers)?, reports, found.verified))
    }

    /// Counts the documents of some units: a dict of columns, one entry a document, and of tallies, one a document and
    /// tokenizer; the reports; how many were verified.
    #[pyo3(signature = (units, tokenizers, *, words, memory, verify, threads=None, progress=None))]
    #[allow(clippy::too_many_arguments, reason = "keyword-only in Python")]
    fn documents<'py>(
        &self,
        py: Python<'py>,
        units: Vec<usize>,
        tokenizers: Vec<PyRef<'py, Tokenizer>>,
        words: &str,
        memory: usize,
        verify: usize,
        threads: Option<Bound<'py, PyAny>>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<(Bound<'py, PyDict>, Vec<String>, usize)> {
        let tokenizers: Vec<Arc<tokenizer::Tokenizer>> = tokenizers.iter().map(|one| Arc::clone(&one.0)).collect();
        let tokenizers: Vec<&tokenizer::Tokenizer> = tokenizers.iter().map(AsRef::as_ref).collect();
        let segmenter = Segmenter::new(kind(words).map_err(|e| exception(&e))?);
        let wanted = scan::Wanted { tokenizers: &tokenizers, segmenter: &segmenter, memory, verify };
        let job = |threads, look: &mut dyn FnMut(u64, u64) -> Result<()>| {
            documents::scan(&self.0, &units, &wanted, threads, look)
        };
        let found = watched(py, threads, progress, job)?;
        let reports = found.reports.iter().map(written).collect::<PyResult<_>>()?;
        Ok((document_columns(py, &self.0, &units, &found)?, reports, found.verified))
    }

    /// The language of each file's documents; None where the documents name their own.
    #[getter]
    fn languages(&self) -> Vec<Option<String>> {
        self.0.languages()
    }

    /// Checks the text of all units: a dict of columns, one row a file, language and check; the reports; and the level,
    /// for one in 2^level documents was compared with the others.
    #[pyo3(signature = (*, memory, threads=None, progress=None))]
    fn check<'py>(
        &self,
        py: Python<'py>,
        memory: usize,
        threads: Option<Bound<'py, PyAny>>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<(Bound<'py, PyDict>, Vec<String>, u32)> {
        let found = watched(py, threads, progress, |threads, look| check::scan(&self.0, memory, threads, look))?;
        let reports = found.reports.iter().map(written).collect::<PyResult<_>>()?;
        Ok((check_columns(py, &found.rows)?, reports, found.level))
    }

    /// (fault, whether something was lost, file, count, [(line or row, note)]) of all faults in the reports of all units.
    #[allow(clippy::type_complexity, reason = "rows of a table")]
    fn findings(&self, reports: Vec<String>) -> PyResult<Vec<(&'static str, bool, PathBuf, u64, Vec<(u64, String)>)>> {
        let reports: Vec<Report> = reports.iter().map(|report| read(report)).collect::<PyResult<_>>()?;
        let row = |finding: source::Finding| {
            let places = finding.first.into_iter().map(|place| (place.number, place.note)).collect();
            (finding.fault.label(), finding.fault.loses(), finding.file, finding.count, places)
        };
        Ok(self.0.findings(&reports).into_iter().map(row).collect())
    }
}

fn written(report: &Report) -> PyResult<String> {
    serde_json::to_string(report).map_err(|e| exception(&Error::bad_argument(e.to_string(), "")))
}

fn read(report: &str) -> PyResult<Report> {
    serde_json::from_str(report)
        .map_err(|e| exception(&Error::bad_argument(format!("not a report of a scan: {e}"), "start the scan anew")))
}

fn kind(words: &str) -> Result<Words> {
    match words {
        "icu" => Ok(Words::Icu),
        "unicode" => Ok(Words::Unicode),
        "whitespace" => Ok(Words::Whitespace),
        "none" => Ok(Words::None),
        other => Err(Error::bad_argument(format!("words is {other:?}"), "give icu, unicode, whitespace or none")),
    }
}

fn options(
    lang: &str,
    lang_from: &str,
    text_field: &str,
    documents: &str,
    invalid: &str,
    format: Option<&str>,
) -> Result<source::Options> {
    Ok(source::Options {
        lang: match lang_from {
            "fixed" => Lang::Fixed(lang.to_owned()),
            "field" => Lang::Field(lang.to_owned()),
            "filename" => Lang::Filename,
            "directory" => Lang::Directory,
            "none" => Lang::None,
            other => return Err(unknown("lang_from", other, "fixed, field, filename, directory or none")),
        },
        text_field: text_field.to_owned(),
        documents: match documents {
            "line" => Documents::Line,
            "file" => Documents::File,
            "blank" => Documents::Blank,
            other => return Err(unknown("documents", other, "line, file or blank")),
        },
        invalid: match invalid {
            "skip" => Invalid::Skip,
            "replace" => Invalid::Replace,
            other => return Err(unknown("invalid", other, "skip or replace")),
        },
        format: format.map(format_of).transpose()?,
        ..source::Options::default()
    })
}

fn format_of(name: &str) -> Result<Format> {
    match name {
        "text" => Ok(Format::Text),
        "jsonl" => Ok(Format::JsonLines),
        "csv" => Ok(Format::Csv),
        "tsv" => Ok(Format::Tsv),
        "parquet" => Ok(Format::Parquet),
        "arrow" => Ok(Format::ArrowFile),
        "arrow-stream" => Ok(Format::ArrowStream),
        other => Err(unknown("format", other, "text, jsonl, csv, tsv, parquet, arrow or arrow-stream")),
    }
}

fn unknown(option: &str, given: &str, choices: &str) -> Error {
    Error::bad_argument(format!("{option} is {given:?}"), format!("give {choices}"))
}

/// A row for each language and tokenizer (by its number), languages in order.
fn columns<'py>(
    py: Python<'py>,
    found: &scan::Found,
    tokenizers: &[&tokenizer::Tokenizer],
) -> PyResult<Bound<'py, PyDict>> {
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
    let ids = |row: &(_, _, usize, &glotgap_core::tokens::totals::TokenTotals)| {
        row.3.frequencies.keys().copied().collect::<Vec<u32>>().into_pyarray(py)
    };
    let times = |row: &(_, _, usize, &glotgap_core::tokens::totals::TokenTotals)| {
        row.3.frequencies.values().copied().collect::<Vec<u64>>().into_pyarray(py)
    };
    columns.set_item("token_ids", rows.iter().map(ids).collect::<Vec<_>>())?;
    columns.set_item("token_counts", rows.iter().map(times).collect::<Vec<_>>())?;
    Ok(columns)
}

fn document_columns<'py>(
    py: Python<'py>,
    corpus: &source::Corpus,
    units: &[usize],
    found: &documents::Found,
) -> PyResult<Bound<'py, PyDict>> {
    let columns = PyDict::new(py);
    let of_all = |of: fn(&documents::Rows) -> &[u64]| {
        found.rows.iter().flat_map(|rows| of(rows).iter().copied()).collect::<Vec<_>>().into_pyarray(py)
    };
    columns.set_item("place", of_all(|rows| &rows.places))?;
    columns.set_item("bytes", of_all(|rows| &rows.bytes))?;
    columns.set_item("chars", of_all(|rows| &rows.chars))?;
    columns.set_item("words", of_all(|rows| &rows.words))?;
    let tallies = |of: fn(&Tally) -> u32| {
        let all = found.rows.iter().flat_map(|rows| rows.tallies.iter().map(of));
        all.map(u64::from).collect::<Vec<_>>().into_pyarray(py)
    };
    columns.set_item("tokens", tallies(|tally| tally.tokens))?;
    columns.set_item("unk", tallies(|tally| tally.unknown))?;
    columns.set_item("fallback", tallies(|tally| tally.fallback))?;
    let languages = found.rows.iter().flat_map(|rows| rows.languages.iter().copied());
    columns.set_item("language", languages.collect::<Vec<_>>().into_pyarray(py))?;
    columns.set_item("languages", corpus.names().all().iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let files = units.iter().map(|&unit| corpus.units()[unit].file as u64);
    columns.set_item("unit_file", files.collect::<Vec<_>>().into_pyarray(py))?;
    let sizes = found.rows.iter().map(|rows| rows.places.len() as u64);
    columns.set_item("unit_documents", sizes.collect::<Vec<_>>().into_pyarray(py))?;
    let lines = found.reports.iter().map(|report| report.lines);
    columns.set_item("unit_lines", lines.collect::<Vec<_>>().into_pyarray(py))?;
    Ok(columns)
}

/// A row for each file (by its number), language and check.
fn check_columns<'py>(py: Python<'py>, rows: &[check::Row]) -> PyResult<Bound<'py, PyDict>> {
    let columns = PyDict::new(py);
    let texts = |of: fn(&check::Row) -> &str| rows.iter().map(of).collect::<Vec<_>>();
    columns.set_item("group", texts(|row| &row.language))?;
    columns.set_item("check", texts(|row| row.check))?;
    columns.set_item("detail", rows.iter().map(|row| row.detail.as_deref()).collect::<Vec<_>>())?;
    columns.set_item("example", texts(|row| &row.example))?;
    let numbers = |of: fn(&check::Row) -> u64| rows.iter().map(of).collect::<Vec<_>>().into_pyarray(py);
    columns.set_item("file", numbers(|row| row.file as u64))?;
    columns.set_item("documents", numbers(|row| row.documents))?;
    columns.set_item("occurrences", numbers(|row| row.occurrences))?;
    columns.set_item("bytes", numbers(|row| row.bytes))?;
    columns.set_item("place", numbers(|row| row.place))?;
    Ok(columns)
}
