//! torch checkpoints (`.pt`, `.pth`, `.bin`): the zip format of torch 1.6 and later.
//!
//! ```text
//! NAME/data.pkl     a pickle: dicts of tensors, each a view (offset, shape, strides) of a numbered storage
//! NAME/data/0 …     the bytes of each storage, stored (not deflated) by torch
//! NAME/byteorder    "little" or "big"; absent before torch 2.1
//! ```
//!
//! The pickle is decoded without executing anything ([`super::pickle`]), and tensors keep their dotted names.
//! A tensor that shares everything (storage, offset, shape, strides, dtype) with an earlier one is tied to it,
//! and skipped, so that no weight counts twice; views that only overlap are all read. A tensor that cannot be
//! read is skipped with its reason and the rest is listed. Values other than tensors are ignored.
//!
//! Not read: files from before torch 1.6, `TorchScript` archives, big-endian files, and expanded views (stride 0),
//! which would count a value more often than the file holds it. Checksums of stored entries are not verified.
//!
//! Source: `torch/serialization.py` and `torch/_utils.py`, torch 1.6 to 2.15.

mod flatten;
mod rebuild;

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::pickle::{MAX_PICKLE, Pickle, Value};
use super::zip::{Archive, Region};
use super::{Bytes, Encoding, Listing, Skipped, Tensor};
use crate::error::{Error, Result};
use rebuild::View;

/// A tensor or a part of it, or the reason why it is skipped.
type Outcome<T> = std::result::Result<T, String>;

/// The pickled number that opens files of torch 0.1.10 to 1.5, after the protocol.
const LEGACY_MAGIC: [u8; 12] = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// Where a tar says that it is one.
const TAR_MAGIC: std::ops::Range<usize> = 257..262;

/// Lists the tensors of a torch checkpoint in the order of its dicts.
///
/// # Errors
/// `BadFile` for a damaged archive or pickle; `Unsupported` for a pickle that asks for a name outside the list of
/// harmless ones (nothing is executed), a `TorchScript` archive, or a big-endian file.
pub fn list(file: &Arc<Bytes>) -> Result<Listing> {
    list_archive(Archive::open(file, &mut || Ok(()))?).map_err(|e| e.in_file(file.path()))
}

/// [`list`] for an archive that is open already.
pub(super) fn list_archive(mut archive: Archive<'_>) -> Result<Listing> {
    let folder = folder(&archive)?;
    refuse_torchscript(&archive, &folder)?;
    refuse_big_endian(&mut archive, &folder)?;
    let alone = archive.stem();
    let region = archive.region(&format!("{folder}/data.pkl"))?;
    if region.len > MAX_PICKLE {
        let what = format!("its data.pkl has {} bytes, more than {MAX_PICKLE}", region.len);
        return Err(Error::unsupported(what, "save it again with tensors only: torch.save(model.state_dict(), path)"));
    }
    let mut buffer = Vec::new();
    let pickle = Pickle::decode(region.read(&mut buffer)?)?;
    let named = flatten::tensors(&pickle, &alone)?;
    Ok(Checkpoint::new(archive, folder).list(&pickle, named))
}

/// The one folder that everything lies in; its name is free.
fn folder(archive: &Archive<'_>) -> Result<String> {
    let folder = |name: Cow<'_, str>| name.strip_suffix("/data.pkl").map(str::to_owned);
    let mut outermost = archive.names().filter_map(folder).filter(|folder| !folder.contains('/'));
    match (outermost.next(), outermost.next()) {
        (Some(folder), None) => Ok(folder),
        (None, _) => Err(Error::bad_file("the zip holds no NAME/data.pkl", "this is no torch checkpoint")),
        (Some(_), Some(_)) => {
            Err(Error::bad_file("the zip holds two data.pkl", "save each checkpoint in its own file"))
        }
    }
}

fn refuse_torchscript(archive: &Archive<'_>, folder: &str) -> Result<()> {
    if !archive.contains(&format!("{folder}/constants.pkl")) {
        return Ok(());
    }
    let remedy = "save its weights alone: torch.save(torch.jit.load(path).state_dict(), new_path)";
    Err(Error::unsupported("it is a TorchScript archive, a program with weights", remedy))
}

fn refuse_big_endian(archive: &mut Archive<'_>, folder: &str) -> Result<()> {
    let name = format!("{folder}/byteorder");
    if !archive.contains(&name) {
        return Ok(());
    }
    let whole = archive.region(&name)?;
    let start = Region { len: whole.len.min(16), ..whole }; // a word; a hostile one may be any size
    let mut buffer = Vec::new();
    match start.read(&mut buffer)? {
        b"little" => Ok(()),
        b"big" => Err(Error::unsupported(
            "its values are big-endian",
            "load it with torch on a little-endian machine and save it again",
        )),
        _ => Err(Error::bad_file("its byteorder is neither little nor big", "save it again")),
    }
}

struct Checkpoint<'a, 'l> {
    archive: Archive<'l>,
    folder: String,
    /// Storages met so far; a missing one is looked for once.
    storages: HashMap<&'a str, Outcome<Region>>,
    /// The name under which each view was met first.
    first: HashMap<View<'a>, String>,
    names: HashSet<String>,
}

impl<'a, 'l> Checkpoint<'a, 'l> {
    fn new(archive: Archive<'l>, folder: String) -> Self {
        Self { archive, folder, storages: HashMap::new(), first: HashMap::new(), names: HashSet::new() }
    }

    fn list(mut self, pickle: &Pickle<'a>, named: Vec<(String, Value)>) -> Listing {
        let mut listing = Listing::default();
        for (name, value) in named {
            match self.tensor(pickle, &name, value) {
                Ok(tensor) => listing.tensors.push(tensor),
                Err(reason) => listing.skipped.push(Skipped { name, file: self.archive.path(), reason }),
            }
        }
        listing
    }

    fn tensor(&mut self, pickle: &Pickle<'a>, name: &str, value: Value) -> Outcome<Tensor> {
        if !self.names.insert(name.to_owned()) {
            return Err("another tensor of the file has the same name".into());
        }
        let view = rebuild::view(pickle, value)?;
        let region = self.storage(view.key)?;
        let tensor = place(&view, name, &region)?;
        match self.first.entry(view) {
            Entry::Occupied(first) => Err(format!("tied to {}", first.get())),
            Entry::Vacant(place) => {
                place.insert(name.to_owned());
                Ok(tensor)
            }
        }
    }

    fn storage(&mut self, key: &'a str) -> Outcome<Region> {
        let name = format!("{}/data/{key}", self.folder);
        let archive = &mut self.archive;
        self.storages.entry(key).or_insert_with(|| archive.region(&name).map_err(|e| e.what)).clone()
    }
}

/// Checks a view against its storage.
fn place(view: &View<'_>, name: &str, region: &Region) -> Outcome<Tensor> {
    let size = view.dtype.size() as u64;
    let Some(held) = view.storage_bytes.filter(|declared| *declared <= region.len) else {
        return Err(format!("its storage {} is cut short: the file has {} bytes of it", view.key, region.len));
    };
    let n = view.shape.iter().try_fold(1u64, |n, d| n.checked_mul(*d));
    let span = n.and_then(|n| span(view, n)).and_then(|span| span.checked_add(view.offset)?.checked_mul(size));
    let (Some(n), Some(end)) = (n, span) else { return Err(format!("its shape {:?} is impossible", view.shape)) };
    if n > 0 && end > held {
        return Err(format!("it ends at byte {end} of storage {}, which has {held} bytes", view.key));
    }
    if n > held / size {
        return Err(format!("an expanded view: it repeats {} stored values to {n}", held / size));
    }
    let offset = region.offset + if n > 0 { view.offset * size } else { 0 };
    let (bytes, encoding, shape) = (Arc::clone(&region.bytes), Encoding::Plain(view.dtype), view.shape.clone());
    let strides = (n > 0 && !is_dense(view)).then(|| view.strides.clone());
    Tensor { name: name.into(), bytes, encoding, shape, strides, offset }.checked().map_err(|e| e.what)
}

/// Values from the first of the view to its last; 0 for an empty view, `None` on overflow.
fn span(view: &View<'_>, n: u64) -> Option<u64> {
    if n == 0 {
        return Some(0);
    }
    let steps = view.shape.iter().zip(&view.strides);
    steps.map(|(d, stride)| (d - 1).checked_mul(*stride)).try_fold(1u64, |sum, reach| sum.checked_add(reach?))
}

/// Whether the view is row-major without gaps; the stride of a dimension of length 1 does not matter.
fn is_dense(view: &View<'_>) -> bool {
    let mut expected = 1;
    view.shape.iter().zip(&view.strides).rev().all(|(d, stride)| {
        let fits = *d == 1 || *stride == expected;
        expected *= d;
        fits
    })
}

/// Whether a file that begins with `prefix` is a torch checkpoint from before torch 1.6, or a bare pickle.
/// Tars are told by bytes 257 to 261: give at least 262.
pub fn is_legacy(prefix: &[u8]) -> bool {
    is_tar(prefix) || matches!(prefix, [0x80, 2..=5, ..])
}

fn is_tar(prefix: &[u8]) -> bool {
    prefix.get(TAR_MAGIC).is_some_and(|magic| magic == b"ustar")
}

/// The error for such a file.
pub fn legacy_error(prefix: &[u8]) -> Error {
    let magic = prefix.get(2..).is_some_and(|rest| rest.starts_with(&LEGACY_MAGIC));
    let what = match (is_tar(prefix), magic) {
        (true, _) => "it is a tar: a model file of torch 0.1, or not a model file",
        (_, true) => "it is a torch checkpoint in the format from before torch 1.6",
        _ => "it is a bare pickle, which can run code when loaded",
    };
    let remedy = "if you trust it, save it again in the zip format: \
                  torch.save(torch.load(path, weights_only=True), new_path)";
    Error::unsupported(what, remedy)
}
