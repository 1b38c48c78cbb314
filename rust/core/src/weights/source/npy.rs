//! Numpy arrays: `.npy` (one array) and `.npz` (a zip of them).
//!
//! ```text
//! \x93NUMPY │ version 1.0, 2.0 or 3.0 │ u16 (1.0) or u32 header length │ header │ values
//! header = {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }      padded with blanks
//! ```
//!
//! The header is a Python literal, read by the small parser in `literal`: nothing is evaluated.
//! Source: numpy's `numpy/lib/_format_impl.py` (NEP 1). Not read: big-endian, complex, unsigned above 8 bits,
//! text, dates, records and Python objects (which are pickles). bfloat16 and float8 arrays of `ml_dtypes` are
//! written as raw `V` bytes, so that nobody can tell which they were.

mod literal;

use std::borrow::Cow;
use std::sync::Arc;

use super::zip::{Archive, Region};
use super::{Bytes, Encoding, Listing, Skipped, Tensor};
use crate::error::{Error, Result};
use crate::weights::dtype::DType;
use literal::Literal;

const MAGIC: &[u8] = b"\x93NUMPY";

/// Longest header read, in bytes. Numpy itself stops at 10,000.
const MAX_HEADER: u64 = 1 << 20;

const REMEDY: &str = "the file is damaged: save it again with numpy.save";

/// Lists the one array of a `.npy` file, named after the file.
///
/// # Errors
/// `BadFile` when damaged, `Unsupported` when its values are of a kind that is not read.
pub fn list(file: &Arc<Bytes>) -> Result<Listing> {
    let name = file.path().file_stem().map_or("array".into(), |stem| stem.to_string_lossy());
    let region = Region { bytes: Arc::clone(file), offset: 0, len: file.len() };
    let tensor = array(&region, &name).map_err(|e| e.in_file(file.path()))?;
    Ok(Listing { tensors: vec![tensor], ..Listing::default() })
}

/// Lists the arrays of a `.npz` file in order of the archive, named without their `.npy`.
///
/// # Errors
/// `BadFile` when the archive is damaged; an array that cannot be read is skipped with its reason.
pub fn list_npz(file: &Arc<Bytes>) -> Result<Listing> {
    Archive::open(file, &mut || Ok(())).map(list_archive)
}

/// [`list_npz`] for an archive that is open already.
pub(super) fn list_archive(mut archive: Archive<'_>) -> Listing {
    let entries: Vec<String> = archive.names().map(Cow::into_owned).collect();
    let mut listing = Listing::default();
    for entry in entries {
        let (name, is_array) = entry.strip_suffix(".npy").map_or((entry.as_str(), false), |name| (name, true));
        match member(&mut archive, &entry, name, is_array) {
            Ok(tensor) => listing.tensors.push(tensor),
            Err(reason) => listing.skipped.push(Skipped { name: name.into(), file: archive.path(), reason }),
        }
    }
    listing
}

fn member(archive: &mut Archive<'_>, entry: &str, name: &str, is_array: bool) -> std::result::Result<Tensor, String> {
    if !is_array {
        return Err("it is no .npy array".into());
    }
    let reason = |e: Error| if e.remedy.is_empty() { e.what } else { format!("{}; {}", e.what, e.remedy) };
    archive.region(entry).and_then(|region| array(&region, name)).map_err(reason)
}

/// The array that fills `region`.
fn array(region: &Region, name: &str) -> Result<Tensor> {
    let header = Header::read(region)?;
    let n = header.shape.iter().try_fold(1u64, |n, d| n.checked_mul(*d));
    let needed = n.and_then(|n| n.checked_mul(header.dtype.size() as u64));
    let held = region.len - header.end;
    if needed.is_none_or(|needed| needed > held) {
        let what = format!("shape {:?} of {} does not fit its {held} bytes", header.shape, header.dtype.name());
        return Err(Error::bad_file(what, "the file is truncated or damaged: save it again"));
    }
    let strides = if header.fortran { column_major(&header.shape) } else { None };
    let (bytes, encoding, offset) =
        (Arc::clone(&region.bytes), Encoding::Plain(header.dtype), region.offset + header.end);
    Tensor { name: name.into(), bytes, encoding, shape: header.shape, strides, offset }.checked()
}

/// Strides with the first dimension innermost; `None` when that is also row-major, or there is nothing to step over.
fn column_major(shape: &[u64]) -> Option<Vec<u64>> {
    let long = shape.iter().filter(|d| **d != 1).count();
    if long < 2 || shape.contains(&0) {
        return None;
    }
    let step = |next: &mut u64, d: &u64| Some(std::mem::replace(next, *next * d));
    Some(shape.iter().scan(1, step).collect())
}

struct Header {
    dtype: DType,
    fortran: bool,
    shape: Vec<u64>,
    /// Where the values begin, from the start of the file.
    end: u64,
}

impl Header {
    fn read(region: &Region) -> Result<Self> {
        let (start, length) = extent(region)?;
        let mut buffer = Vec::new();
        let text = region.bytes.read(region.offset + start, length as usize, &mut buffer)?;
        let text = std::str::from_utf8(text).map_err(|_| damaged("its header is not text"))?;
        let Some(Literal::Dict(fields)) = literal::parse(text) else { return Err(damaged("its header is no dict")) };
        let field = |name: &str| fields.iter().find(|(key, _)| *key == Literal::Text(name)).map(|(_, value)| value);
        let (Some(descr), Some(fortran), Some(shape), 3) =
            (field("descr"), field("fortran_order"), field("shape"), fields.len())
        else {
            return Err(damaged("its header has other fields than descr, fortran_order and shape"));
        };
        Ok(Self { dtype: dtype(descr)?, fortran: truth(fortran)?, shape: sizes(shape)?, end: start + length })
    }
}

/// Where the header text begins and how long it is, both checked against the region.
fn extent(region: &Region) -> Result<(u64, u64)> {
    let mut buffer = Vec::new();
    let prefix = region.bytes.read(region.offset, region.len.min(12) as usize, &mut buffer)?;
    let rest = prefix.strip_prefix(MAGIC).ok_or_else(|| damaged("it does not begin with \\x93NUMPY"))?;
    let (start, length) = match *rest {
        [1, 0, a, b, ..] => (10, u64::from(u16::from_le_bytes([a, b]))),
        [2 | 3, 0, a, b, c, d] => (12, u64::from(u32::from_le_bytes([a, b, c, d]))),
        [major, minor, _, _, ..] if !matches!((major, minor), (1..=3, 0)) => {
            return Err(Error::unsupported(format!("version {major}.{minor} of the format is unknown"), REMEDY));
        }
        _ => return Err(damaged("it ends within its first 12 bytes")),
    };
    if length > MAX_HEADER {
        return Err(damaged(&format!("its header claims {length} bytes, more than {MAX_HEADER}")));
    }
    if start + length > region.len {
        return Err(damaged(&format!("its header claims {length} bytes, the file has {} in all", region.len)));
    }
    Ok((start, length))
}

fn dtype(descr: &Literal<'_>) -> Result<DType> {
    let code = match descr {
        Literal::Text(code) => *code,
        Literal::Sequence(_) => return Err(unread("it holds records", "save each field as an array of its own")),
        _ => return Err(damaged("its descr is neither a text nor a list")),
    };
    let order_kind = code.split_at_checked(1).ok_or_else(|| damaged("its descr is empty"))?;
    match order_kind {
        ("|", "i1") => Ok(DType::I8),
        ("|", "u1") => Ok(DType::U8),
        ("|", "b1") => Ok(DType::Bool),
        ("<", "f8") => Ok(DType::F64),
        ("<", "f4") => Ok(DType::F32),
        ("<", "f2") => Ok(DType::F16),
        ("<", "i8") => Ok(DType::I64),
        ("<", "i4") => Ok(DType::I32),
        ("<", "i2") => Ok(DType::I16),
        (">", kind) => {
            Err(unread(&format!("its values are big-endian ({code})"), &format!("save array.astype(\"<{kind}\")")))
        }
        (_, kind) => Err(unread_kind(code, kind)),
    }
}

fn unread_kind(code: &str, kind: &str) -> Error {
    match kind.as_bytes() {
        [b'V', ..] => unread(
            &format!("it holds raw {code} bytes: .npy does not say which bfloat16 or float8 type they were"),
            "save it as safetensors, or as array.astype(\"<f4\")",
        ),
        [b'O', ..] => unread("it holds Python objects, as a pickle that can run code", "save an array of numbers"),
        [b'c', ..] => unread(&format!("complex values ({code}) are not read"), "save their real and imaginary parts"),
        [b'u', ..] => {
            unread(&format!("unsigned values above 8 bits ({code}) are not read"), "save array.astype(\"<i8\")")
        }
        _ => unread(&format!("values of type {code} are not read"), "save array.astype(\"<f8\")"),
    }
}

fn truth(value: &Literal<'_>) -> Result<bool> {
    match value {
        Literal::Bool(truth) => Ok(*truth),
        _ => Err(damaged("its fortran_order is neither True nor False")),
    }
}

fn sizes(value: &Literal<'_>) -> Result<Vec<u64>> {
    let Literal::Sequence(items) = value else { return Err(damaged("its shape is no tuple")) };
    let size = |item: &Literal<'_>| match item {
        Literal::Int(size) => Ok(*size),
        _ => Err(damaged("its shape holds something that is no size")),
    };
    items.iter().map(size).collect()
}

fn unread(what: &str, remedy: &str) -> Error {
    Error::unsupported(what, remedy)
}

fn damaged(why: &str) -> Error {
    Error::bad_file(why, REMEDY)
}
