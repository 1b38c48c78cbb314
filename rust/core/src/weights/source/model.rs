//! A model by its path: one file of any format, or a directory of them.
//!
//! Formats are told by content. What is read of a directory is decided in `directory`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Kind, Result};
use crate::weights::source::directory::Directory;
use crate::weights::source::index::Index;
use crate::weights::source::{Bytes, Io, Listing, Look, Skipped, Tensor, gguf, npy, safetensors, torch, zip};

/// The tensors of a model.
#[derive(Debug, Default)]
pub struct Model {
    /// Tensors to scan, file by file.
    pub tensors: Vec<Tensor>,
    /// Tensors and files left out, and why.
    pub skipped: Vec<Skipped>,
    /// Scalars of the files' own headers.
    pub metadata: BTreeMap<String, String>,
    /// The files read.
    pub files: Vec<PathBuf>,
}

/// The formats, the one that a directory is read in first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Format {
    Safetensors,
    Gguf,
    Zip,
    Npy,
    LegacyTorch,
}

impl Format {
    /// What its users call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Gguf => "GGUF",
            Self::Zip => "torch or .npz",
            Self::Npy => ".npy",
            Self::LegacyTorch => "old torch",
        }
    }

    /// The format that a file's name promises.
    pub(super) fn of_name(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "safetensors" => Some(Self::Safetensors),
            "gguf" => Some(Self::Gguf),
            "bin" | "pt" | "pth" | "npz" => Some(Self::Zip),
            "npy" => Some(Self::Npy),
            _ => None,
        }
    }
}

impl Model {
    /// Reads the headers of the model at `path`. Inflating what is deflated in a zip takes long: meanwhile `look` is
    /// called some 100 times a second, and its error ends the work.
    pub fn open(path: &Path, io: Io, look: Look<'_>) -> Result<Self> {
        let meta = fs::metadata(path).map_err(|e| Error::io("cannot open", &e).in_file(path))?;
        if meta.is_dir() {
            return Self::directory(path, io, look);
        }
        let mut model = Self::default();
        model.add(path, list(path, io, look)?);
        Ok(model)
    }

    fn directory(path: &Path, io: Io, look: Look<'_>) -> Result<Self> {
        let directory = Directory::read(path)?;
        let mut model = Self::default();
        match directory.index()? {
            Some(index) => {
                model.add_shards(&index, io, look)?;
                model.skipped.extend(directory.beside(&index));
            }
            None => model.add_best(&directory, io, look)?,
        }
        Ok(model)
    }

    fn add_shards(&mut self, index: &Index, io: Io, look: Look<'_>) -> Result<()> {
        for shard in &index.shards {
            let path = index.locate(shard);
            let listing = list(&path, io, look)?;
            index.verify(shard, &listing)?;
            self.add(&path, listing);
        }
        Ok(())
    }

    /// The files of the best format; one that is sound but not read is skipped, as long as another is read.
    fn add_best(&mut self, directory: &Directory, io: Io, look: Look<'_>) -> Result<()> {
        let (files, skipped) = directory.best()?;
        self.skipped = skipped;
        let mut refused = None;
        for file in files {
            match list(file, io, look) {
                Ok(listing) => self.add(file, listing),
                Err(error) if error.kind == Kind::Unsupported => {
                    self.skipped.push(Skipped::file(file, &error));
                    refused = refused.or(Some(error));
                }
                Err(error) => return Err(error),
            }
        }
        refused.filter(|_| self.files.is_empty()).map_or(Ok(()), Err)
    }

    fn add(&mut self, path: &Path, listing: Listing) {
        self.files.push(path.to_owned());
        self.tensors.extend(listing.tensors);
        self.skipped.extend(listing.skipped);
        self.metadata.extend(listing.metadata);
    }
}

const REMEDY: &str = "give a safetensors, GGUF, torch (.bin, .pt) or numpy file, or a directory of them";

/// The error for a file of no known format, or a directory without one that is known.
pub(super) fn unknown(what: &str) -> Error {
    Error::bad_file(what, REMEDY)
}

/// The tensors of one file.
fn list(path: &Path, io: Io, look: Look<'_>) -> Result<Listing> {
    let bytes = Arc::new(Bytes::open(path, io)?);
    let listing = match sniff(&bytes)? {
        Some(Format::Safetensors) => safetensors::list(&bytes),
        Some(Format::Gguf) => gguf::list(&bytes),
        Some(Format::Zip) => zip::list(&bytes, look),
        Some(Format::Npy) => npy::list(&bytes),
        Some(Format::LegacyTorch) => Err(torch::legacy_error(&prefix(&bytes)?)),
        None => Err(unknown("is not a model file of a known format")),
    };
    listing.map_err(|e| e.in_file(path))
}

fn prefix(bytes: &Bytes) -> Result<Vec<u8>> {
    let mut buffer = Vec::new();
    Ok(bytes.read(0, bytes.len().min(512) as usize, &mut buffer)?.to_vec())
}

/// The format, told by content; a file that is called safetensors is read as that, so that it is said what is wrong.
pub(super) fn sniff(bytes: &Bytes) -> Result<Option<Format>> {
    let start = prefix(bytes)?;
    Ok(match start.as_slice() {
        [b'P', b'K', 3 | 5, 4 | 6, ..] => Some(Format::Zip),
        [b'G', b'G', b'U', b'F', ..] => Some(Format::Gguf),
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Some(Format::Npy),
        [_, _, _, _, _, 0, 0, 0, b'{', ..] => Some(Format::Safetensors),
        start if torch::is_legacy(start) => Some(Format::LegacyTorch),
        _ => Format::of_name(bytes.path()).filter(|named| *named == Format::Safetensors),
    })
}
