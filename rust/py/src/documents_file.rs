//! The file of DOCUMENTS for Python.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use glotgap_core::tokens::documents_file;
use glotgap_core::{Error, Result};
use pyo3::prelude::*;

use crate::error::exception;

/// A Parquet file of DOCUMENTS that is being written.
#[pyclass(frozen, module = "glotgap._core")]
pub struct DocumentsFile(Mutex<Option<documents_file::DocumentsFile>>);

#[pymethods]
impl DocumentsFile {
    /// Writes to `path`, which exists.
    #[new]
    #[pyo3(signature = (path, *, sources, tokenizers, has_words))]
    fn new(path: PathBuf, sources: Vec<String>, tokenizers: Vec<String>, has_words: bool) -> PyResult<Self> {
        let file = documents_file::DocumentsFile::create(&path, &sources, &tokenizers, has_words);
        file.map(|file| Self(Mutex::new(Some(file)))).map_err(|e| exception(&e))
    }

    /// Adds the rows of another such file.
    fn append(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| self.with(|file| file.append(&path))).map_err(|e| exception(&e))
    }

    /// Ends the file, with how it was made.
    fn close(&self, py: Python<'_>, metadata: BTreeMap<String, String>) -> PyResult<()> {
        let file = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        py.detach(|| file.map_or_else(closed, |file| file.close(metadata))).map_err(|e| exception(&e))
    }
}

impl DocumentsFile {
    pub fn with<T>(&self, job: impl FnOnce(&mut documents_file::DocumentsFile) -> Result<T>) -> Result<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map_or_else(closed, job)
    }
}

fn closed<T>() -> Result<T> {
    Err(Error::bad_argument("the file is closed", "write to a new one"))
}
