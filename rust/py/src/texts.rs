//! Texts from Python: a list of `str`, or Arrow strings (the `PyCapsule` interface), whose bytes are not copied.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use glotgap_core::Error;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};
use pyo3_arrow::input::AnyArray;

use crate::error::exception;

/// Texts that Python owns.
pub enum Texts<'py> {
    /// Python strings.
    Strings(Vec<Bound<'py, PyString>>),
    /// Arrow arrays of strings.
    Arrays(Vec<ArrayRef>),
}

const ASKED: &str = "give a list of str, a numpy array or polars Series of them, or an Arrow array of strings";

impl<'py> Texts<'py> {
    /// The texts in `given`.
    pub fn of(given: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(list) = given.cast::<PyList>() {
            return list.iter().enumerate().map(string).collect::<PyResult<_>>().map(Self::Strings);
        }
        if let Ok(tuple) = given.cast::<PyTuple>() {
            return tuple.iter().enumerate().map(string).collect::<PyResult<_>>().map(Self::Strings);
        }
        let arrays = given.extract::<AnyArray>().map_err(|_| wrong(format!("texts is a {}", kind(given))))?;
        let arrays =
            arrays.into_chunked_array().map_err(|e| wrong(format!("the texts cannot be taken from Arrow ({e})")))?;
        Ok(Self::Arrays(arrays.into_inner().0))
    }

    /// The texts as slices of what Python owns.
    pub fn slices(&self) -> PyResult<Vec<&str>> {
        match self {
            Self::Strings(strings) => strings
                .iter()
                .enumerate()
                .map(|(i, text)| text.to_str().map_err(|e| wrong(format!("text {i} cannot be written as UTF-8 ({e})"))))
                .collect(),
            Self::Arrays(arrays) => {
                let mut slices = Vec::new();
                arrays.iter().try_for_each(|array| add(array.as_ref(), &mut slices))?;
                Ok(slices)
            }
        }
    }
}

fn string((i, text): (usize, Bound<'_, PyAny>)) -> PyResult<Bound<'_, PyString>> {
    text.cast_into::<PyString>().map_err(|error| wrong(format!("text {i} is a {}", kind(&error.into_inner()))))
}

fn kind(object: &Bound<'_, PyAny>) -> String {
    object.get_type().name().map_or_else(|_| "nameless type".to_owned(), |name| name.to_string())
}

fn wrong(what: String) -> PyErr {
    exception(&Error::bad_argument(what, ASKED))
}

fn add<'a>(array: &'a dyn Array, slices: &mut Vec<&'a str>) -> PyResult<()> {
    if array.logical_null_count() > 0 {
        return Err(wrong(format!("{} texts are null", array.logical_null_count())));
    }
    match array.data_type() {
        DataType::Utf8 => slices.extend(array.as_string::<i32>().iter().flatten()),
        DataType::LargeUtf8 => slices.extend(array.as_string::<i64>().iter().flatten()),
        DataType::Utf8View => slices.extend(array.as_string_view().iter().flatten()),
        DataType::Dictionary(_, _) => return add_dictionary(array, slices),
        other => return Err(wrong(format!("the texts are of Arrow type {other}"))),
    }
    Ok(())
}

fn add_dictionary<'a>(array: &'a dyn Array, slices: &mut Vec<&'a str>) -> PyResult<()> {
    let dictionary = array.as_any_dictionary();
    let mut values = Vec::new();
    add(dictionary.values().as_ref(), &mut values)?;
    slices.extend(dictionary.normalized_keys().into_iter().map(|key| values[key]));
    Ok(())
}
