//! Added tokens: texts that a tokenizer cuts out before it does anything else (`<|endoftext|>`, `[MASK]`).
//!
//! This module only finds the texts that hold one, by one search for all of them; such a text goes to the reference
//! whole. A token with `normalized: false` is looked for in the text as it is. One with `normalized: true` is looked for
//! in the normalized text, which this search does not see; so it is covered only where the normalizer changes nothing.
//! `single_word` can only make the reference ignore a match, and `lstrip` and `rstrip` only widen one: a text without
//! a match is the same with and without them.
//!
//! ```
//! use glotgap_core::tokens::added::Added;
//! use glotgap_core::tokens::spec::Spec;
//!
//! let json = r#"{"model": {"type": "BPE"}, "added_tokens": [{"id": 0, "content": "<s>"}]}"#;
//! let added = Added::new(&Spec::parse(json).unwrap().added, true).unwrap();
//! assert!(added.are_in("a<s>") && !added.are_in("a s"));
//! ```

use aho_corasick::AhoCorasick;

use crate::error::{Error, Result};
use crate::tokens::spec::{AddedToken, Reason};

/// A search for any of some added tokens.
#[derive(Default)]
pub struct Added {
    contents: Vec<String>,
    search: Option<AhoCorasick>,
}

impl Added {
    /// A search for `tokens`; `is_plain` says that the normalizer changes nothing.
    pub fn new(tokens: &[AddedToken], is_plain: bool) -> std::result::Result<Self, Reason> {
        // The reference ignores an empty one.
        let tokens: Vec<&AddedToken> = tokens.iter().filter(|token| !token.content.is_empty()).collect();
        if let Some(token) = tokens.iter().find(|token| token.normalized && !is_plain) {
            return Err(Reason::new(format!("the added token {:?} is looked for in normalized text", token.content)));
        }
        Self::search(tokens.into_iter().map(|token| token.content.clone()).collect())
            .map_err(|e| Reason::new(format!("its added tokens: {e}")))
    }

    /// One search for all that `searches` look for, and for `others`.
    pub fn union<'a>(searches: impl Iterator<Item = &'a Self>, others: impl Iterator<Item = char>) -> Result<Self> {
        let contents = searches.flat_map(|search| search.contents.clone()).chain(others.map(String::from));
        Self::search(contents.collect()).map_err(|e| {
            Error::unsupported(
                format!("the added tokens of all tokenizers together: {e}"),
                "scan with fewer tokenizers",
            )
        })
    }

    fn search(contents: Vec<String>) -> std::result::Result<Self, aho_corasick::BuildError> {
        let search = if contents.is_empty() { None } else { Some(AhoCorasick::new(&contents)?) };
        Ok(Self { contents, search })
    }

    /// Whether `text` holds one.
    pub fn are_in(&self, text: &str) -> bool {
        self.search.as_ref().is_some_and(|search| search.is_match(text))
    }
}
