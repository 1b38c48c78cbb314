//! Corpora for Python: files in, tables of counts out.

use std::path::PathBuf;

use glotgap_core::tokens::source::{self, Report};
use glotgap_core::tokens::supply::Units;
use pyo3::prelude::*;

use crate::checking::{Checked, checked};
use crate::counting::{Asked, Counted, by_document, by_language, into_file};
use crate::documents_file::DocumentsFile;
use crate::error::exception;
use crate::reading::{Reading, read};

/// An opened corpus.
#[pyclass(frozen, module = "glotgap._core")]
pub struct Corpus(source::Corpus);

#[pymethods]
impl Corpus {
    /// Opens files, directories and patterns; nothing is read yet but the head of each file.
    #[staticmethod]
    fn open(py: Python<'_>, paths: Vec<PathBuf>, reading: Reading) -> PyResult<Self> {
        let open = || source::Corpus::open(&paths, &reading.options()?);
        py.detach(open).map(Self).map_err(|e| exception(&e))
    }

    /// (id, stored bytes) of each unit of work.
    #[getter]
    fn units(&self) -> Vec<(String, u64)> {
        self.0.units().iter().enumerate().map(|(i, unit)| (self.0.id(i), unit.bytes)).collect()
    }

    /// The number of each unit's file.
    #[getter]
    fn unit_files(&self) -> Vec<usize> {
        self.0.units().iter().map(|unit| unit.file).collect()
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

    /// Scans some units by language.
    fn scan<'py>(&self, py: Python<'py>, units: Vec<usize>, asked: Asked<'py>) -> PyResult<Counted<'py>> {
        by_language(py, &Units::new(&self.0, &units), asked)
    }

    /// Counts the documents of some units; so many lines of the first one's file lie `before` it.
    fn documents<'py>(
        &self,
        py: Python<'py>,
        units: Vec<usize>,
        before: u64,
        asked: Asked<'py>,
    ) -> PyResult<Counted<'py>> {
        by_document(py, &Units::new(&self.0, &units), before, asked)
    }

    /// Counts the documents of some units into a file; no columns come back.
    fn documents_into<'py>(
        &self,
        py: Python<'py>,
        file: &DocumentsFile,
        units: Vec<usize>,
        before: u64,
        asked: Asked<'py>,
    ) -> PyResult<Counted<'py>> {
        into_file(py, &Units::new(&self.0, &units), before, asked, file)
    }

    /// The language of each file's documents; None where the documents name their own.
    #[getter]
    fn languages(&self) -> Vec<Option<String>> {
        self.0.languages()
    }

    /// Checks the text of all units.
    #[pyo3(signature = (*, memory, threads=None, progress=None))]
    fn check<'py>(
        &self,
        py: Python<'py>,
        memory: usize,
        threads: Option<Bound<'py, PyAny>>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Checked<'py>> {
        let all: Vec<usize> = (0..self.0.units().len()).collect();
        checked(py, &Units::new(&self.0, &all), memory, threads, progress)
    }

    /// What is wrong with the data, by the reports of all units.
    fn findings(&self, reports: Vec<String>) -> PyResult<Vec<Found>> {
        let reports: Vec<Report> = reports.iter().map(|report| read(report)).collect::<PyResult<_>>()?;
        Ok(self.0.findings(&reports).into_iter().map(found).collect())
    }
}

/// Fault, whether something was lost, file, count, and the first places: line or row, and note.
pub type Found = (&'static str, bool, PathBuf, u64, Vec<(u64, String)>);

pub fn found(finding: source::Finding) -> Found {
    let places = finding.first.into_iter().map(|place| (place.number, place.note)).collect();
    (finding.fault.label(), finding.fault.loses(), finding.file, finding.count, places)
}
