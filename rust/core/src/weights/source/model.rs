//! A model by its path: one file of any format, or a directory of them.
//!
//! Formats are told by content. In a directory with an index (`*.index.json`), exactly the shards that it names are
//! read, and it must agree with them. Without one, all files of the best format present are read, in the order of
//! their names: safetensors before GGUF before torch before numpy; files of the other formats are listed as skipped,
//! since they usually hold the same weights again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Kind, Result};
use crate::weights::source::index::{self, Index};
use crate::weights::source::{Bytes, Io, Listing, Skipped, Tensor, gguf, npy, safetensors, torch, zip};

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

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Format {
    Safetensors,
    Gguf,
    Zip,
    Npy,
    LegacyTorch,
}

impl Model {
    /// Reads the headers of the model at `path`.
    pub fn open(path: &Path, io: Io) -> Result<Self> {
        let meta = fs::metadata(path).map_err(|e| Error::io("cannot open", &e).in_file(path))?;
        if meta.is_dir() { Self::directory(path, io) } else { Self::files(&[path.to_owned()], io) }
    }

    fn files(paths: &[PathBuf], io: Io) -> Result<Self> {
        let mut model = Self::default();
        for path in paths {
            model.add(path, list(path, io)?);
        }
        Ok(model)
    }

    fn directory(path: &Path, io: Io) -> Result<Self> {
        let names = names(path)?;
        let indexes = names.iter().filter(|name| name.ends_with(".index.json"));
        let preferred = indexes.min_by_key(|name| !name.contains("safetensors"));
        match preferred {
            Some(name) => Self::sharded(&index::read(&path.join(name))?, io),
            None => Self::loose(path, &names, io),
        }
    }

    fn sharded(index: &Index, io: Io) -> Result<Self> {
        let mut model = Self::default();
        for shard in &index.shards {
            let path = index.locate(shard);
            let listing = list(&path, io)?;
            index.verify(shard, &listing)?;
            model.add(&path, listing);
        }
        Ok(model)
    }

    /// All files of the best format in a directory without an index.
    fn loose(path: &Path, names: &[String], io: Io) -> Result<Self> {
        let mut found: Vec<(Format, PathBuf)> = Vec::new();
        for file in names.iter().map(|name| path.join(name)).filter(|file| file.is_file()) {
            found.extend(sniff(&Bytes::open(&file, Io::Pread)?)?.map(|format| (format, file)));
        }
        found.sort();
        let Some(best) = found.first().map(|(format, _)| *format) else {
            return Err(Error::bad_file("holds no model file", REMEDY).in_file(path));
        };
        let mut model = Self::default();
        for (format, file) in &found {
            match if *format == best { list(file, io) } else { Err(other_format(best)) } {
                Ok(listing) => model.add(file, listing),
                Err(error) if error.kind == Kind::Unsupported && found.len() > 1 => model.skip(file, &error),
                Err(error) => return Err(error),
            }
        }
        model.or_first_reason(path)
    }

    fn add(&mut self, path: &Path, listing: Listing) {
        self.files.push(path.to_owned());
        self.tensors.extend(listing.tensors);
        self.skipped.extend(listing.skipped);
        self.metadata.extend(listing.metadata);
    }

    fn skip(&mut self, file: &Path, error: &Error) {
        let reason = format!("whole file: {}", error.what);
        self.skipped.push(Skipped { name: String::new(), file: file.display().to_string(), reason });
    }

    /// An error when every file was skipped.
    fn or_first_reason(self, path: &Path) -> Result<Self> {
        match self.skipped.first().filter(|_| self.files.is_empty()) {
            Some(skipped) => {
                Err(Error::unsupported(format!("no file could be read; {}", skipped.reason), REMEDY).in_file(path))
            }
            None => Ok(self),
        }
    }
}

const REMEDY: &str = "give a safetensors, GGUF, torch (.bin, .pt) or numpy file, or a directory of them";

fn other_format(best: Format) -> Error {
    Error::unsupported(format!("the directory also holds {best:?} files, which were read instead"), "")
}

/// Names in a directory, sorted, without hidden ones.
fn names(path: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(path).map_err(|e| Error::io("cannot list", &e).in_file(path))?;
    let name = |entry: fs::DirEntry| entry.file_name().into_string().ok();
    let mut names: Vec<String> = entries.filter_map(|entry| name(entry.ok()?)).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    Ok(names)
}

/// The tensors of one file.
pub fn list(path: &Path, io: Io) -> Result<Listing> {
    let bytes = Arc::new(Bytes::open(path, io)?);
    let listing = match sniff(&bytes)? {
        Some(Format::Safetensors) => safetensors::list(&bytes),
        Some(Format::Gguf) => gguf::list(&bytes),
        Some(Format::Zip) => zip::list(&bytes),
        Some(Format::Npy) => npy::list(&bytes),
        Some(Format::LegacyTorch) => Err(torch::legacy_error(&prefix(&bytes)?)),
        None if path.extension().is_some_and(|end| end == "safetensors") => safetensors::list(&bytes),
        None => Err(Error::bad_file("is not a model file of a known format", REMEDY)),
    };
    listing.map_err(|e| e.in_file(path))
}

fn prefix(bytes: &Bytes) -> Result<Vec<u8>> {
    let mut buffer = Vec::new();
    Ok(bytes.read(0, bytes.len().min(512) as usize, &mut buffer)?.to_vec())
}

fn sniff(bytes: &Bytes) -> Result<Option<Format>> {
    let start = prefix(bytes)?;
    Ok(match start.as_slice() {
        [b'P', b'K', 3 | 5, 4 | 6, ..] => Some(Format::Zip),
        [b'G', b'G', b'U', b'F', ..] => Some(Format::Gguf),
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Some(Format::Npy),
        [_, _, _, _, _, 0, 0, 0, b'{', ..] => Some(Format::Safetensors),
        start if torch::is_legacy(start) => Some(Format::LegacyTorch),
        _ => None,
    })
}
