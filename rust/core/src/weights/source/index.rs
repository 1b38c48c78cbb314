//! Shard indexes: `model.safetensors.index.json`, `pytorch_model.bin.index.json`.
//!
//! ```text
//! {"metadata": {…}, "weight_map": {"tensor name": "model-00001-of-00002.safetensors", …}}
//! ```
//!
//! An index promises which shard holds which tensor. [`read`] checks that every shard is there, and
//! [`Index::verify`] that a listed shard keeps the promise. A tensor that a shard holds without the index naming
//! it is no error: it is scanned like the rest.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::json::UniqueStrings;
use super::{Bytes, Io, Listing};
use crate::error::{Error, Result};

/// Longest index read, as for safetensors headers.
const MAX_INDEX: u64 = 100_000_000;

const REMEDY: &str = "the index is damaged: download or save the model again";

/// What an index promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// The index file itself.
    pub path: PathBuf,
    /// File names of the shards, sorted, each once; all in the directory of the index.
    pub shards: Vec<String>,
    /// The shard that holds each tensor.
    pub shard_of: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Document {
    weight_map: UniqueStrings,
}

/// Reads the index at `path` and checks that each of its shards is a file beside it.
///
/// # Errors
/// `BadFile` when the index is not such JSON, names no shard, points outside its directory, or a shard is absent.
pub fn read(path: &Path) -> Result<Index> {
    let index = parse(path)?;
    index.refuse_absent_shards()?;
    Ok(index)
}

/// Reads the index at `path`, whether or not its shards are there.
///
/// # Errors
/// `BadFile` when the index is not such JSON, names no shard, or points outside its directory.
pub fn parse(path: &Path) -> Result<Index> {
    parse_inner(path).map_err(|e| e.in_file(path))
}

fn parse_inner(path: &Path) -> Result<Index> {
    let bytes = Bytes::open(path, Io::Pread)?;
    if bytes.len() > MAX_INDEX {
        return Err(Error::bad_file(format!("the index has {} bytes, more than {MAX_INDEX}", bytes.len()), REMEDY));
    }
    let mut buffer = Vec::new();
    let text = bytes.read(0, bytes.len() as usize, &mut buffer)?;
    let document: Document = serde_json::from_slice(text)
        .map_err(|e| Error::bad_file(format!("the index is not the JSON it should be: {e}"), REMEDY))?;
    Index::new(path, document.weight_map.0)
}

impl Index {
    fn new(path: &Path, shard_of: BTreeMap<String, String>) -> Result<Self> {
        let shards: BTreeSet<&String> = shard_of.values().collect();
        if shards.is_empty() {
            return Err(Error::bad_file("the index names no shard", REMEDY));
        }
        if let Some(shard) = shards.iter().find(|shard| !is_file_name(shard)) {
            let what = format!("the index names the shard {shard:?}, which is not a plain file name");
            return Err(Error::bad_file(what, "shards must lie beside their index"));
        }
        let shards = shards.into_iter().cloned().collect();
        Ok(Self { path: path.to_owned(), shards, shard_of })
    }

    /// The path of `shard`.
    pub fn locate(&self, shard: &str) -> PathBuf {
        self.path.with_file_name(shard)
    }

    /// Whether any shard is there.
    pub fn has_a_shard(&self) -> bool {
        self.shards.iter().any(|shard| self.locate(shard).is_file())
    }

    pub(super) fn refuse_absent_shards(&self) -> Result<()> {
        match self.shards.iter().find(|shard| !self.locate(shard).is_file()) {
            Some(shard) => {
                let what = format!("the index names the shard {shard:?}, which is not there");
                let remedy = format!("put {shard} beside the index, or download the model again");
                Err(Error::bad_file(what, remedy).in_file(&self.path))
            }
            None => Ok(()),
        }
    }

    /// Checks that `listing`, made from `shard`, holds every tensor that the index promises in it.
    ///
    /// # Errors
    /// `BadFile` naming the first absent tensor (in order of name) and the shard.
    pub fn verify(&self, shard: &str, listing: &Listing) -> Result<()> {
        let tensors = listing.tensors.iter().map(|t| t.name.as_str());
        let held: HashSet<&str> = tensors.chain(listing.skipped.iter().map(|s| s.name.as_str())).collect();
        let mut promised = self.shard_of.iter().filter(|(_, place)| *place == shard).map(|(name, _)| name);
        match promised.find(|name| !held.contains(name.as_str())) {
            Some(absent) => {
                let what = format!("the index promises this tensor in {shard:?}, which does not hold it");
                Err(Error::bad_file(what, REMEDY).in_tensor(absent).in_file(&self.path))
            }
            None => Ok(()),
        }
    }
}

/// Whether `shard` stays in the directory of its index, on every system.
fn is_file_name(shard: &str) -> bool {
    !shard.is_empty() && shard != "." && shard != ".." && !shard.contains(['/', '\\', ':', '\0'])
}
