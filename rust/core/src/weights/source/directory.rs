//! What is read of a directory, and why the rest is not: no file that holds weights is left out in silence.
//!
//! - With an index (`*.safetensors.index.json`, `*.bin.index.json`), exactly the shards that it names are read, and it
//!   must agree with them. An index none of whose shards is there says nothing, nor does one of another framework.
//! - Without, all files of the best format present are read, in the order of their names: safetensors before GGUF
//!   before torch and `.npz` before `.npy`. Files of other formats usually hold the same weights again.
//!
//! Files count that hold weights by their content, and those that should by their names. One that is empty or cannot be
//! opened (a dangling link) is an error where its name promises the format that is read, for then a part of the model
//! is missing; any other is skipped, with a reason.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::weights::source::index::{self, Index};
use crate::weights::source::model::{Format, sniff, unknown};
use crate::weights::source::{Bytes, Io, Skipped};

/// The files of a directory that hold weights, or should, and its indexes.
pub(super) struct Directory {
    path: PathBuf,
    files: Vec<(PathBuf, Result<Option<Format>>)>,
    indexes: Vec<PathBuf>,
}

impl Directory {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let all = visible(path)?;
        let (mut indexes, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|file| is_index(file));
        indexes.sort_by_key(|file| !file.to_string_lossy().ends_with(".safetensors.index.json"));
        let is_named = |file: &Path| Format::of_name(file).is_some();
        let files = rest.into_iter().filter(|file| !file.is_dir() && (is_named(file) || file.is_file()));
        let files = files.map(|file| (format(&file), file));
        let files = files.filter(|(format, file)| matches!(format, Ok(Some(_))) || is_named(file));
        Ok(Self { path: path.to_owned(), files: files.map(|(format, file)| (file, format)).collect(), indexes })
    }

    /// The index to go by: the first with a shard that is there. All of its shards must be.
    pub(super) fn index(&self) -> Result<Option<Index>> {
        for file in &self.indexes {
            let index = index::parse(file)?;
            if self.files.is_empty() || index.has_a_shard() {
                index.refuse_absent_shards()?;
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// The files that `index` does not name.
    pub(super) fn beside(&self, index: &Index) -> Vec<Skipped> {
        let what = format!("{} does not name it, and its shards were read", name(&index.path));
        let reason = Error::unsupported(what, BY_ITSELF);
        let is_shard = |file: &Path| index.shards.iter().any(|shard| index.locate(shard) == file);
        let others = self.files.iter().map(|(file, _)| file).filter(|file| !is_shard(file));
        others.map(|file| Skipped::file(file, &reason)).collect()
    }

    /// The files of the best format; and the others, with reasons.
    pub(super) fn best(&self) -> Result<(Vec<&PathBuf>, Vec<Skipped>)> {
        let formats = self.files.iter().filter_map(|(_, format)| format.clone().ok().flatten());
        let Some(best) = formats.min() else { return Err(self.nothing()) };
        let (mut chosen, mut skipped) = (Vec::new(), self.idle_indexes());
        for (file, format) in &self.files {
            let reason = match format {
                Ok(Some(format)) if *format == best => {
                    chosen.push(file);
                    continue;
                }
                Err(error) if Format::of_name(file) == Some(best) => return Err(error.clone()),
                Err(error) => error.clone(),
                Ok(None) => Error::bad_file(UNKNOWN, "if it holds weights, download or save it again"),
                Ok(Some(format)) => other(*format, best),
            };
            skipped.push(Skipped::file(file, &reason));
        }
        Ok((chosen, skipped))
    }

    fn nothing(&self) -> Error {
        let error = match self.files.first() {
            None => return unknown("holds no model file").in_file(&self.path),
            Some((_, Err(error))) => error.clone(),
            Some((file, Ok(_))) => unknown(UNKNOWN).in_file(file),
        };
        Error { what: format!("{}, and the directory holds no other model file", error.what), ..error }
    }

    fn idle_indexes(&self) -> Vec<Skipped> {
        let reason = Error::bad_file("none of the shards that it names is there", "put them beside it, or remove it");
        self.indexes.iter().map(|file| Skipped::file(file, &reason)).collect()
    }
}

const UNKNOWN: &str = "is not a model file of a known format";
const BY_ITSELF: &str = "to scan it, give its own path";

fn other(format: Format, best: Format) -> Error {
    let what = format!("a {} file; the directory's {} files were read instead", format.name(), best.name());
    Error::unsupported(what, BY_ITSELF)
}

fn format(file: &Path) -> Result<Option<Format>> {
    let bytes = Bytes::open(file, Io::Pread)?;
    if bytes.is_empty() {
        return Err(Error::bad_file("is empty (0 bytes)", "download or save it again").in_file(file));
    }
    sniff(&bytes)
}

/// Files and folders of a directory, sorted, without hidden ones.
fn visible(path: &Path) -> Result<Vec<PathBuf>> {
    let failed = |e| Error::io("cannot list", &e).in_file(path);
    let entries = fs::read_dir(path).map_err(failed)?.collect::<std::io::Result<Vec<_>>>().map_err(failed)?;
    let is_hidden = |file: &Path| name(file).starts_with('.');
    let mut files: Vec<PathBuf> = entries.into_iter().map(|e| e.path()).filter(|file| !is_hidden(file)).collect();
    files.sort();
    Ok(files)
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Whether it is called like an index of a format that is read: `model.safetensors.index.json`, not
/// `flax_model.msgpack.index.json`.
fn is_index(file: &Path) -> bool {
    name(file).strip_suffix(".index.json").is_some_and(|of| Format::of_name(Path::new(of)).is_some())
}
