//! The stats room for Python: arrays of float64 in, columns of figures out, NaN where a figure is undefined.

use std::collections::BTreeMap;

use glotgap_core::Error;
use glotgap_core::stats::bootstrap::{self, Data, Design, Run};
use glotgap_core::stats::design::Scheme;
use glotgap_core::stats::evaluate;
use glotgap_core::stats::interval::{self, Alternative, Asked, Interval, Method};
use glotgap_core::stats::statistic::Statistic;
use glotgap_core::stats::stream::Key;
use numpy::{IntoPyArray, PyArray1, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::exception;
use crate::run::watched;

type Floats<'py> = Vec<Vec<PyReadonlyArray1<'py, f64>>>;
type Labels<'py> = Vec<Vec<PyReadonlyArray1<'py, i64>>>;
type Parameters = BTreeMap<String, f64>;

/// A resampling design, as a dict.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Designed<'py> {
    kind: String,
    paired: bool,
    block: Option<f64>,
    labels: Option<Labels<'py>>,
    weights: Option<Floats<'py>>,
}

impl Designed<'_> {
    fn design(&self) -> PyResult<Design> {
        let scheme = Scheme::named(&self.kind, self.block).map_err(|e| exception(&e))?;
        Ok(Design { scheme, is_paired: self.paired })
    }

    /// The columns of each set with their labels and masses.
    fn data<'a>(&'a self, samples: &'a Floats<'_>) -> PyResult<Vec<Data<'a>>> {
        let set = |at: usize| {
            Ok(Data {
                columns: slices(&samples[at])?,
                labels: self.labels.as_ref().and_then(|all| all.get(at)).map_or(Ok(Vec::new()), |set| slices(set))?,
                masses: self.weights.as_ref().and_then(|all| all.get(at)).map_or(Ok(Vec::new()), |set| slices(set))?,
            })
        };
        (0..samples.len()).map(set).collect()
    }
}

fn slices<'a, T: numpy::Element>(arrays: &'a [PyReadonlyArray1<'_, T>]) -> PyResult<Vec<&'a [T]>> {
    arrays.iter().map(|array| Ok(array.as_slice()?)).collect()
}

fn asked(method: &str, level: f64, alternative: &str) -> Result<Asked, Error> {
    Ok(Asked { method: Method::named(method)?, level, alternative: Alternative::named(alternative)? })
}

/// Bootstraps each data set; a dict of columns, one entry a set, and "distribution" (sets × B) if kept.
#[pyfunction]
#[pyo3(signature = (samples, statistic, *, parameters, design, method, level, alternative, n_resamples, key, keep, threads=None, progress=None))]
#[allow(clippy::too_many_arguments, reason = "keyword-only in Python")]
pub fn stats_bootstrap<'py>(
    py: Python<'py>,
    samples: Floats<'py>,
    statistic: &str,
    parameters: Parameters,
    design: Designed<'py>,
    method: &str,
    level: f64,
    alternative: &str,
    n_resamples: usize,
    key: [u64; 4],
    keep: bool,
    threads: Option<Bound<'py, PyAny>>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let statistic = Statistic::named(statistic, &parameters).map_err(|e| exception(&e))?;
    let asked = asked(method, level, alternative).map_err(|e| exception(&e))?;
    let data = design.data(&samples)?;
    let design = design.design()?;
    let found = watched(py, threads, progress, |threads, look| {
        let run = Run { key: Key(key), n_resamples, keep, threads };
        bootstrap::bootstrap(&data, statistic, design, asked, run, look)
    })?;
    let columns = intervals(py, found.iter().map(|found| &found.interval))?;
    put(&columns, "estimate", found.iter().map(|found| found.estimate))?;
    if keep {
        let kept: Vec<f64> = found.into_iter().filter_map(|found| found.distribution).flatten().collect();
        columns.set_item("distribution", kept.into_pyarray(py).reshape([samples.len(), n_resamples])?)?;
    }
    Ok(columns)
}

fn put(columns: &Bound<'_, PyDict>, name: &str, values: impl Iterator<Item = f64>) -> PyResult<()> {
    columns.set_item(name, values.collect::<Vec<_>>().into_pyarray(columns.py()))
}

/// One figure of an interval.
type Figure = fn(&Interval) -> f64;

fn intervals<'py, 'a>(
    py: Python<'py>,
    intervals: impl Iterator<Item = &'a Interval> + Clone,
) -> PyResult<Bound<'py, PyDict>> {
    let columns = PyDict::new(py);
    let figures: [(&str, Figure); 9] = [
        ("low", |i| i.low),
        ("high", |i| i.high),
        ("standard_error", |i| i.standard_error),
        ("bias", |i| i.bias),
        ("z0", |i| i.z0),
        ("acceleration", |i| i.acceleration),
        ("mc_error_low", |i| i.mc_error[0]),
        ("mc_error_high", |i| i.mc_error[1]),
        ("exact", |i| f64::from(u8::from(i.is_complete))),
    ];
    for (name, figure) in figures {
        put(&columns, name, intervals.clone().map(figure))?;
    }
    Ok(columns)
}

/// The statistic of resamples: row b of `indices[j]` says which observations of sample j (of all, if there is one matrix
/// only and several samples) replicate b holds.
#[pyfunction]
#[pyo3(signature = (samples, statistic, *, parameters, indices, threads=None, progress=None))]
pub fn stats_evaluate<'py>(
    py: Python<'py>,
    samples: Vec<PyReadonlyArray1<'py, f64>>,
    statistic: &str,
    parameters: Parameters,
    indices: Vec<PyReadonlyArray2<'py, i64>>,
    threads: Option<Bound<'py, PyAny>>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let statistic = Statistic::named(statistic, &parameters).map_err(|e| exception(&e))?;
    let columns = slices(&samples)?;
    let rows = indices.iter().map(|matrix| Ok(matrix.as_slice()?)).collect::<PyResult<Vec<_>>>()?;
    let n_resamples = indices.first().map_or(0, |matrix| matrix.as_array().nrows());
    let values = watched(py, threads, progress, |threads, look| {
        evaluate::evaluate(&columns, statistic, &rows, n_resamples, threads, look)
    })?;
    Ok(values.into_pyarray(py))
}

/// The interval from a distribution made elsewhere; `jackknife` holds, for each sample, the statistic without each
/// observation in turn, and `errors` the standard errors of the estimate and of each replicate.
#[pyfunction]
#[pyo3(signature = (distribution, estimate, *, method, level, alternative, jackknife=None, errors=None))]
#[allow(clippy::too_many_arguments, reason = "keyword-only in Python")]
pub fn stats_interval<'py>(
    py: Python<'py>,
    distribution: PyReadonlyArray1<'py, f64>,
    estimate: f64,
    method: &str,
    level: f64,
    alternative: &str,
    jackknife: Option<Vec<PyReadonlyArray1<'py, f64>>>,
    errors: Option<(f64, PyReadonlyArray1<'py, f64>)>,
) -> PyResult<Bound<'py, PyDict>> {
    let asked = asked(method, level, alternative).map_err(|e| exception(&e))?;
    let values = distribution.as_slice()?.to_vec();
    let jackknife = slices(jackknife.as_deref().unwrap_or_default())?.into_iter().map(<[f64]>::to_vec).collect();
    let errors = errors.as_ref().map(|(error, errors)| Ok::<_, PyErr>((*error, errors.as_slice()?))).transpose()?;
    let found = interval::checked(values, estimate, jackknife, errors, asked).map_err(|e| exception(&e))?;
    let columns = PyDict::new(py);
    for (name, column) in intervals(py, std::iter::once(&found))? {
        columns.set_item(name, column.get_item(0)?)?;
    }
    Ok(columns)
}
