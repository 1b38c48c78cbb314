//! Checks of any supply of documents as columns for Python.

use glotgap_core::tokens::check;
use glotgap_core::tokens::supply::Supply;
use glotgap_core::tokens::walk::Seen;
use numpy::IntoPyArray;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::reading::written;
use crate::run::watched_by;

/// A dict of columns, one row a file, language and check; the reports of the units; and the level, for one in 2^level
/// documents was compared with the others.
pub type Checked<'py> = (Bound<'py, PyDict>, Vec<String>, u32);

/// Checks all documents; their hashes may take `memory` bytes.
pub fn checked<'py>(
    py: Python<'py>,
    supply: &impl Supply,
    memory: usize,
    threads: Option<Bound<'py, PyAny>>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Checked<'py>> {
    let work = |threads, look: &mut dyn FnMut(Seen) -> _| check::scan(supply, memory, threads, look);
    let found = watched_by(py, threads, progress, work)?;
    let reports = found.reports.iter().map(written).collect::<PyResult<_>>()?;
    Ok((columns(py, &found.rows)?, reports, found.level))
}

/// A row for each file (by its number), language and check.
fn columns<'py>(py: Python<'py>, rows: &[check::Row]) -> PyResult<Bound<'py, PyDict>> {
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
