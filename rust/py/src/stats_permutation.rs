//! Permutation tests and adjusted p-values for Python.

use std::collections::BTreeMap;

use glotgap_core::stats::adjust;
use glotgap_core::stats::permutation::pvalue::Side;
use glotgap_core::stats::permutation::{self, Exchange, Run, Test};
use glotgap_core::stats::statistic::Statistic;
use glotgap_core::stats::stream::Key;
use glotgap_core::{Error, Result};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::exception;
use crate::run::watched;

fn exchange(name: &str) -> Result<Exchange> {
    Ok(match name {
        "independent" => Exchange::Independent,
        "samples" => Exchange::Samples,
        "pairings" => Exchange::Pairings,
        _ => {
            let remedy = "give independent, samples or pairings";
            return Err(Error::bad_argument(format!("kind is {name:?}"), remedy));
        }
    })
}

fn side(name: &str) -> Result<Side> {
    Ok(match name {
        "two-sided" => Side::TwoSided,
        "abs" => Side::Magnitude,
        "less" => Side::Less,
        "greater" => Side::Greater,
        _ => {
            let remedy = "give two-sided, abs, less or greater";
            return Err(Error::bad_argument(format!("alternative is {name:?}"), remedy));
        }
    })
}

/// A permutation test, as a dict: `observed`, `pvalue`, `mc_error`, `exact`, `n_resamples`, and `null` (an array, or None).
#[pyfunction]
#[pyo3(signature = (samples, statistic, *, parameters, kind, strata=None, alternative, n_resamples, key, keep, stop=None, threads=None, progress=None))]
#[allow(clippy::too_many_arguments, reason = "keyword-only in Python")]
pub fn stats_permutation<'py>(
    py: Python<'py>,
    samples: Vec<PyReadonlyArray1<'py, f64>>,
    statistic: &str,
    parameters: BTreeMap<String, f64>,
    kind: &str,
    strata: Option<PyReadonlyArray1<'py, i64>>,
    alternative: &str,
    n_resamples: usize,
    key: [u64; 4],
    keep: bool,
    stop: Option<usize>,
    threads: Option<Bound<'py, PyAny>>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let test = Test {
        statistic: Statistic::named(statistic, &parameters).map_err(|e| exception(&e))?,
        columns: samples.iter().map(|sample| Ok(sample.as_slice()?)).collect::<PyResult<_>>()?,
        exchange: exchange(kind).map_err(|e| exception(&e))?,
        strata: strata.as_ref().map(|labels| labels.as_slice()).transpose()?,
        side: side(alternative).map_err(|e| exception(&e))?,
    };
    let found = watched(py, threads, progress, |threads, look| {
        permutation::test(&test, Run { key: Key(key), n_resamples, keep, stop, threads }, look)
    })?;
    let figures = PyDict::new(py);
    figures.set_item("observed", found.observed)?;
    figures.set_item("pvalue", found.pvalue)?;
    figures.set_item("mc_error", found.mc_error)?;
    figures.set_item("exact", found.exact)?;
    figures.set_item("n_resamples", found.n_resamples)?;
    figures.set_item("null", found.null.map(|null| null.into_pyarray(py)))?;
    Ok(figures)
}

/// p-values adjusted for their number.
#[pyfunction]
pub fn stats_adjust<'py>(
    py: Python<'py>,
    p: PyReadonlyArray1<'py, f64>,
    method: &str,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let adjusted = adjust::adjust(p.as_slice()?, method).map_err(|e| exception(&e))?;
    Ok(adjusted.into_pyarray(py))
}
