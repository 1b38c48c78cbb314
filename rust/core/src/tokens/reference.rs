//! The truth: the Hugging Face `tokenizers` crate, at the version that `Cargo.toml` pins.
//!
//! Everything else in this room must count as it does. It also does the work where the fast engine has no proof.
//!
//! ```
//! use glotgap_core::tokens::reference::Reference;
//!
//! let json = r#"{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}}"#;
//! assert_eq!(Reference::from_json(json).unwrap().ids("aba").unwrap(), [2, 0]);
//! ```

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;

use tokenizers::Tokenizer;

use crate::error::{Error, Result};

/// The version of the `tokenizers` crate: part of every result.
pub const VERSION: &str = "0.23.2";

/// A tokenizer of the reference crate, without truncation and padding.
#[derive(Clone)]
pub struct Reference(Tokenizer);

impl Reference {
    /// Builds the tokenizer from the text of a `tokenizer.json`.
    pub fn from_json(json: &str) -> Result<Self> {
        survived(|| load(json)).map(Self).map_err(|why| {
            Error::bad_file(
                format!("the tokenizers crate {VERSION} cannot load it: {why}"),
                "save it again with that version of tokenizers",
            )
        })
    }

    /// The token numbers of `text`, without special tokens.
    pub fn ids(&self, text: &str) -> Result<Vec<u32>> {
        let encoding = survived(|| self.0.encode_fast(text, false)).map_err(|why| {
            Error::unsupported(
                format!("the tokenizers crate {VERSION} fails on this text: {why}"),
                "leave the text out",
            )
        })?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The tokenizer itself.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.0
    }
}

fn load(json: &str) -> tokenizers::Result<Tokenizer> {
    let mut tokenizer = Tokenizer::from_str(json)?;
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None)?;
    Ok(tokenizer)
}

/// What the crate answers; where it panics, as it does on some files that do not fit together, what it said.
fn survived<T>(work: impl FnOnce() -> tokenizers::Result<T>) -> std::result::Result<T, String> {
    let answer =
        catch_unwind(AssertUnwindSafe(work)).map_err(|panic| format!("it panicked: {}", said(panic.as_ref())))?;
    answer.map_err(|e| e.to_string())
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let fixed = panic.downcast_ref::<&str>().copied();
    fixed.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no reason given")
}

#[cfg(test)]
mod tests {
    use super::{Reference, VERSION};

    #[test]
    fn a_file_on_which_the_crate_panics_is_refused() {
        let longer_than_any_piece = r#"{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": ["a b"]}}"#;
        let no_map = r#"{"normalizer": {"type": "Precompiled", "precompiled_charsmap": "x"},
            "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}"#;
        for json in [longer_than_any_piece, no_map] {
            let error = Reference::from_json(json).err().map(|error| error.what).unwrap_or_default();
            assert!(error.contains("it panicked: "), "{error}");
        }
    }

    #[test]
    fn the_version_is_the_one_pinned() {
        let manifest = include_str!("../../Cargo.toml");
        assert!(manifest.contains(&format!("tokenizers = {{ version = \"={VERSION}\"")));
    }
}
