//! Documents that Python gives batch by batch, never all in memory.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use arrow_array::RecordBatch;
use glotgap_core::tokens::source::{self, Finding, Report};
use glotgap_core::tokens::supply::Queue;
use glotgap_core::{Error, Result};
use pyo3::prelude::*;
use pyo3::types::PyIterator;
use pyo3_arrow::input::AnyRecordBatch;

use crate::checking::{Checked, checked};
use crate::corpus::{Found, found};
use crate::counting::{Asked, Counted, by_document, by_language, into_file};
use crate::documents_file::DocumentsFile;
use crate::error::exception;
use crate::reading::{Reading, read};
use crate::run::raising;

/// An iterator of Arrow batches, to be counted once.
#[pyclass(frozen, module = "glotgap._core")]
pub struct Stream {
    batches: Py<PyIterator>,
    columns: source::Columns,
}

#[pymethods]
impl Stream {
    /// Batches whose columns `reading` names; nothing is taken yet.
    #[new]
    fn new(batches: Bound<'_, PyIterator>, reading: Reading) -> PyResult<Self> {
        let columns = reading.options().and_then(|options| source::Columns::new(&options));
        Ok(Self { batches: batches.unbind(), columns: columns.map_err(|e| exception(&e))? })
    }

    /// Scans all by language.
    fn scan<'py>(&self, py: Python<'py>, asked: Asked<'py>) -> PyResult<Counted<'py>> {
        let raised = Mutex::new(None);
        let outcome = by_language(py, &Queue::new(&self.columns, self.giver(&raised)), asked);
        raising(&raised, outcome)
    }

    /// Counts all documents.
    fn documents<'py>(&self, py: Python<'py>, asked: Asked<'py>) -> PyResult<Counted<'py>> {
        let raised = Mutex::new(None);
        let outcome = by_document(py, &Queue::new(&self.columns, self.giver(&raised)), 0, asked);
        raising(&raised, outcome)
    }

    /// Counts all documents into a file; no columns come back.
    fn documents_into<'py>(&self, py: Python<'py>, file: &DocumentsFile, asked: Asked<'py>) -> PyResult<Counted<'py>> {
        let raised = Mutex::new(None);
        let outcome = into_file(py, &Queue::new(&self.columns, self.giver(&raised)), 0, asked, file);
        raising(&raised, outcome)
    }

    /// Checks the text of all documents.
    #[pyo3(signature = (*, memory, threads=None, progress=None))]
    fn check<'py>(
        &self,
        py: Python<'py>,
        memory: usize,
        threads: Option<Bound<'py, PyAny>>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Checked<'py>> {
        let raised = Mutex::new(None);
        let outcome = checked(py, &Queue::new(&self.columns, self.giver(&raised)), memory, threads, progress);
        raising(&raised, outcome)
    }

    /// What is wrong with the data, by the reports of all batches; `name` stands for the file.
    #[staticmethod]
    fn findings(name: &str, reports: Vec<String>) -> PyResult<Vec<Found>> {
        let reports: Vec<Report> = reports.iter().map(|report| read(report)).collect::<PyResult<_>>()?;
        let whole = Report::joined(&reports);
        Ok(Finding::all(&whole.faults, name.as_ref()).map(found).collect())
    }
}

impl Stream {
    /// Gives the next batch; what Python raises meanwhile is kept in `raised`.
    fn giver<'a>(
        &'a self,
        raised: &'a Mutex<Option<PyErr>>,
    ) -> impl FnMut() -> Result<Option<RecordBatch>> + Send + use<'a> {
        let mut waiting = VecDeque::new();
        move || {
            if waiting.is_empty() {
                Python::attach(|py| self.take(py, &mut waiting)).map_err(|error| {
                    raised.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    Error::stopped()
                })?;
            }
            Ok(waiting.pop_front())
        }
    }

    /// Takes items until one holds a batch, or there are no more.
    fn take(&self, py: Python<'_>, waiting: &mut VecDeque<RecordBatch>) -> PyResult<()> {
        while waiting.is_empty() {
            let Some(item) = self.batches.bind(py).clone().next() else { break };
            let reader = item?.extract::<AnyRecordBatch>()?.into_reader()?;
            for batch in reader {
                waiting.push_back(batch.map_err(|e| exception(&Error::bad_argument(e.to_string(), "")))?);
            }
        }
        Ok(())
    }
}
