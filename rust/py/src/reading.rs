//! What Python says about how documents are read, and what the reading came to.

use glotgap_core::tokens::source::{Documents, Format, Invalid, Lang, Options, Report};
use glotgap_core::{Error, Result};
use pyo3::prelude::*;

use crate::error::exception;

/// The options of a reading, as a dict.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Reading {
    lang: String,
    lang_from: String,
    text_field: String,
    documents: String,
    invalid: String,
    format: Option<String>,
    /// Whether the words of CoNLL-U are read.
    words: bool,
}

impl Reading {
    /// The same for the core.
    pub fn options(&self) -> Result<Options> {
        Ok(Options {
            lang: self.lang_option()?,
            text_field: self.text_field.clone(),
            documents: match self.documents.as_str() {
                "line" => Documents::Line,
                "file" => Documents::File,
                "blank" => Documents::Blank,
                other => return Err(unknown("documents", other, "line, file or blank")),
            },
            invalid: match self.invalid.as_str() {
                "skip" => Invalid::Skip,
                "replace" => Invalid::Replace,
                other => return Err(unknown("invalid", other, "skip or replace")),
            },
            format: self.format.as_deref().map(format_of).transpose()?,
            words: self.words,
            ..Options::default()
        })
    }

    fn lang_option(&self) -> Result<Lang> {
        match self.lang_from.as_str() {
            "fixed" => Ok(Lang::Fixed(self.lang.clone())),
            "field" => Ok(Lang::Field(self.lang.clone())),
            "filename" => Ok(Lang::Filename),
            "directory" => Ok(Lang::Directory),
            "none" => Ok(Lang::None),
            other => Err(unknown("lang_from", other, "fixed, field, filename, directory or none")),
        }
    }
}

fn format_of(name: &str) -> Result<Format> {
    match name {
        "text" => Ok(Format::Text),
        "jsonl" => Ok(Format::JsonLines),
        "csv" => Ok(Format::Csv),
        "tsv" => Ok(Format::Tsv),
        "conllu" => Ok(Format::Conllu),
        "parquet" => Ok(Format::Parquet),
        "arrow" => Ok(Format::ArrowFile),
        "arrow-stream" => Ok(Format::ArrowStream),
        other => Err(unknown("format", other, "text, jsonl, csv, tsv, conllu, parquet, arrow or arrow-stream")),
    }
}

fn unknown(option: &str, given: &str, choices: &str) -> Error {
    Error::bad_argument(format!("{option} is {given:?}"), format!("give {choices}"))
}

/// A report as text.
pub fn written(report: &Report) -> PyResult<String> {
    serde_json::to_string(report).map_err(|e| exception(&Error::bad_argument(e.to_string(), "")))
}

/// A report from its text.
pub fn read(report: &str) -> PyResult<Report> {
    serde_json::from_str(report)
        .map_err(|e| exception(&Error::bad_argument(format!("not a report of a scan: {e}"), "start the scan anew")))
}
