//! The tokens room for Python: tokenizers.

use std::collections::BTreeMap;
use std::sync::Arc;

use glotgap_core::tokens::words::{self, Segmenter, Words};
use glotgap_core::tokens::{count, reference, tokenizer};
use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;

use crate::error::exception;
use crate::run::watched;
use crate::texts::Texts;

/// Versions that decide what is counted: of the reference and of the word segmenter.
#[pyfunction]
pub fn versions() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([("tokenizers", reference::VERSION), ("icu_segmenter", words::ICU_VERSION)])
}

/// How many words each text has, by the segmenter that knows scripts without spaces.
#[pyfunction]
pub fn count_words(py: Python<'_>, texts: Vec<String>) -> Vec<u64> {
    py.detach(|| {
        let segmenter = Segmenter::new(Words::Icu);
        texts.iter().map(|text| segmenter.count(text)).collect()
    })
}

/// A tokenizer that counts.
#[pyclass(frozen, module = "glotgap._core")]
pub struct Tokenizer(pub(crate) Arc<tokenizer::Tokenizer>);

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
