//! `Moments` and `Histogram` for Python: of arrays in memory, mergeable and picklable.

use std::sync::OnceLock;

use glotgap_core::weights::clip::{BITS, Grid, Magnitudes, Search};
use glotgap_core::weights::distribution::Distribution;
use glotgap_core::weights::dtype::DType;
use glotgap_core::weights::histogram::{self, Bins};
use glotgap_core::weights::tail::Tail;
use glotgap_core::weights::{array, moments};
use glotgap_core::{Error, Result};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::error::exception;

/// Counts, extremes and central moments of a stream of values.
#[pyclass(frozen, module = "glotgap._core", from_py_object)]
#[derive(Clone)]
pub struct Moments(moments::Moments);

/// The numbers that make up a `Moments`, in the order of `Moments::state`.
type MomentState = ([u64; 5], [f64; 2], i32, [f64; 5]);

#[pymethods]
impl Moments {
    /// No values yet.
    #[new]
    fn new() -> Self {
        Self(moments::Moments::default())
    }

    /// Moments of the values whose little-endian bytes are `stored`.
    #[staticmethod]
    fn of(py: Python<'_>, stored: PyReadonlyArray1<'_, u8>, dtype: &str) -> PyResult<Self> {
        let (dtype, stored) = checked(&stored, dtype)?;
        Ok(Self(py.detach(|| array::moments(dtype, stored))))
    }

    /// These values followed by `other`'s.
    fn merge(&self, other: &Self) -> Self {
        Self(self.0.merge(&other.0))
    }

    /// Everything that makes up this object.
    fn state(&self) -> MomentState {
        let m = &self.0;
        let (scale, sums) = m.sums();
        ([m.n, m.n_nan, m.n_inf, m.n_zero, m.n_subnormal], [m.min, m.max], scale, sums)
    }

    /// The object that `state` came from.
    #[staticmethod]
    fn from_state(state: MomentState) -> Self {
        let ([n, n_nan, n_inf, n_zero, n_subnormal], [min, max], scale, sums) = state;
        let mut all = moments::Moments::default().with_sums(scale, sums);
        (all.n, all.n_nan, all.n_inf, all.n_zero, all.n_subnormal) = (n, n_nan, n_inf, n_zero, n_subnormal);
        (all.min, all.max) = (min, max);
        Self(all)
    }

    #[getter]
    fn n(&self) -> u64 {
        self.0.n
    }
    #[getter]
    fn n_nan(&self) -> u64 {
        self.0.n_nan
    }
    #[getter]
    fn n_inf(&self) -> u64 {
        self.0.n_inf
    }
    #[getter]
    fn n_zero(&self) -> u64 {
        self.0.n_zero
    }
    #[getter]
    fn n_subnormal(&self) -> u64 {
        self.0.n_subnormal
    }
    #[getter]
    fn min(&self) -> Option<f64> {
        self.0.absmax().map(|_| self.0.min)
    }
    #[getter]
    fn max(&self) -> Option<f64> {
        self.0.absmax().map(|_| self.0.max)
    }
    #[getter]
    fn absmax(&self) -> Option<f64> {
        self.0.absmax()
    }
    #[getter]
    fn mean(&self) -> Option<f64> {
        self.0.mean()
    }
    #[getter]
    fn std(&self) -> Option<f64> {
        self.0.std()
    }

    #[pyo3(signature = (*, bias=true))]
    fn skew(&self, bias: bool) -> Option<f64> {
        if bias { self.0.skew() } else { self.0.skew_unbiased() }
    }

    #[pyo3(signature = (*, bias=true))]
    fn kurtosis(&self, bias: bool) -> Option<f64> {
        if bias { self.0.kurtosis() } else { self.0.kurtosis_unbiased() }
    }
}

/// How often each value occurs.
#[pyclass(frozen, module = "glotgap._core")]
pub struct Histogram {
    counts: histogram::Histogram,
    distribution: OnceLock<Distribution>,
    search: OnceLock<Search>,
}

impl From<histogram::Histogram> for Histogram {
    fn from(counts: histogram::Histogram) -> Self {
        Self { counts, distribution: OnceLock::new(), search: OnceLock::new() }
    }
}

impl Histogram {
    fn distribution(&self) -> &Distribution {
        self.distribution.get_or_init(|| self.counts.distribution())
    }

    fn search(&self) -> &Search {
        let is_sketch = self.counts.bins() == Bins::Sketch;
        self.search.get_or_init(|| Search::new(Magnitudes::new(self.distribution(), is_sketch)))
    }

    fn moments(&self) -> moments::Moments {
        self.counts.moments(self.distribution())
    }
}

#[pymethods]
impl Histogram {
    /// The histogram of the values whose little-endian bytes are `stored`.
    #[staticmethod]
    fn of(py: Python<'_>, stored: PyReadonlyArray1<'_, u8>, dtype: &str) -> PyResult<Self> {
        let (dtype, stored) = checked(&stored, dtype)?;
        Ok(py.detach(|| array::histogram(dtype, stored)).into())
    }

    /// The sum of both.
    fn merge(&self, other: &Self) -> PyResult<Self> {
        let mut sum = self.counts.clone();
        if sum.merge(&other.counts) { Ok(sum.into()) } else { Err(exception(&different(self, other))) }
    }

    /// (bins, counts) that make up this object.
    fn state<'py>(&self, py: Python<'py>) -> (&'static str, Bound<'py, PyArray1<u64>>) {
        (name(self.counts.bins()), self.counts.counts().to_vec().into_pyarray(py))
    }

    /// The object that `state` came from.
    #[staticmethod]
    fn from_state(bins: &str, counts: Vec<u64>) -> PyResult<Self> {
        let named =
            if bins == name(Bins::Sketch) { Some(Bins::Sketch) } else { DType::from_name(bins).map(Bins::Exact) };
        let histogram = named.and_then(|bins| histogram::Histogram::from_counts(bins, counts));
        let wrong = || {
            Error::bad_argument(
                "a histogram state of no known dtype, or without 65,536 counts",
                "give what Histogram.state() returned",
            )
        };
        histogram.map(Self::from).ok_or_else(|| exception(&wrong()))
    }

    #[getter]
    fn dtype(&self) -> &'static str {
        name(self.counts.bins())
    }
    #[getter]
    fn exact(&self) -> bool {
        self.counts.bins() != Bins::Sketch
    }
    #[getter]
    fn n(&self) -> u64 {
        self.distribution().n()
    }
    #[getter]
    fn values<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.distribution().values().to_vec().into_pyarray(py)
    }
    #[getter]
    fn counts<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<u64>> {
        self.distribution().counts().to_vec().into_pyarray(py)
    }
    #[getter]
    fn mean(&self) -> Option<f64> {
        self.moments().mean()
    }
    #[getter]
    fn std(&self) -> Option<f64> {
        self.moments().std()
    }
    #[getter]
    fn entropy(&self) -> Option<f64> {
        self.distribution().entropy()
    }
    #[getter]
    fn mean_abs_dev(&self) -> Option<f64> {
        self.distribution().mean_abs_dev(self.moments().mean()?)
    }

    #[pyo3(signature = (*, bias=true))]
    fn skew(&self, bias: bool) -> Option<f64> {
        if bias { self.moments().skew() } else { self.moments().skew_unbiased() }
    }

    #[pyo3(signature = (*, bias=true))]
    fn kurtosis(&self, bias: bool) -> Option<f64> {
        if bias { self.moments().kurtosis() } else { self.moments().kurtosis_unbiased() }
    }

    fn quantile(&self, q: f64) -> PyResult<Option<f64>> {
        let wrong = || Error::bad_argument(format!("quantile {q}"), "give a number from 0 to 1");
        if (0.0..=1.0).contains(&q) { Ok(self.distribution().quantile(q)) } else { Err(exception(&wrong())) }
    }

    fn tail(&self, k: f64) -> PyResult<Option<f64>> {
        if !(k > 0.0 && k.is_finite()) {
            let what = format!("tail {k}");
            return Err(exception(&Error::bad_argument(what, "give a positive number of standard deviations")));
        }
        Ok(Tail::of(&self.moments(), k).and_then(|tail| self.distribution().share_beyond(tail)))
    }

    fn clip(&self, bits: i64, grid: &str) -> PyResult<Option<f64>> {
        let (bits, grid) = quantizer(bits, grid).map_err(|e| exception(&e))?;
        Ok(self.search().best(bits, grid).map(|clip| clip.alpha))
    }

    /// SQNR in dB of clip `alpha`, or of the best clip.
    #[pyo3(signature = (bits, grid, alpha=None))]
    fn sqnr(&self, bits: i64, grid: &str, alpha: Option<f64>) -> PyResult<Option<f64>> {
        let (bits, grid) = quantizer(bits, grid).map_err(|e| exception(&e))?;
        let clip = match alpha {
            None => self.search().best(bits, grid),
            Some(alpha) => self.search().magnitudes().measure(alpha, bits, grid),
        };
        Ok(clip.map(|clip| clip.sqnr))
    }
}

fn name(bins: Bins) -> &'static str {
    match bins {
        Bins::Exact(dtype) => dtype.name(),
        Bins::Sketch => "sketch",
    }
}

fn different(a: &Histogram, b: &Histogram) -> Error {
    let what = format!("histograms of {} and {} do not merge", name(a.counts.bins()), name(b.counts.bins()));
    Error::bad_argument(what, "merge histograms of one dtype")
}

fn quantizer(bits: i64, grid: &str) -> Result<(u32, Grid)> {
    let known = u32::try_from(bits).ok().filter(|bits| BITS.contains(bits));
    let bits = known.ok_or_else(|| Error::bad_argument(format!("bits is {bits}"), "give 2 to 8"))?;
    let grid = Grid::from_name(grid)
        .ok_or_else(|| Error::bad_argument(format!("grid is {grid:?}"), "give \"mid-rise\" or \"sym-int\""))?;
    Ok((bits, grid))
}

fn checked<'a>(stored: &'a PyReadonlyArray1<'_, u8>, dtype: &str) -> PyResult<(DType, &'a [u8])> {
    let known = DType::from_name(dtype);
    let dtype = known
        .ok_or_else(|| exception(&Error::bad_argument(format!("dtype {dtype:?}"), "see glotgap.weights.DTYPES")))?;
    Ok((dtype, stored.as_slice()?))
}
