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
        let mut tokenizer = Tokenizer::from_str(json).map_err(|e| {
            Error::bad_file(
                format!("the tokenizers crate {VERSION} cannot load it: {e}"),
                "save it again with that version of tokenizers",
            )
        })?;
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|e| Error::bad_file(e.to_string(), ""))?;
        Ok(Self(tokenizer))
    }

    /// The token numbers of `text`, without special tokens.
    pub fn ids(&self, text: &str) -> Result<Vec<u32>> {
        let encoding = self.0.encode_fast(text, false).map_err(|e| {
            Error::unsupported(format!("the tokenizers crate {VERSION} fails on this text: {e}"), "leave the text out")
        })?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The tokenizer itself.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::VERSION;

    #[test]
    fn the_version_is_the_one_pinned() {
        let manifest = include_str!("../../Cargo.toml");
        assert!(manifest.contains(&format!("tokenizers = {{ version = \"={VERSION}\"")));
    }
}
