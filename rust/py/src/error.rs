//! Core errors as Python exceptions; the classes live in `glotgap._errors`.

use glotgap_core::{Error, Kind};
use pyo3::PyErr;
use pyo3::exceptions::PyKeyboardInterrupt;

mod classes {
    pyo3::import_exception!(glotgap._errors, BadFileError);
    pyo3::import_exception!(glotgap._errors, BadArgumentError);
    pyo3::import_exception!(glotgap._errors, UnsupportedError);
}

/// The exception that stands for `error`.
pub fn exception(error: &Error) -> PyErr {
    let message = error.to_string();
    match error.kind {
        Kind::BadFile => classes::BadFileError::new_err(message),
        Kind::BadArgument => classes::BadArgumentError::new_err(message),
        Kind::Unsupported => classes::UnsupportedError::new_err(message),
        Kind::Stopped => PyKeyboardInterrupt::new_err(message),
    }
}
