//! glotgap._core: check, detach, one call, convert. No arithmetic and no file formats.

#![allow(clippy::needless_pass_by_value, reason = "arguments from Python arrive by value")]

mod checking;
mod corpus;
mod counting;
mod cutter;
mod documents_file;
mod error;
mod reading;
mod run;
mod statistics;
mod stats;
mod stats_permutation;
mod stream;
mod texts;
mod tokens;
mod weights;

/// The Rust core of glotgap.
#[pyo3::pymodule]
mod _core {
    #[pymodule_export]
    use crate::corpus::Corpus;
    #[pymodule_export]
    use crate::documents_file::DocumentsFile;
    #[pymodule_export]
    use crate::statistics::{Histogram, Moments};
    #[pymodule_export]
    use crate::stats::{stats_bootstrap, stats_evaluate, stats_interval};
    #[pymodule_export]
    use crate::stats_permutation::{stats_adjust, stats_permutation};
    #[pymodule_export]
    use crate::stream::Stream;
    #[pymodule_export]
    use crate::tokens::{Tokenizer, count_words, versions};
    #[pymodule_export]
    use crate::weights::Model;

    #[pymodule_init]
    fn init(module: &pyo3::Bound<'_, pyo3::types::PyModule>) -> pyo3::PyResult<()> {
        use pyo3::types::PyModuleMethods;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
