//! safetensors: an 8-byte length, a JSON header, then the bytes of every tensor.
//!
//! ```text
//! u64 (little-endian) N │ N bytes of JSON │ data
//! {"__metadata__": {"format": "pt"}, "name": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [begin, end]}, …}
//! ```
//!
//! Offsets count from the end of the header; values are little-endian and row-major. Source: the format's
//! description and the reference reader (huggingface/safetensors). As there, a header above 100 MB, a duplicate
//! name, overlapping ranges and a range that does not equal shape × dtype are errors: the header cannot be
//! trusted. Unlike there, holes between tensors and bytes after the last one are let pass, for no value is
//! read from them. Packed formats below 8 bits and formats unknown here are listed as skipped.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use super::json::UniqueStrings;
use super::{Bytes, Encoding, Listing, Skipped, Tensor};
use crate::error::{Error, Result};
use crate::weights::dtype::DType;

/// Longest header read: the reference reader's limit.
const MAX_HEADER: u64 = 100_000_000;

/// Bytes of the length that opens the file.
const PREFIX: u64 = 8;

const REMEDY: &str = "the header is damaged: download or save the file again";

/// Lists the tensors of a safetensors file in order of offset, then name.
///
/// # Errors
/// `BadFile` for any damage of the header, naming the tensor where there is one.
pub fn list(file: &Arc<Bytes>) -> Result<Listing> {
    list_inner(file).map_err(|e| e.in_file(file.path()))
}

fn list_inner(file: &Arc<Bytes>) -> Result<Listing> {
    let length = header_length(file)?;
    let mut header = parse(file, length)?;
    header.entries.sort_by(|a, b| a.0.cmp(&b.0));
    refuse_duplicates(&header.entries)?;
    header.entries.sort_by_key(|(_, entry)| entry.data_offsets); // stable: names break ties
    refuse_overlaps(&header.entries)?;
    let mut listing = Listing { metadata: header.metadata, ..Listing::default() };
    for (name, entry) in header.entries {
        place(file, PREFIX + length, &name, entry, &mut listing).map_err(|e| e.in_tensor(&name))?;
    }
    Ok(listing)
}

fn header_length(file: &Bytes) -> Result<u64> {
    let mut buffer = Vec::new();
    let prefix = file.read(0, PREFIX as usize, &mut buffer)?;
    let length = prefix.iter().rev().fold(0u64, |length, byte| length << 8 | u64::from(*byte));
    if length > MAX_HEADER {
        let what = format!("the header claims {length} bytes, the format allows {MAX_HEADER}");
        return Err(Error::bad_file(what, "this is no safetensors file, or it is damaged"));
    }
    if length > file.len() - PREFIX {
        let what = format!("the header claims {length} bytes, the file has {} in all", file.len());
        return Err(Error::bad_file(what, "the file is truncated: download or save it again"));
    }
    Ok(length)
}

fn parse(file: &Bytes, length: u64) -> Result<Header> {
    let mut buffer = Vec::new();
    let header = file.read(PREFIX, length as usize, &mut buffer)?;
    serde_json::from_slice(header)
        .map_err(|e| Error::bad_file(format!("the header is not the JSON it should be: {e}"), REMEDY))
}

/// The header, with entries as written: duplicates too.
#[derive(Debug, Default)]
struct Header {
    metadata: BTreeMap<String, String>,
    entries: Vec<(String, Entry)>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Header, A::Error> {
        let mut header = Header::default();
        let within = |name: &str, e: A::Error| A::Error::custom(format!("in {name:?}: {e}"));
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                header.metadata = map.next_value::<UniqueStrings>().map_err(|e| within(&name, e))?.0;
            } else {
                let entry = map.next_value().map_err(|e| within(&name, e))?;
                header.entries.push((name, entry));
            }
        }
        Ok(header)
    }
}

/// Entries come sorted by name.
fn refuse_duplicates(entries: &[(String, Entry)]) -> Result<()> {
    let twice = entries.iter().zip(entries.iter().skip(1)).find(|(a, b)| a.0 == b.0);
    twice.map_or(Ok(()), |(a, _)| Err(Error::bad_file("the header names this tensor twice", REMEDY).in_tensor(&a.0)))
}

/// Entries come sorted by range, so an overlap shows between neighbours that hold bytes.
fn refuse_overlaps(entries: &[(String, Entry)]) -> Result<()> {
    let mut filled: Option<&(String, Entry)> = None;
    for pair in entries.iter().filter(|(_, e)| e.data_offsets.0 < e.data_offsets.1) {
        if let Some(before) = filled.filter(|before| pair.1.data_offsets.0 < before.1.data_offsets.1) {
            return Err(overlap(before, pair));
        }
        filled = Some(pair);
    }
    Ok(())
}

fn overlap(a: &(String, Entry), b: &(String, Entry)) -> Error {
    let what = format!("its bytes {:?} overlap bytes {:?} of tensor {:?}", b.1.data_offsets, a.1.data_offsets, a.0);
    Error::bad_file(what, REMEDY).in_tensor(&b.0)
}

/// Checks one entry and files it under tensors or skipped; `data` is where the header ends.
fn place(file: &Arc<Bytes>, data: u64, name: &str, entry: Entry, listing: &mut Listing) -> Result<()> {
    check_range(file, data, &entry)?;
    let dtype = match dtype(&entry.dtype) {
        Ok(dtype) => dtype,
        Err(reason) => {
            listing.skipped.push(Skipped { name: name.into(), file: file.path().display().to_string(), reason });
            return Ok(());
        }
    };
    check_size(&entry, dtype)?;
    let offset = data + entry.data_offsets.0;
    let (bytes, encoding, shape) = (Arc::clone(file), Encoding::Plain(dtype), entry.shape);
    let tensor = Tensor { name: name.into(), bytes, encoding, shape, strides: None, offset };
    listing.tensors.push(tensor.checked()?);
    Ok(())
}

fn check_range(file: &Bytes, data: u64, entry: &Entry) -> Result<()> {
    let (begin, end) = entry.data_offsets;
    if end < begin {
        return Err(Error::bad_file(format!("its bytes end at {end}, before they begin at {begin}"), REMEDY));
    }
    let held = file.len() - data;
    if end > held {
        let what = format!("its bytes end at {end}, but the file holds {held} bytes of data");
        return Err(Error::bad_file(what, "the file is truncated or its header damaged: download or save it again"));
    }
    Ok(())
}

fn check_size(entry: &Entry, dtype: DType) -> Result<()> {
    let (begin, end) = entry.data_offsets;
    let needed = entry.shape.iter().try_fold(dtype.size() as u64, |size, d| size.checked_mul(*d));
    if needed == Some(end - begin) {
        return Ok(());
    }
    let needed = needed.map_or("more than 2^64".to_owned(), |bytes| bytes.to_string());
    let what = format!("shape {:?} of {} needs {needed} bytes, not {}", entry.shape, dtype.name(), end - begin);
    Err(Error::bad_file(what, REMEDY))
}

/// The format called `name` in a header, or why it is not read.
fn dtype(name: &str) -> std::result::Result<DType, String> {
    Ok(match name {
        "F64" => DType::F64,
        "F32" => DType::F32,
        "F16" => DType::F16,
        "BF16" => DType::Bf16,
        "F8_E4M3" => DType::F8E4m3fn,
        "F8_E5M2" => DType::F8E5m2,
        "F8_E4M3FNUZ" => DType::F8E4m3fnuz,
        "F8_E5M2FNUZ" => DType::F8E5m2fnuz,
        "F8_E8M0" => DType::F8E8m0,
        "I64" => DType::I64,
        "I32" => DType::I32,
        "I16" => DType::I16,
        "I8" => DType::I8,
        "U8" => DType::U8,
        "BOOL" => DType::Bool,
        "F4" => return Err("packed 4-bit format F4 is not read".into()),
        "F6_E2M3" | "F6_E3M2" => return Err(format!("packed 6-bit format {name} is not read")),
        "U16" | "U32" | "U64" => return Err(format!("unsigned format {name} is not read: weights are not kept in it")),
        "C64" => return Err("complex format C64 is not read".into()),
        _ => return Err(format!("format {name:?} is unknown")),
    })
}
