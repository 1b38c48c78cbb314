//! The weights room for Python: columns of numbers out, NaN where a figure is undefined.

use std::path::PathBuf;

use glotgap_core::weights::blocks::{self, Cut};
use glotgap_core::weights::clip::{BITS, Clip};
use glotgap_core::weights::figures::{Clips, Figures, Wanted};
use glotgap_core::weights::source::{self, Encoding, Io, Tensor};
use glotgap_core::weights::{moments, scan};
use glotgap_core::{Error, Result};
use numpy::IntoPyArray;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::error::exception;
use crate::run::watched;
use crate::statistics::Histogram;

/// An opened model: its headers read, its weights not yet.
#[pyclass(frozen, module = "glotgap._core")]
pub struct Model(source::Model);

#[pymethods]
impl Model {
    /// Reads the headers of the file or directory at `path`; `io` is "mmap" or "pread".
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf, io: &str) -> PyResult<Self> {
        let io = mode(io).map_err(|e| exception(&e))?;
        watched(py, None, None, |_, look| source::Model::open(&path, io, &mut || look(0, 1))).map(Self)
    }

    /// (file, name, dtype, shape) of every tensor that can be scanned.
    #[getter]
    fn tensors(&self) -> Vec<(String, &str, &'static str, &[u64])> {
        let row = |t: &'_ Tensor| (t.bytes.path().display().to_string(), dtype_name(t));
        self.0.tensors.iter().map(|t| (row(t).0, t.name.as_str(), row(t).1, t.shape.as_slice())).collect()
    }

    /// (file, name, reason) of everything left out.
    #[getter]
    fn skipped(&self) -> Vec<(&str, &str, &str)> {
        self.0.skipped.iter().map(|s| (s.file.as_str(), s.name.as_str(), s.reason.as_str())).collect()
    }

    /// Scalars of the files' own headers, as text.
    #[getter]
    fn metadata(&self) -> std::collections::BTreeMap<String, String> {
        self.0.metadata.clone()
    }

    /// The files read.
    #[getter]
    fn files(&self) -> Vec<PathBuf> {
        self.0.files.clone()
    }

    /// Columns of figures, one entry for each tensor.
    #[pyo3(signature = (*, quantiles, tails, clip, bias, threads=None, progress=None))]
    #[allow(clippy::too_many_arguments, reason = "keyword-only in Python")]
    fn scan<'py>(
        &self,
        py: Python<'py>,
        quantiles: Vec<f64>,
        tails: Vec<f64>,
        clip: bool,
        bias: bool,
        threads: Option<Bound<'_, PyAny>>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let wanted = Wanted { quantiles, tails, clip };
        let tensors = &self.0.tensors;
        let figures = watched(py, threads, progress, |threads, look| scan::scan(tensors, &wanted, threads, look))?;
        let columns = PyDict::new(py);
        moment_columns(&columns, figures.iter().map(|f| f.moments), bias)?;
        distribution_columns(&columns, &figures, &wanted)?;
        if clip {
            clip_columns(&columns, &figures)?;
        }
        Ok(columns)
    }

    /// Columns of moments, one entry for each block of the tensors at `indices`, cut as (outer, count, inner).
    #[pyo3(signature = (indices, cuts, *, bias, threads=None, progress=None))]
    fn scan_blocks<'py>(
        &self,
        py: Python<'py>,
        indices: Vec<usize>,
        cuts: Vec<(u64, u64, u64)>,
        bias: bool,
        threads: Option<Bound<'_, PyAny>>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let chosen = self.cut(&indices, &cuts).map_err(|e| exception(&e))?;
        let moments = watched(py, threads, progress, |threads, look| blocks::scan(&chosen, threads, look))?;
        let columns = PyDict::new(py);
        let index = indices.iter().zip(&moments).flat_map(|(i, of)| std::iter::repeat_n(*i as i64, of.len()));
        put(&columns, "index", index)?;
        put(&columns, "block", moments.iter().flat_map(|of| 0..of.len() as i64))?;
        moment_columns(&columns, moments.into_iter().flatten(), bias)?;
        Ok(columns)
    }

    /// The histogram of the tensor at `index`: exact for narrow formats, else the sketch.
    #[pyo3(signature = (index, *, threads=None, progress=None))]
    fn histogram(
        &self,
        py: Python<'_>,
        index: usize,
        threads: Option<Bound<'_, PyAny>>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Histogram> {
        let tensor = self.tensor(index).map_err(|e| exception(&e))?;
        watched(py, threads, progress, |threads, look| scan::histogram(tensor, threads, look)).map(Histogram::from)
    }
}

impl Model {
    fn tensor(&self, index: usize) -> Result<&Tensor> {
        let have = self.0.tensors.len();
        self.0
            .tensors
            .get(index)
            .ok_or_else(|| Error::bad_argument(format!("tensor {index} of {have}"), "give a smaller index"))
    }

    fn cut(&self, indices: &[usize], cuts: &[(u64, u64, u64)]) -> Result<Vec<(Tensor, Cut)>> {
        let of = |(index, (outer, count, inner)): (&usize, &(u64, u64, u64))| {
            let tensor = self.tensor(*index)?;
            let cut = Cut { outer: *outer, count: *count, inner: *inner };
            cut.check(tensor).map_err(|e| e.in_tensor(&tensor.name))?;
            Ok((tensor.clone(), cut))
        };
        indices.iter().zip(cuts).map(of).collect()
    }
}

fn mode(io: &str) -> Result<Io> {
    match io {
        "mmap" => Ok(Io::Mmap),
        "pread" => Ok(Io::Pread),
        other => Err(Error::bad_argument(format!("io is {other:?}"), "give \"mmap\" or \"pread\"")),
    }
}

fn dtype_name(tensor: &Tensor) -> &'static str {
    match tensor.encoding {
        Encoding::Plain(dtype) => dtype.name(),
        Encoding::Blocks(block) => block.name(),
    }
}

/// Puts a column of numbers into `columns`.
fn put<T: numpy::Element>(
    columns: &Bound<'_, PyDict>,
    name: &str,
    values: impl IntoIterator<Item = T>,
) -> PyResult<()> {
    let column: Vec<T> = values.into_iter().collect();
    columns.set_item(name, column.into_pyarray(columns.py()))
}

fn nan(x: Option<f64>) -> f64 {
    x.unwrap_or(f64::NAN)
}

/// A column's name and what it holds.
type Named<T> = (&'static str, fn(&moments::Moments) -> T);

/// Columns of everything that moments tell. `all` is gone through once, so that what it is made of can be freed on the
/// way: a scan by row has millions of them.
fn moment_columns(
    columns: &Bound<'_, PyDict>,
    all: impl Iterator<Item = moments::Moments>,
    bias: bool,
) -> PyResult<()> {
    let (counts, figures) = (counts(), figures(bias));
    let (mut count_columns, mut figure_columns) = (counts.map(|_| Vec::new()), figures.map(|_| Vec::new()));
    for moments in all {
        count_columns.iter_mut().zip(counts).for_each(|(column, (_, count))| column.push(count(&moments)));
        figure_columns.iter_mut().zip(figures).for_each(|(column, (_, figure))| column.push(nan(figure(&moments))));
    }
    for ((name, _), column) in counts.into_iter().zip(count_columns) {
        put(columns, name, column)?;
    }
    for ((name, _), column) in figures.into_iter().zip(figure_columns) {
        put(columns, name, column)?;
    }
    Ok(())
}

fn counts() -> [Named<u64>; 5] {
    [
        ("n", |m| m.n),
        ("n_nan", |m| m.n_nan),
        ("n_inf", |m| m.n_inf),
        ("n_zero", |m| m.n_zero),
        ("n_subnormal", |m| m.n_subnormal),
    ]
}

fn figures(bias: bool) -> [Named<Option<f64>>; 8] {
    [
        ("mean", moments::Moments::mean),
        ("std", moments::Moments::std),
        ("skew", if bias { moments::Moments::skew } else { moments::Moments::skew_unbiased }),
        ("kurtosis", if bias { moments::Moments::kurtosis } else { moments::Moments::kurtosis_unbiased }),
        ("min", |m| m.absmax().map(|_| m.min)),
        ("max", |m| m.absmax().map(|_| m.max)),
        ("absmax", moments::Moments::absmax),
        ("absmax_sigma", moments::Moments::absmax_sigma),
    ]
}

fn distribution_columns(columns: &Bound<'_, PyDict>, all: &[Figures], wanted: &Wanted) -> PyResult<()> {
    put(columns, "mean_abs_dev", all.iter().map(|f| nan(f.mean_abs_dev)))?;
    put(columns, "kurtosis_top", all.iter().map(|f| nan(f.kurtosis_top)))?;
    put(columns, "entropy", all.iter().map(|f| nan(f.entropy)))?;
    put(columns, "exact", all.iter().map(|f| f.exact))?;
    let table = |width: usize, of: fn(&Figures) -> &[Option<f64>]| {
        let column = |i| all.iter().map(|f| nan(of(f).get(i).copied().flatten())).collect::<Vec<f64>>();
        PyList::new(columns.py(), (0..width).map(|i| column(i).into_pyarray(columns.py())))
    };
    columns.set_item("tails", table(wanted.tails.len(), |f| &f.tails)?)?;
    columns.set_item("quantiles", table(wanted.quantiles.len(), |f| &f.quantiles)?)
}

fn clip_columns(columns: &Bound<'_, PyDict>, all: &[Figures]) -> PyResult<()> {
    for (place, bits) in BITS.enumerate() {
        let of = |figure: &dyn Fn(&Clips) -> Option<f64>| {
            all.iter().map(|f| nan(f.clips.get(place).and_then(figure))).collect::<Vec<f64>>()
        };
        let pair = |clip: &str, sqnr: &str, choose: &dyn Fn(&Clips) -> Option<Clip>| {
            put(columns, clip, of(&|c| choose(c).map(|c| c.alpha)))?;
            put(columns, sqnr, of(&|c| choose(c).map(|c| c.sqnr)))
        };
        pair(&format!("clip{bits}_midrise"), &format!("sqnr{bits}_midrise"), &|c| Some(c.mid_rise))?;
        pair(&format!("clip{bits}_symint"), &format!("sqnr{bits}_symint"), &|c| Some(c.sym_int))?;
        pair(&format!("aciq{bits}_gauss"), &format!("aciq{bits}_gauss_sqnr"), &|c| c.gauss)?;
        pair(&format!("aciq{bits}_laplace"), &format!("aciq{bits}_laplace_sqnr"), &|c| c.laplace)?;
        put(columns, &format!("aciq{bits}"), of(&|c| c.aciq().map(|c| c.alpha)))?;
    }
    Ok(())
}
