//! GGUF, the format of llama.cpp: header, tensor table, data.
//!
//! ```text
//! "GGUF"  version u32  tensors u64  keys u64
//! keys:    name string, type u32, value              (see `metadata`)
//! tensors: name string, n_dims u32, dims u64 × n_dims (innermost first), type u32, offset u64
//! padding to a multiple of `general.alignment` (32 unless given)
//! data:    each tensor at its offset, counted from here
//! ```
//! A string is a u64 length and UTF-8 bytes. Everything is little-endian.
//!
//! Source: docs/gguf.md in ggml-org/ggml; `enum ggml_type` in ggml.h. Versions 2 and 3 are read; they differ
//! only in that 3 may be big-endian, which is refused here, as is version 1 (32-bit lengths, 2023).
//! Limits: 256 MiB of header, 2²⁰ tensors and as many keys, 8 dimensions, names of 65,535 bytes.
//!
//! A damaged header is an error, and so is a file that ends before the data of its tensors do: it was cut. A tensor that
//! cannot be trusted (unknown type, impossible shape or offset, misaligned, a second of its name) is skipped. Of two that overlap, both are skipped: one of the offsets is wrong and
//! nothing tells which. Bytes that belong to no tensor are no fault.

mod cursor;
mod metadata;
mod types;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use cursor::{Cursor, damaged};

use super::{Bytes, Encoding, Listing, Skipped, Tensor};
use crate::error::{Error, Result};

const COUNT_LIMIT: u64 = 1 << 20;
const DIMENSION_LIMIT: u32 = 8;
const NAME_LIMIT: u64 = 65_535;

/// One row of the tensor table, as stored but outermost dimension first.
struct Info {
    name: String,
    shape: Vec<u64>,
    type_number: u32,
    offset: u64,
}

/// Tensors, skipped tensors and scalar metadata of the GGUF file `file`.
pub fn list(file: &Arc<Bytes>) -> Result<Listing> {
    list_inner(file).map_err(|e| e.in_file(file.path()))
}

fn list_inner(file: &Arc<Bytes>) -> Result<Listing> {
    let mut cursor = Cursor::new(file);
    check_magic(&mut cursor)?;
    check_version(cursor.u32()?)?;
    let tensors = cursor.count("tensors", 24, COUNT_LIMIT)?;
    let keys = cursor.count("metadata keys", 13, COUNT_LIMIT)?;
    let (metadata, alignment) = metadata::read(&mut cursor, keys)?;
    let infos = (0..tensors).map(|_| read_info(&mut cursor)).collect::<Result<Vec<_>>>()?;
    let data = Data { file, start: cursor.position().next_multiple_of(alignment), alignment };
    let (tensors, skipped) = data.place(infos)?;
    Ok(Listing { tensors, skipped, metadata })
}

fn check_magic(cursor: &mut Cursor) -> Result<()> {
    let given = cursor.take(cursor.len().min(4))?;
    if given == b"GGUF" {
        return Ok(());
    }
    let what = format!("is not a GGUF file: it starts with \"{}\", not \"GGUF\"", given.escape_ascii());
    Err(Error::bad_file(what, "give a file saved as GGUF"))
}

fn check_version(version: u32) -> Result<()> {
    match version {
        2 | 3 => Ok(()),
        // a small version number read in the wrong byte order has two zero bytes at its low end
        _ if version != 0 && version.trailing_zeros() >= 16 => Err(Error::unsupported(
            format!("GGUF version {} in big-endian byte order", version.swap_bytes()),
            "convert it to little-endian (llama.cpp: gguf_convert_endian.py)",
        )),
        _ => Err(Error::unsupported(
            format!("GGUF version {version}; versions 2 and 3 are read"),
            "convert the model again with a current llama.cpp",
        )),
    }
}

fn read_info(cursor: &mut Cursor) -> Result<Info> {
    let name = cursor.name("a tensor name", NAME_LIMIT)?;
    let dimensions = cursor.u32()?;
    if dimensions > DIMENSION_LIMIT {
        let what = format!("tensor {name:?} has {dimensions} dimensions; at most {DIMENSION_LIMIT} are read");
        return Err(damaged(what));
    }
    let mut shape = (0..dimensions).map(|_| cursor.u64()).collect::<Result<Vec<_>>>()?;
    shape.reverse();
    Ok(Info { name, shape, type_number: cursor.u32()?, offset: cursor.u64()? })
}

/// The part of the file behind the header.
struct Data<'a> {
    file: &'a Arc<Bytes>,
    start: u64,
    alignment: u64,
}

impl Data<'_> {
    /// Sorts the table's rows, in their order, into tensors that can be read and tensors that are skipped.
    fn place(&self, infos: Vec<Info>) -> Result<(Vec<Tensor>, Vec<Skipped>)> {
        let mut names = HashSet::new();
        let (mut tensors, mut skipped) = (Vec::new(), Vec::new());
        let all = infos.len();
        for info in infos {
            let name = info.name.clone();
            let placed = if names.insert(name.clone()) { self.tensor(info) } else { Err(twice()) };
            match placed {
                Ok(tensor) => tensors.push(tensor),
                Err(reason) => skipped.push(self.skip(name, reason)),
            }
        }
        self.refuse_cut(&tensors, all)?;
        Ok(self.without_overlaps(tensors, skipped))
    }

    /// An error when tensors reach beyond the end of the file.
    fn refuse_cut(&self, tensors: &[Tensor], all: usize) -> Result<()> {
        let end = |tensor: &Tensor| tensor.offset.saturating_add(tensor.span().unwrap_or(0));
        let cut = tensors.iter().filter(|tensor| end(tensor) > self.file.len());
        let (count, needed) = cut.fold((0, 0), |(count, needed), tensor| (count + 1, end(tensor).max(needed)));
        if count == 0 {
            return Ok(());
        }
        let what = format!("its data should end at byte {needed}, but the file has {} bytes", self.file.len());
        let what = format!("{what}: {count} of {all} tensors are cut");
        Err(Error::bad_file(what, "the file is truncated: download or save it again"))
    }

    /// The tensor of one row, or the reason why it cannot be read.
    fn tensor(&self, info: Info) -> std::result::Result<Tensor, String> {
        let encoding = types::encoding(info.type_number)?;
        check_row(encoding, info.shape.last().copied().unwrap_or(1))?;
        if !info.offset.is_multiple_of(self.alignment) {
            return Err(format!("its offset {} is not a multiple of the alignment {}", info.offset, self.alignment));
        }
        let offset = self.start.checked_add(info.offset);
        let offset = offset.ok_or_else(|| format!("its offset {} is too large to be real", info.offset))?;
        let (name, shape, bytes) = (info.name, info.shape.clone(), Arc::clone(self.file));
        let tensor = Tensor { name, bytes, encoding, shape, strides: None, offset };
        let end = tensor.span().and_then(|span| offset.checked_add(span));
        end.map(|_| tensor).ok_or_else(|| format!("its shape {:?} or offset is too large to be real", info.shape))
    }

    fn without_overlaps(&self, tensors: Vec<Tensor>, mut skipped: Vec<Skipped>) -> (Vec<Tensor>, Vec<Skipped>) {
        let partners = overlaps(&tensors);
        let mut kept = Vec::with_capacity(tensors.len());
        for (index, tensor) in tensors.into_iter().enumerate() {
            match partners.get(&index) {
                Some(partner) => skipped.push(self.skip(tensor.name, overlap(partner))),
                None => kept.push(tensor),
            }
        }
        (kept, skipped)
    }

    fn skip(&self, name: String, reason: String) -> Skipped {
        Skipped { name, file: self.file.path().display().to_string(), reason }
    }
}

fn twice() -> String {
    "its name occurs twice; the first tensor of that name is the one listed".to_owned()
}

fn overlap(partner: &str) -> String {
    format!("its bytes overlap those of {partner:?}: one of the two offsets is damaged")
}

/// Blocks never span two rows, so a row must be whole blocks.
fn check_row(encoding: Encoding, row: u64) -> std::result::Result<(), String> {
    match encoding {
        Encoding::Blocks(block) if !row.is_multiple_of(block.elements() as u64) => Err(format!(
            "its rows of {row} values are not whole {} blocks of {}: its shape is damaged",
            block.name(),
            block.elements()
        )),
        _ => Ok(()),
    }
}

/// The tensors that share bytes with another, by index, each with the name of one it overlaps.
fn overlaps(tensors: &[Tensor]) -> BTreeMap<usize, String> {
    let mut found = BTreeMap::new();
    let mut reach: Option<(u64, usize)> = None; // the furthest end so far, and whose it is
    for (start, end, index) in by_offset(tensors) {
        if let Some((_, holder)) = reach.filter(|(furthest, _)| start < *furthest) {
            found.entry(index).or_insert_with(|| tensors[holder].name.clone());
            found.entry(holder).or_insert_with(|| tensors[index].name.clone());
        }
        if reach.is_none_or(|(furthest, _)| end > furthest) {
            reach = Some((end, index));
        }
    }
    found
}

/// Start, end and index of every tensor that has bytes, by start.
fn by_offset(tensors: &[Tensor]) -> Vec<(u64, u64, usize)> {
    let extent = |(index, tensor): (usize, &Tensor)| {
        let end = tensor.offset.checked_add(tensor.span()?)?;
        (end > tensor.offset).then_some((tensor.offset, end, index))
    };
    let mut extents: Vec<_> = tensors.iter().enumerate().filter_map(extent).collect();
    extents.sort_unstable();
    extents
}
